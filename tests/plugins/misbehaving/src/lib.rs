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
mod rows;

wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });

use std::cell::Cell;

use exports::sluice::source::source::{
    Batch, Column, ColumnEntry, Connection, Cursor, Description, Done, Error, Guest, GuestReader,
    Page, Reader, Request, Step, TableEntry, Value,
};
use faults::{MIB, error, huge, huge_error, long};
use sluice::source::log;
use sluice::source::types::ErrorKind;

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

/// One read. Keeps the session handle, which most behaviours never use.
struct Read {
    session: Connection,
    behaviour: String,
    /// The last row that was read.
    position: Cell<i64>,
    calls: Cell<u32>,
}

impl GuestReader for Read {
    fn open(session: Connection, request: Request) -> Result<Reader, Error> {
        let position = match request.resume {
            Some(Cursor {
                value: Value::Int(value),
                ..
            }) => value,
            _ => 0,
        };
        let fault = faults::of("open", &request.table);
        faults::commit(fault);
        match request.table.as_str() {
            "spin-in-open" => faults::spin(),
            "open:error" => return Err(huge_error()),
            "error" => {
                return Err(error(
                    ErrorKind::NotFound,
                    "no table of that name\nsecond line",
                ));
            }
            _ => {}
        }
        Ok(Reader::new(Read {
            session,
            behaviour: request.table,
            position: Cell::new(position),
            calls: Cell::new(0),
        }))
    }

    fn columns(&self) -> Vec<Column> {
        let fault = faults::of("announce", &self.behaviour);
        faults::commit(fault);
        match self.behaviour.as_str() {
            "no-columns" => Vec::new(),
            "long-name" => faults::columns("long"),
            "same-names" => faults::columns("twice"),
            _ => faults::columns(fault),
        }
    }

    fn key(&self) -> Vec<u32> {
        let fault = faults::of("key", &self.behaviour);
        faults::commit(fault);
        match fault {
            "range" => vec![u32::MAX],
            "many" => vec![0; 65],
            "huge" => vec![0; 10 * MIB],
            "twice" => vec![0, 0],
            _ => vec![0],
        }
    }

    fn warnings(&self) -> Vec<String> {
        let fault = faults::of("warnings", &self.behaviour);
        faults::commit(fault);
        match fault {
            "huge" => huge(),
            "many" => vec!["\n".repeat(10_000); 200],
            _ => Vec::new(),
        }
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        self.calls.set(self.calls.get() + 1);
        match self.behaviour.as_str() {
            "good" => self.good_page(max_rows, rows::by_columns),
            "good-rows" => self.good_page(max_rows, rows::by_rows),
            "good-signed" => self.good_page(max_rows, rows::by_columns).map(signed),
            "trap" => panic!("asked to"),
            "spin" => faults::spin(),
            "allocate" => faults::allocate(),
            "recurse" => Ok(wait(faults::recurse(u64::from(max_rows)) as u32)),
            "wrong-columns" => self.page(rows::other_columns(), Some(1)),
            "fewer-columns" => self.page(rows::fewer_columns(), Some(1)),
            "cursor-back" => self.page(
                rows::by_columns(1, 1)?,
                Some(10 - i64::from(self.calls.get())),
            ),
            "too-many-rows" => self.page(rows::by_columns(1, max_rows + 1)?, Some(1)),
            "out-of-range" => handles::out_of_range(),
            "many-indices" => handles::many_indices(),
            "huge-statements" => handles::huge_statements(&self.session),
            "unknown-handle" => self.page(handles::unknown(), Some(1)),
            "handle-of-a-connection" => self.page(handles::of_a_connection(&self.session), Some(1)),
            "dropped-handle" => self.page(handles::dropped()?, Some(1)),
            "leak-handles" => hoards::handles(),
            "leak-bytes" => hoards::bytes(),
            "leak-slices" => hoards::slices(),
            "leak-projections" => hoards::projections(),
            "log-flood" => self.log_flood(max_rows),
            "huge-cursor" => self.page_at(Cursor {
                value: Value::Text(long(70_000)),
                ..at(1)
            }),
            "huge-digest" => self.page_at(Cursor {
                digest: Some(long(10 * MIB)),
                ..at(1)
            }),
            "many-ties" => self.page_at(Cursor {
                tie: vec![Value::Null; 1_000_000],
                ..at(1)
            }),
            "huge-error" => Err(huge_error()),
            "huge-reason" => Ok(Step::Wait((1, "\n".repeat(10 * MIB)))),
            "huge-answer" => Ok(Step::Done(Done { warnings: huge() })),
            "many-warnings" => Ok(Step::Done(Done {
                warnings: vec!["x".repeat(100_000); 200],
            })),
            "error-kind" => Err(error(ErrorKind::Unavailable, &"\u{1b}[2J".repeat(10_000))),
            "session" => self.ask_session(),
            "endless-empty" => self.page(rows::by_columns(1, 0)?, Some(1)),
            "wait-forever" => Ok(wait(u32::MAX)),
            other => match other.strip_prefix("look:") {
                Some(pieces) => look::for_pieces(&self.session, pieces),
                None => batches::bad(other).and_then(|batch| self.page(batch, None)),
            },
        }
    }
}

impl Read {
    /// Reads as the contract says: at most `max_rows`, a cursor after every page, done after the last.
    fn good_page(
        &self,
        max_rows: u32,
        build: fn(i64, u32) -> Result<Batch, Error>,
    ) -> Result<Step, Error> {
        let first = self.position.get() + 1;
        let left = u32::try_from(rows::ROWS + 1 - first).unwrap_or(0);
        if left == 0 {
            return Ok(Step::Done(Done {
                warnings: vec!["all read".into()],
            }));
        }
        let count = left.min(max_rows);
        self.position.set(first + i64::from(count) - 1);
        self.page(build(first, count)?, Some(self.position.get()))
    }

    fn page(&self, batch: Batch, cursor: Option<i64>) -> Result<Step, Error> {
        Ok(Step::Rows(Page {
            batch,
            cursor: cursor.map(at),
            boundary: false,
        }))
    }

    fn page_at(&self, cursor: Cursor) -> Result<Step, Error> {
        Ok(Step::Rows(Page {
            batch: rows::by_columns(1, 1)?,
            cursor: Some(cursor),
            boundary: false,
        }))
    }

    fn log_flood(&self, lines: u32) -> Result<Step, Error> {
        for _ in 0..lines {
            log::write(
                log::Level::Info,
                &"flood\n".repeat(10_000),
                &[("a\nb".into(), "c".repeat(100_000))],
            );
        }
        Ok(Step::Done(Done {
            warnings: Vec::new(),
        }))
    }

    /// The only one that speaks to the database.
    fn ask_session(&self) -> Result<Step, Error> {
        let statement = sluice::source::database::Statement {
            sql: "select 1".into(),
            params: Vec::new(),
        };
        let answer = self.session.query(&statement)?;
        Ok(Step::Done(Done {
            warnings: vec![answer.len().to_string()],
        }))
    }
}

fn at(row: i64) -> Cursor {
    Cursor {
        value: Value::Int(row),
        tie: Vec::new(),
        landed: None,
        digest: None,
    }
}

/// Says at the end which version read.
fn signed(step: Step) -> Step {
    match step {
        Step::Done(_) => Step::Done(Done {
            warnings: vec![format!("all read by {}", marker::version())],
        }),
        other => other,
    }
}

fn wait(millis: u32) -> Step {
    Step::Wait((millis, "because".into()))
}

export!(Misbehaving);
