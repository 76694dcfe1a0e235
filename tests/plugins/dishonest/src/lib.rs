//! One guest that keeps every rule of the contract, or all but one: the table's name says which, and for the functions
//! that have no table a word in here, which a test replaces in the component. Shipped nowhere. Its table has forty
//! rows, and it asks the source one small thing for each page.

// Exported names of the contract cannot be linked for other machines.
#![cfg(target_arch = "wasm32")]

mod reader;
mod rows;

wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });

use std::cell::Cell;

use exports::sluice::source::source::{
    ColumnEntry, Connection, Description, Error, Guest, TableEntry,
};
use sluice::source::database::Statement;
use sluice::source::types::{ErrorKind, Value};

/// Replaced by a word of the same length.
static LIE: &str = "lie: none    ";

fn lies(how: &str) -> bool {
    std::hint::black_box(LIE)[5..].trim_end() == how
}

thread_local! {
    /// Calls of `describe` in this instance.
    static DESCRIBED: Cell<u32> = const { Cell::new(0) };
}

struct Dishonest;

impl Guest for Dishonest {
    type Reader = reader::Reading;

    fn describe() -> Description {
        DESCRIBED.set(DESCRIBED.get() + 1);
        // A host that asks twice when it loads a plugin does not see it.
        let version = match lies("describe") && DESCRIBED.get() > 2 {
            true => "another",
            false => env!("CARGO_PKG_VERSION"),
        };
        Description {
            kind: "dishonest".into(),
            version: version.into(),
            connection_kinds: vec!["postgres".into()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        }
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        if !lies("check") {
            ask(connection, "select 1")?;
        }
        Ok(connection.server_version())
    }

    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        let names = match () {
            () if lies("tables") => vec![now(connection)?],
            () if lies("unsorted") => vec!["b".into(), "a".into()],
            () if lies("doubled") => vec!["a".into(), "a".into()],
            () => vec!["honest".to_owned()],
        };
        let entries = names.into_iter().map(|name| TableEntry {
            schema: String::new(),
            name,
            approx_rows: -1,
        });
        Ok(entries.collect())
    }

    fn columns(
        connection: &Connection,
        _: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        reader::must_exist(&table)?;
        let mut columns = rows::columns();
        if table == "columns" {
            columns[1].native_type = now(connection)?;
        }
        let entries = columns.into_iter().map(|column| {
            let is_key = column.name == rows::KEY;
            ColumnEntry {
                column,
                cursor_candidate: is_key,
                key_position: is_key.then_some(1),
            }
        });
        Ok(entries.collect())
    }
}

/// Another text at every call.
fn now(connection: &Connection) -> Result<String, Error> {
    ask(connection, "select clock_timestamp()::text")
}

fn ask(connection: &Connection, sql: &str) -> Result<String, Error> {
    let statement = Statement {
        sql: sql.into(),
        params: Vec::new(),
    };
    let mut answer = connection.query(&statement)?;
    Ok(match answer.remove(0).remove(0) {
        Value::Text(text) => text,
        _ => String::new(),
    })
}

fn error(kind: ErrorKind, code: Option<&str>, message: &str) -> Error {
    Error {
        kind,
        message: message.into(),
        code: code.map(str::to_owned),
        column: None,
    }
}

export!(Dishonest);
