//! One read: the lent connection, the table, and where a batch holds what a cursor is made of.
//! Every statement of a reader is sent from here, and every error of one says which table it is about.

use crate::answer::{Cells, query};
use crate::bindings::{Batch, Connection, Cursor, Error, ErrorKind, RowStream, Statement, Value};
use crate::fault::{about, error};
use crate::kind::Kind;
use crate::landed::{self, Landed, Tally};
use crate::position::Position;
use crate::sql::{Bound, Known, Pass, Table};

pub struct Read<K: Kind> {
    pub connection: Connection,
    pub table: Table<K>,
    /// The table or the query as messages name it.
    pub label: String,
    /// No statement stays open between two pages.
    pub paced: bool,
    /// An index serves the order, so that a page costs what it holds.
    pub ordered: bool,
    /// The watermark; none: whatever can be seen is read.
    pub until: Option<Value>,
    /// Of every answer: the cursor column, then what tells equal cursor values apart, as exact texts where there are some.
    pub cells: Vec<u32>,
    /// How many of an answer's columns land. Exact texts follow, and at the end the hash.
    pub width: u32,
}

impl<K: Kind> Read<K> {
    fn statement(&self, position: &Position, bound: Bound) -> Statement {
        let pass = position.pass.unwrap_or(Pass::Values);
        let until = self.until.as_ref().filter(|_| pass == Pass::Values);
        let known = Known {
            behind: position.known.len(),
            until: until.is_some(),
        };
        Statement {
            sql: self.table.page(pass, known, bound),
            params: position.known.iter().chain(until).cloned().collect(),
        }
    }

    pub fn open(&self, position: &Position, bound: Bound) -> Result<RowStream, Error> {
        let Statement { sql, params } = self.statement(position, bound);
        self.open_statement(sql, params)
    }

    pub fn fetch(&self, position: &Position, bound: Bound) -> Result<Batch, Error> {
        let Statement { sql, params } = self.statement(position, bound);
        self.fetch_statement(sql, params)
    }

    pub fn pull(&self, stream: &RowStream, max_rows: u32) -> Result<Option<Batch>, Error> {
        stream
            .next(max_rows)
            .map_err(|error| about(&self.label, error))
    }

    /// A statement that is no page.
    pub fn open_statement(&self, sql: String, params: Vec<Value>) -> Result<RowStream, Error> {
        let stream = self.connection.open(&Statement { sql, params });
        stream.map_err(|error| about(&self.label, error))
    }

    pub fn fetch_statement(&self, sql: String, params: Vec<Value>) -> Result<Batch, Error> {
        let batch = self.connection.fetch(&Statement { sql, params }, 0);
        batch.map_err(|error| about(&self.label, error))
    }

    /// The only value of an answer; none without a row.
    pub fn ask(&self, sql: &str, params: Vec<Value>) -> Result<Option<Value>, Error> {
        let rows = query(&self.connection, sql, params);
        let rows = rows.map_err(|error| about(&self.label, error))?;
        Ok(rows.into_iter().flatten().next())
    }

    /// The rows that have this cursor value, at or before the place that `tie` names if it does.
    pub fn group(&self, value: &Value, tie: &[Value]) -> Result<Tally, Error> {
        let sql = self.table.count_group(tie.len());
        let params = std::iter::once(value).chain(tie).cloned();
        let answer = query(&self.connection, &sql, params.collect());
        let mut row = Cells::only(answer.map_err(|error| about(&self.label, error))?)?;
        let rows = row.int()?.unsigned_abs();
        let digest = match self.table.hash {
            Some(_) => row.optional_text()?,
            None => None,
        };
        let digest = digest.map(|digest| digest.parse().map_err(|_| self.no_hash()));
        Ok(Tally {
            rows,
            digest: digest.transpose()?,
        })
    }

    /// The rows of a batch from `start` on.
    pub fn tally(&self, batch: &Batch, start: u32) -> Result<Tally, Error> {
        let rows = batch.len() - start;
        let mut tally = Tally {
            rows: rows.into(),
            digest: None,
        };
        if self.table.hash.is_some() {
            let last = self.table.items.len() as u32 - 1;
            let hashes = batch.slice(start, rows)?.column(last)?;
            tally.digest = Some(landed::digest(&hashes).ok_or_else(|| self.no_hash())?);
        }
        Ok(tally)
    }

    fn no_hash(&self) -> Error {
        let fault = error(
            ErrorKind::Other,
            "a hash of the key is not the whole number that it should be",
        );
        about(&self.label, fault)
    }

    pub fn count(&self, sql: &str, params: Vec<Value>) -> Result<u64, Error> {
        match self.ask(sql, params)? {
            Some(Value::Int(rows)) => Ok(rows.unsigned_abs()),
            _ => Err(error(ErrorKind::Other, "a count has an unexpected form")),
        }
    }

    /// Counts rows on their way out.
    pub fn note(&self, landed: &mut Landed, batch: &Batch) -> Result<(), Error> {
        landed.count(
            batch.len(),
            |row| self.value(batch, row),
            |start| self.tally(batch, start),
        )
    }

    /// The position of a row, which says nothing of what was read.
    pub fn cursor(&self, batch: &Batch, row: u32) -> Result<Cursor, Error> {
        let mut cells = batch.values(row, &self.cells)?.into_iter();
        let value = cells.next().ok_or_else(no_cell)?;
        Ok(Cursor {
            value,
            tie: cells.collect(),
            landed: None,
            digest: None,
        })
    }

    /// What lands of an answer.
    pub fn landing(&self, batch: Batch) -> Result<Batch, Error> {
        if self.table.items.len() == self.width as usize {
            return Ok(batch);
        }
        batch.project(&(0..self.width).collect::<Vec<_>>())
    }

    /// The cursor column's value of a row.
    pub fn value(&self, batch: &Batch, row: u32) -> Result<Value, Error> {
        let cells = batch.values(row, &self.cells[..1])?;
        cells.into_iter().next().ok_or_else(no_cell)
    }

    /// How many rows have no cursor value.
    pub fn count_nulls(&self) -> Result<u64, Error> {
        self.count(&self.table.count_nulls(), vec![])
    }
}

fn no_cell() -> Error {
    error(ErrorKind::Other, "a batch does not hold the cursor column")
}
