//! The source kind `postgres`: a guest that knows PostgreSQL's catalog and dialect, and up to where a table can be read
//! safely. Paging by a cursor is the SDK's. It never sees an address, a login or a row: it says what to read, the host
//! reads it. See `wit/source.wit`.

mod catalog;
mod column_type;
mod sql;
mod watermark;

use plugin_sdk::bindings::{Connection, Error, Hints, TableEntry, Value};
use plugin_sdk::kind::{Kind, Refusal};
use plugin_sdk::relation::Relation;

use column_type::Type;
use sql::{Operand, Postgres};
use watermark::{Identity, Scope, Watermark};

/// SQLSTATE `undefined_function`: the server finds no ordering operator.
const UNDEFINED_FUNCTION: &str = "42883";
/// Class of SQLSTATE `data_exception`: a parameter's text is not of its type.
const DATA_EXCEPTION: &str = "22";

impl Kind for Postgres {
    type Type = Type;
    type Identity = Identity;
    type Watermark = Watermark;

    const NAME: &'static str = "postgres";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const DEFAULT_SCHEMA: &'static str = "public";
    const ORDERED_TYPES: &'static str = "an integer, a numeric, a date, a time, a timestamp, a text, a uuid or another \
                                         type that has an order";

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

    fn options(_hints: &Hints) -> String {
        String::new()
    }

    /// A statement's parameters are converted before it looks for rows.
    fn conversion(_position: &[&Operand]) -> Option<String> {
        None
    }

    fn refusal(code: &str) -> Option<Refusal> {
        match code {
            UNDEFINED_FUNCTION => Some(Refusal::Unordered),
            code if code.starts_with(DATA_EXCEPTION) => Some(Refusal::Misfit),
            _ => None,
        }
    }

    fn watermark(
        relation: &Relation<Self>,
        cursor: usize,
        exact: bool,
        resumed: Option<Value>,
    ) -> Watermark {
        let column = &relation.columns[cursor];
        let scope = Scope {
            identity: relation.identity,
            origin: column.data_type.origin(),
            item: column.item(),
            exact,
        };
        Watermark::new(scope, resumed)
    }
}

/// What the component exports.
pub type Plugin = plugin_sdk::Plugin<Postgres>;

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
plugin_sdk::bindings::export!(Plugin with_types_in plugin_sdk::bindings);
