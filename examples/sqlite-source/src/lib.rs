//! The source kind `sqlite`: a guest that knows SQLite's catalog, types and dialect. Paging by a cursor is the SDK's, opening
//! the file is the host's. See `wit/source.wit`.

mod catalog;
mod column_type;
mod sql;
mod watermark;

use plugin_sdk::bindings::{Connection, Error, Hints, TableEntry, Value};
use plugin_sdk::kind::{Kind, Refusal};
use plugin_sdk::relation::Relation;

use column_type::Type;
use sql::{MISFIT, Operand, Sqlite};
use watermark::Watermark;

impl Kind for Sqlite {
    type Type = Type;
    /// A watermark asks for nothing of the table.
    type Identity = ();
    type Watermark = Watermark;

    const NAME: &'static str = "sqlite";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULT_SCHEMA: &'static str = "main";
    const ORDERED_TYPES: &'static str =
        "a column that is declared as a number, a text, a date or time of any kind, or a blob";

    fn check(connection: &Connection) -> Result<String, Error> {
        catalog::check(connection)
    }

    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        catalog::tables(connection)
    }

    fn relation(
        connection: &Connection,
        schema: &str,
        table: &str,
    ) -> Result<Relation<Self>, Error> {
        catalog::relation(connection, schema, table)
    }

    fn query_relation(connection: &Connection, text: &str) -> Result<Relation<Self>, Error> {
        catalog::query_relation(connection, text)
    }

    fn options(_: &Hints) -> String {
        String::new()
    }

    fn conversion(position: &[&Operand]) -> Option<String> {
        Some(sql::conversion(position))
    }

    /// Columns without an order are known before SQLite is asked.
    fn refusal(code: &str) -> Option<Refusal> {
        (code == MISFIT).then_some(Refusal::Misfit)
    }

    fn watermark(_: &Relation<Self>, _: usize, _: bool, _: Option<Value>) -> Watermark {
        Watermark
    }
}

/// What the component exports.
pub type Plugin = plugin_sdk::Plugin<Sqlite>;

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
plugin_sdk::bindings::export!(Plugin with_types_in plugin_sdk::bindings);
