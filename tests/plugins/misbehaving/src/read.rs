//! One read, as good or as bad as the table's name says.

use std::cell::Cell;

use crate::exports::sluice::source::source::{
    Batch, Column, Connection, Cursor, Done, Error, GuestReader, Page, Reader, Request, Step, Value,
};
use crate::faults::{self, MIB, error, huge, huge_error, long};
use crate::sluice::source::database::Statement;
use crate::sluice::source::log;
use crate::sluice::source::types::ErrorKind;
use crate::{batches, handles, hoards, look, marker, rows};

/// One read. Keeps the session handle, which most behaviours never use.
pub struct Read {
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
                tie: vec![Value::Null; 100_000],
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
        let statement = Statement {
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
