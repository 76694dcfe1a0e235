//! The source kind `postgres`: a guest that knows PostgreSQL's catalog and dialect, and how to page by a cursor.
//! It never sees an address, a login or a row: it says what to read, the host reads it. See `wit/source.wit`.

mod announce;
mod bindings;
mod boundary;
mod catalog;
mod fault;
mod keyed;
mod keyless;
mod landed;
mod log;
mod nearest;
mod open;
mod position;
mod read;
mod reader;
mod relation;
mod sql;
mod watermark;

use bindings::{ColumnEntry, Connection, Description, Error, Guest, TableEntry};

/// What the component exports.
pub struct Plugin;

impl Guest for Plugin {
    type Reader = reader::TableReader;

    fn describe() -> Description {
        Description {
            kind: "postgres".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connection_kinds: vec!["postgres".to_owned()],
            default_schema: catalog::DEFAULT_SCHEMA.to_owned(),
            capabilities: Vec::new(),
        }
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        log::panics();
        catalog::check(connection)
    }

    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        log::panics();
        catalog::tables(connection)
    }

    fn columns(
        connection: &Connection,
        schema: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        log::panics();
        let relation = catalog::relation(connection, schema.as_deref(), &table)?;
        let columns = relation.columns.iter().enumerate();
        let readable = columns
            .filter(|(_, column)| column.readable)
            .map(|(at, _)| at)
            .collect::<Vec<_>>();
        let described = announce::describe(connection, &relation, &readable)?;
        let entries = described
            .into_iter()
            .zip(readable)
            .map(|(column, at)| ColumnEntry {
                column,
                cursor_candidate: relation.columns[at].operand().is_some(),
                key_position: relation
                    .primary_key
                    .iter()
                    .position(|key| *key == at)
                    .map(|key| key as u32 + 1),
            });
        Ok(entries.collect())
    }
}

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
bindings::export!(Plugin with_types_in bindings);
