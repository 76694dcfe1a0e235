//! The source kind `sql_server`: a guest that knows SQL Server's catalog, types and T-SQL, and what a read of it may miss.
//! Paging by a cursor is the SDK's. It never sees an address, a login or a row: it says what to read, the host reads it.
//! See `wit/source.wit`.

mod catalog;
mod column_type;
mod sql;
mod watermark;

use plugin_sdk::bindings::{Connection, Error, Hints, TableEntry, Value};
use plugin_sdk::kind::{Kind, Refusal};
use plugin_sdk::relation::Relation;

use column_type::Type;
use sql::{Operand, SqlServer};
use watermark::Watermark;

/// The server's numbers for a text that is no value of its type, or of none that the type can hold.
const CONVERSION: [&str; 16] = [
    "220", "235", "241", "242", "244", "245", "248", "293", "295", "296", "517", "529", "8114",
    "8115", "8169", "9807",
];

impl Kind for SqlServer {
    type Type = Type;
    /// A watermark asks for nothing of the table.
    type Identity = ();
    type Watermark = Watermark;

    const NAME: &'static str = "sql_server";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULT_SCHEMA: &'static str = "dbo";
    const ORDERED_TYPES: &'static str = "a number, a date or time of any kind, a rowversion, a uniqueidentifier, or a text \
                                         or bytes with a length";

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

    fn options(hints: &Hints) -> String {
        sql::options(hints.max_dop)
    }

    fn conversion(position: &[&Operand]) -> Option<String> {
        Some(sql::parameters(position))
    }

    /// Types without an order are known before the server is asked.
    fn refusal(code: &str) -> Option<Refusal> {
        CONVERSION.contains(&code).then_some(Refusal::Misfit)
    }

    fn watermark(
        relation: &Relation<Self>,
        cursor: usize,
        _exact: bool,
        _resumed: Option<Value>,
    ) -> Watermark {
        Watermark::new(relation.columns[cursor].data_type.is_rowversion())
    }
}

/// What the component exports.
pub type Plugin = plugin_sdk::Plugin<SqlServer>;

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
plugin_sdk::bindings::export!(Plugin with_types_in plugin_sdk::bindings);
