//! A source plugin: the lines of `*.txt` and `*.log` files in a folder that the host lends. Each file is a table.
//!
//! The host calls these functions. It never hands over an address or a password: `connection` is all there is to speak
//! through, here to a folder, in other plugins to a database. Errors are values: pass the host's on with `?`, and the job
//! is tried again where that can help. Never sleep, never retry, never keep what a new instance would not find by itself.

mod lines;
mod reader;

use plugin_sdk::prelude::*;

/// Where a line begins in its file: the column that orders the rows, and tells them apart.
const OFFSET: &str = "offset";
const LINE: &str = "line";

pub struct Plugin;

impl Guest for Plugin {
    type Reader = reader::Lines;

    /// What this plugin is. It may depend on nothing: the host calls it before there is a connection.
    fn describe() -> Description {
        Description {
            // What a job names as `source.kind`.
            kind: env!("CARGO_PKG_NAME").replace('-', "_"),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            // `files` is a folder; `postgres`, `sql_server` and others answer statements.
            connection_kinds: vec!["files".to_owned()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        }
    }

    /// Whether the connection works. It has to ask the source: without a question nobody knows.
    fn check(connection: &Connection) -> Result<String, Error> {
        log_panics();
        let files = connection.files()?.list()?;
        Ok(format!("a folder of {} files", files.len()))
    }

    /// What can be read, in an order that is always the same: the host lists files by their paths.
    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        log_panics();
        let files = connection.files()?.list()?;
        let texts = files.into_iter().filter(|file| is_text(&file.path));
        let entries = texts.map(|file| TableEntry {
            schema: String::new(),
            name: file.path,
            // Nobody has counted the lines.
            approx_rows: -1,
        });
        Ok(entries.collect())
    }

    /// The columns of a table. All of ours have the same, but the table has to be there.
    fn columns(
        connection: &Connection,
        _schema: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        log_panics();
        open(connection, &table)?;
        let entries = columns().into_iter().map(|column| {
            let is_offset = column.name == OFFSET;
            ColumnEntry {
                column,
                cursor_candidate: is_offset,
                key_position: is_offset.then_some(1),
            }
        });
        Ok(entries.collect())
    }
}

fn columns() -> Vec<Column> {
    let column = |name: &str, data_type| Column {
        name: name.to_owned(),
        data_type,
        nullable: false,
        native_type: String::new(),
    };
    vec![
        column(OFFSET, DataType::Int64),
        column(LINE, DataType::Text),
    ]
}

/// The file of a table. A name that the folder does not have is an error of the kind `not-found`, and so is one that
/// `tables` would not list.
fn open(connection: &Connection, table: &str) -> Result<File, Error> {
    if !is_text(table) {
        let message = format!(
            "there is no table \"{table}\": tables are the *.txt and *.log files of the folder"
        );
        return Err(error(ErrorKind::NotFound, message));
    }
    connection.files()?.open(table)
}

fn is_text(path: &str) -> bool {
    path.ends_with(".txt") || path.ends_with(".log")
}

// The exports' names hold colons, which a native linker refuses; natively only the unit tests run.
#[cfg(target_arch = "wasm32")]
plugin_sdk::bindings::export!(Plugin with_types_in plugin_sdk::bindings);
