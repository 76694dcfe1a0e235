//! One guest that breaks each rule of the contract on request. The table's name says which rule; for functions that are
//! given no table, and for `describe`, the tests write it into the compiled file (`marker`). `good` and `good-rows`
//! break none; they read five hundred rows without a database. Never shipped.

// Exported names of the contract cannot be linked for other machines.
#![cfg(target_arch = "wasm32")]

mod batches;
mod faults;
mod handles;
mod hoards;
mod look;
mod marker;
mod read;
mod rows;

wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });

use std::cell::Cell;

use exports::sluice::source::source::{
    ColumnEntry, Connection, Description, Error, Guest, TableEntry,
};
use faults::{MIB, huge, huge_error, long};
use read::Read;
use sluice::source::log;

thread_local! {
    static DESCRIBED: Cell<u32> = const { Cell::new(0) };
}

struct Misbehaving;

impl Guest for Misbehaving {
    type Reader = Read;

    fn describe() -> Description {
        let wish = marker::wish();
        let fault = faults::of("describe", &wish);
        faults::commit(fault);
        let times = DESCRIBED.replace(DESCRIBED.get() + 1);
        let mut description = Description {
            kind: marker::kind(),
            version: marker::version(),
            connection_kinds: vec!["postgres".into()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        };
        match fault {
            "huge" => description.capabilities = huge(),
            "many" => description.connection_kinds = vec![String::new(); 100_000],
            "long" => description.kind = long(10 * MIB),
            "long-version" => description.version = long(10 * MIB),
            "long-schema" => description.default_schema = long(10 * MIB),
            "control" => description.kind = "a\n\u{1b}[31mb".into(),
            "empty" => description.kind = String::new(),
            "no-version" => description.version = String::new(),
            "changes" => description.kind = format!("kind_{times}"),
            "log" => {
                for line in 0..100_000 {
                    log::write(log::Level::Error, &format!("line {line}\n"), &[]);
                }
            }
            _ => {}
        }
        description
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        let wish = marker::wish();
        let fault = faults::of("check", &wish);
        faults::commit(fault);
        match fault {
            "huge" => Ok(long(40 * MIB)),
            "long" => Ok("\u{1b}\n".repeat(MIB)),
            "error" => Err(huge_error()),
            _ => Ok(format!(
                "{} {}",
                connection.kind(),
                connection.server_version()
            )),
        }
    }

    fn tables(_: &Connection) -> Result<Vec<TableEntry>, Error> {
        let named = |name: String| TableEntry {
            schema: String::new(),
            name,
            approx_rows: -1,
        };
        let wish = marker::wish();
        let fault = faults::of("tables", &wish);
        faults::commit(fault);
        Ok(match fault {
            "huge" => huge().into_iter().map(named).collect(),
            "many" => (0..100_001).map(|n| named(n.to_string())).collect(),
            "long" => vec![named(long(10 * MIB))],
            "long-schema" => vec![TableEntry {
                schema: long(10 * MIB),
                ..named("t".into())
            }],
            "nul" => vec![named("a\0b".into())],
            "empty" => vec![named(String::new())],
            "error" => return Err(huge_error()),
            _ => vec![named("good".into())],
        })
    }

    fn columns(
        _: &Connection,
        _: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        let fault = faults::of("columns", &table);
        faults::commit(fault);
        if fault == "error" {
            return Err(huge_error());
        }
        let entries = faults::columns(fault)
            .into_iter()
            .map(|column| ColumnEntry {
                cursor_candidate: column.name == rows::CURSOR_COLUMN,
                key_position: if fault == "position" {
                    Some(u32::MAX)
                } else {
                    None
                },
                column,
            });
        Ok(entries.collect())
    }
}

export!(Misbehaving);
