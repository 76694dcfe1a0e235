//! One read, and the rule that it breaks.

use std::cell::{Cell, RefCell};

use crate::exports::sluice::source::source::{
    Batch, Column, Connection, Cursor, Done, Error, GuestReader, Page, Reader, Request, Step, Value,
};
use crate::rows::{self, KEY, ROWS};
use crate::sluice::source::database::{RowStream, Statement};
use crate::sluice::source::types::ErrorKind;
use crate::{ask, error};

/// Every name that a table may have: `honest`, and what is done wrong.
const TABLES: &[&str] = &[
    "honest",
    "columns",
    "off-by-one",
    "inclusive",
    "keeps-state",
    "large-page",
    "full-page",
    "lossy",
    "endless",
    "same-cursor",
    "no-cursor",
    "swallow",
    "panic",
    "other-kind",
    "leak-batch",
    "leak-memory",
    "leak-connection",
    "open-statement",
    "continued",
    "missing-column",
    "wrong-cursor",
    "hungry",
];

thread_local! {
    static BATCHES: RefCell<Vec<Batch>> = const { RefCell::new(Vec::new()) };
    static BYTES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
    static CONNECTIONS: RefCell<Vec<Connection>> = const { RefCell::new(Vec::new()) };
    static PAGES: Cell<u32> = const { Cell::new(0) };
}

pub struct Reading {
    // Before the connection that it runs on.
    open: RefCell<Option<RowStream>>,
    connection: RefCell<Option<Connection>>,
    lie: String,
    paced: bool,
    /// The last row that was read.
    position: Cell<i64>,
}

/// `missing-table` is one that does not say so.
pub fn must_exist(table: &str) -> Result<(), Error> {
    match TABLES.contains(&table) {
        true => Ok(()),
        false if crate::lies("no table") => Err(error(ErrorKind::Other, None, "strange")),
        false => Err(error(ErrorKind::NotFound, None, "there is no such table")),
    }
}

impl GuestReader for Reading {
    fn open(connection: Connection, request: Request) -> Result<Reader, Error> {
        must_exist(&request.table)?;
        if request.query.is_some() {
            return Err(error(
                ErrorKind::Unsupported,
                None,
                "there are no queries here",
            ));
        }
        let lie = request.table;
        let mut names = request.columns.iter().chain([&request.cursor_column]);
        if lie != "missing-column" && !names.all(|name| name == KEY || name == "name") {
            return Err(error(ErrorKind::NotFound, None, "there is no such column"));
        }
        let resumed = match request.resume.map(|cursor| cursor.value) {
            None => None,
            Some(Value::Int(id)) => Some(id),
            Some(_) if lie == "wrong-cursor" => None,
            Some(_) => {
                let code = Some("invalid_cursor");
                return Err(error(ErrorKind::InvalidRequest, code, "id is a number"));
            }
        };
        let position = match (resumed, lie.as_str()) {
            (None, _) => 0,
            (Some(id), "off-by-one") => id + 1,
            (Some(id), "inclusive") => id - 1,
            (Some(id), "continued") if request.hints.continued => id - 1,
            (Some(_), "endless") => 0,
            (Some(id), _) => id,
        };
        Ok(Reader::new(Self {
            open: RefCell::default(),
            connection: RefCell::new(Some(connection)),
            lie,
            paced: request.hints.paced,
            position: Cell::new(position),
        }))
    }

    fn columns(&self) -> Vec<Column> {
        rows::columns()
    }

    fn key(&self) -> Vec<u32> {
        vec![0]
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        if let Err(lost) = self.ask() {
            return match self.lie.as_str() {
                "swallow" => Ok(done()),
                "panic" => panic!("{}", lost.message),
                "other-kind" => Err(error(ErrorKind::InvalidRequest, None, &lost.message)),
                _ => Err(lost),
            };
        }
        self.hoard()?;
        let first = self.position.get() + 1;
        let left = ROWS + 1 - first;
        if left <= 0 {
            return Ok(done());
        }
        let count = match self.lie.as_str() {
            "large-page" => left.min(i64::from(max_rows) + 1),
            _ => left.min(i64::from(max_rows)),
        };
        let last = first + count - 1;
        self.position.set(last);
        let dropped = match self.lie.as_str() {
            "full-page" if left == i64::from(max_rows) => Some(last),
            "lossy" if max_rows < 7 => Some(13),
            _ => None,
        };
        let batch = rows::batch((first..=last).filter(|id| Some(*id) != dropped))?;
        let value = match self.lie.as_str() {
            "keeps-state" => Some(last - last % 10),
            "same-cursor" => Some(last - last % 2),
            "no-cursor" => None,
            _ => Some(last),
        };
        let cursor = value.map(|value| Cursor {
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
}

impl Reading {
    fn ask(&self) -> Result<(), Error> {
        let connection = self.connection.borrow();
        let connection = connection.as_ref().expect("until the end");
        if self.lie == "open-statement" && self.paced {
            // One that a dropped predecessor does not block.
            drop(self.open.take());
            let statement = Statement {
                sql: "select generate_series(1, 100000)".into(),
                params: Vec::new(),
            };
            if let Ok(stream) = connection.open(&statement) {
                self.open.replace(Some(stream));
            }
            return Ok(());
        }
        ask(connection, "select 1").map(drop)
    }

    /// What is kept and never needed.
    fn hoard(&self) -> Result<(), Error> {
        PAGES.set(PAGES.get() + 1);
        match self.lie.as_str() {
            "leak-batch" if PAGES.get() % 50 == 0 => {
                let batch = rows::batch(1..2)?;
                BATCHES.with_borrow_mut(|batches| batches.push(batch));
            }
            "leak-memory" => BYTES.with_borrow_mut(|bytes| bytes.push(vec![1; 1_000])),
            "hungry" => BYTES.with_borrow_mut(|bytes| bytes.push(vec![1; 70 << 20])),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if self.lie == "leak-connection" {
            let connection = self.connection.take();
            CONNECTIONS.with_borrow_mut(|connections| connections.extend(connection));
        }
    }
}

fn done() -> Step {
    Step::Done(Done {
        warnings: Vec::new(),
    })
}
