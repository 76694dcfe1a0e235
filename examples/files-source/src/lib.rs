//! Tables of CSV and NDJSON files in a folder that the host lends. What is appended to a file, and files that come, arrive
//! once: the cursor says how far each file was read.
//!
//! The way of a read: `table` finds the files, `resume` how far they were read, `schema` their columns; `reader`
//! answers pages of what `records` splits, and `progress` is what a cursor keeps.

mod csv;
mod declared;
mod json;
mod place;
mod progress;
mod reader;
mod records;
mod resume;
mod schema;
mod table;
mod value_type;

use plugin_sdk::prelude::*;

use progress::{POSITION, Progress};
use records::LastLine;
use schema::Schema;
use table::Table;

/// What the component exports.
pub struct Plugin;

impl Guest for Plugin {
    type Reader = reader::FilesReader;

    fn describe() -> Description {
        Description {
            kind: "files".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            connection_kinds: vec!["files".to_owned()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        }
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        log_panics();
        let files = connection.files()?.list()?;
        let tables = table::names(&files).len();
        Ok(format!(
            "a folder of {} files, {tables} tables",
            files.len()
        ))
    }

    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        log_panics();
        let files = connection.files()?.list()?;
        let entries = table::names(&files).into_iter().map(|name| TableEntry {
            schema: String::new(),
            name: name.to_owned(),
            approx_rows: -1,
        });
        Ok(entries.collect())
    }

    fn columns(
        connection: &Connection,
        schema: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        log_panics();
        let folder = connection.files()?;
        let table = Table::find(&folder.list()?, schema.as_deref(), &table)?;
        let schema = Schema::find(&folder, &table, &Progress::default(), LastLine::IsWhole)?;
        let entries = schema.columns().into_iter().map(|column| {
            let is_position = column.name == POSITION;
            ColumnEntry {
                cursor_candidate: is_position,
                key_position: is_position.then_some(1),
                column,
            }
        });
        Ok(entries.collect())
    }
}

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
plugin_sdk::bindings::export!(Plugin with_types_in plugin_sdk::bindings);
