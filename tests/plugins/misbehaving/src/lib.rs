//! One guest that breaks each rule of the contract on request: the table's name says which. `good` and `good-rows`
//! break none; they read five hundred rows without a database. Never shipped.

// Exported names of the contract cannot be linked for other machines.
#![cfg(target_arch = "wasm32")]

mod batches;
mod rows;

wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });

use std::cell::Cell;

use exports::sluice::source::source::{
    Batch, Column, ColumnEntry, Connection, Cursor, Description, Done, Error, Guest, GuestReader,
    Page, Reader, Request, Step, TableEntry, Value,
};
use sluice::source::log;
use sluice::source::types::ErrorKind;

struct Misbehaving;

impl Guest for Misbehaving {
    type Reader = Read;

    fn describe() -> Description {
        Description {
            kind: "misbehaving".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            connection_kinds: vec!["postgres".into()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        }
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        Ok(format!(
            "{} {}",
            connection.kind(),
            connection.server_version()
        ))
    }

    fn tables(_: &Connection) -> Result<Vec<TableEntry>, Error> {
        Ok(vec![TableEntry {
            schema: String::new(),
            name: "good".into(),
            approx_rows: -1,
        }])
    }

    fn columns(_: &Connection, _: Option<String>, _: String) -> Result<Vec<ColumnEntry>, Error> {
        let entries = rows::columns().into_iter().map(|column| ColumnEntry {
            cursor_candidate: column.name == rows::CURSOR_COLUMN,
            key_position: None,
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
        match request.table.as_str() {
            "spin-in-open" => spin(),
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
        match self.behaviour.as_str() {
            "no-columns" => Vec::new(),
            "long-name" => vec![Column {
                name: "x".repeat(100_000),
                ..rows::columns().remove(0)
            }],
            "same-names" => [rows::columns(), rows::columns()].concat(),
            _ => rows::columns(),
        }
    }

    fn key(&self) -> Vec<u32> {
        match self.behaviour.as_str() {
            "key-out-of-range" => vec![u32::MAX],
            _ => vec![0],
        }
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        self.calls.set(self.calls.get() + 1);
        match self.behaviour.as_str() {
            "good" => self.good_page(max_rows, rows::by_columns),
            "good-rows" => self.good_page(max_rows, rows::by_rows),
            "trap" => panic!("asked to"),
            "spin" => spin(),
            "allocate" => allocate(),
            "recurse" => Ok(wait(recurse(u64::from(max_rows)) as u32)),
            "wrong-columns" => self.page(rows::other_columns(), Some(1)),
            "fewer-columns" => self.page(rows::fewer_columns(), Some(1)),
            "cursor-back" => self.page(
                rows::by_columns(1, 1)?,
                Some(10 - i64::from(self.calls.get())),
            ),
            "too-many-rows" => self.page(rows::by_columns(1, max_rows + 1)?, Some(1)),
            "out-of-range" => self.out_of_range(),
            "leak-handles" => leak_handles(),
            "leak-bytes" => leak_bytes(),
            "log-flood" => self.log_flood(max_rows),
            "huge-cursor" => {
                let cursor = Cursor {
                    value: Value::Text("x".repeat(70_000)),
                    tie: Vec::new(),
                    landed: None,
                    digest: None,
                };
                Ok(Step::Rows(Page {
                    batch: rows::by_columns(1, 1)?,
                    cursor: Some(cursor),
                    boundary: false,
                }))
            }
            "huge-answer" => Ok(Step::Done(Done {
                warnings: vec!["x".repeat(1 << 20); 40],
            })),
            "many-warnings" => Ok(Step::Done(Done {
                warnings: vec!["x".repeat(100_000); 200],
            })),
            "error-kind" => Err(error(ErrorKind::Unavailable, &"\u{1b}[2J".repeat(10_000))),
            "session" => self.ask_session(),
            "endless-empty" => self.page(rows::by_columns(1, 0)?, Some(1)),
            "wait-forever" => Ok(wait(u32::MAX)),
            bad => batches::bad(bad).and_then(|batch| self.page(batch, None)),
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
        let cursor = cursor.map(|value| Cursor {
            value: Value::Int(value),
            tie: Vec::new(),
            landed: None,
            digest: None,
        });
        Ok(Step::Rows(Page {
            batch,
            cursor,
            boundary: false,
        }))
    }

    /// Every index is wrong; every answer has to be an error value.
    fn out_of_range(&self) -> Result<Step, Error> {
        let batch = rows::by_columns(1, 3)?;
        let columns = batch.columns().len() as u32;
        let answers = [
            batch.values(3, &[0]).is_err(),
            batch.values(u32::MAX, &[]).is_err(),
            batch.values(0, &[columns]).is_err(),
            batch.values(0, &[0; 5_000]).is_err(),
            batch.column(columns).is_err(),
            batch.column(u32::MAX).is_err(),
            batch.slice(0, 4).is_err(),
            batch.slice(u32::MAX, u32::MAX).is_err(),
            batch.slice(3, 0).is_ok_and(|empty| empty.len() == 0),
            batch.slice(1, 2).is_ok_and(|rest| rest.len() == 2),
        ];
        Ok(Step::Done(Done {
            warnings: vec![format!("{answers:?}")],
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

fn wait(millis: u32) -> Step {
    Step::Wait((millis, "because".into()))
}

fn spin() -> ! {
    let mut turns: u64 = 0;
    loop {
        turns = std::hint::black_box(turns.wrapping_add(1));
    }
}

fn allocate() -> Result<Step, Error> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&hoard);
    }
}

/// Deep enough for any stack; the compiler must not see that it ends nowhere.
fn recurse(depth: u64) -> u64 {
    if std::hint::black_box(depth) == u64::MAX {
        return depth;
    }
    let below = [depth; 32];
    recurse(depth + 1) + std::hint::black_box(below)[(depth % 32) as usize]
}

/// Says how many handles it got and with which error it ended.
fn leak_handles() -> Result<Step, Error> {
    let mut hoard = Vec::new();
    loop {
        match rows::by_columns(1, 1) {
            Ok(batch) => hoard.push(batch),
            Err(error) => {
                return Ok(Step::Done(Done {
                    warnings: vec![format!("{:?} {}", error.kind, hoard.len())],
                }));
            }
        }
    }
}

/// The same with bytes: each batch has about four million.
fn leak_bytes() -> Result<Step, Error> {
    let mut hoard = Vec::new();
    loop {
        match batches::of_bytes(4_000_000) {
            Ok(batch) => hoard.push(batch),
            Err(error) => {
                return Ok(Step::Done(Done {
                    warnings: vec![format!("{:?} {}", error.kind, hoard.len())],
                }));
            }
        }
    }
}

fn error(kind: ErrorKind, message: &str) -> Error {
    Error {
        kind,
        message: message.into(),
        code: None,
        column: None,
    }
}

export!(Misbehaving);
