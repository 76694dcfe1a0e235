//! One read: the lent connection, the table, and where a batch holds what a cursor is made of.
//! Every statement of a reader is sent from here, and every error of one says which table it is about.

use crate::bindings::{Batch, Connection, Cursor, Error, ErrorKind, RowStream, Statement, Value};
use crate::catalog::{Cells, query};
use crate::fault::{about, error};
use crate::position::Position;
use crate::sql::{Bound, Pass, Table};

pub struct Read {
    pub connection: Connection,
    pub table: Table,
    /// The table as messages name it.
    pub label: String,
    /// No statement stays open between two pages.
    pub paced: bool,
    /// Of every batch: the cursor column, then what tells equal cursor values apart.
    pub cells: Vec<u32>,
}

impl Read {
    fn statement(&self, position: &Position, bound: Bound) -> Statement {
        let pass = position.pass.unwrap_or(Pass::Values);
        let sql = self.table.page(pass, position.known.len(), bound);
        Statement {
            sql,
            params: position.known.clone(),
        }
    }

    pub fn open(&self, position: &Position, bound: Bound) -> Result<RowStream, Error> {
        let stream = self.connection.open(&self.statement(position, bound));
        stream.map_err(|error| about(&self.label, error))
    }

    pub fn fetch(&self, position: &Position, bound: Bound) -> Result<Batch, Error> {
        let batch = self.connection.fetch(&self.statement(position, bound), 0);
        batch.map_err(|error| about(&self.label, error))
    }

    pub fn pull(&self, stream: &RowStream, max_rows: u32) -> Result<Option<Batch>, Error> {
        stream
            .next(max_rows)
            .map_err(|error| about(&self.label, error))
    }

    /// The position of a row.
    pub fn cursor(&self, batch: &Batch, row: u32) -> Result<Cursor, Error> {
        let mut cells = batch.values(row, &self.cells)?.into_iter();
        let value = cells.next().ok_or_else(no_cell)?;
        Ok(Cursor {
            value,
            tie: cells.collect(),
            landed: None,
        })
    }

    /// The cursor column's value of a row.
    pub fn value(&self, batch: &Batch, row: u32) -> Result<Value, Error> {
        let cells = batch.values(row, &self.cells[..1])?;
        cells.into_iter().next().ok_or_else(no_cell)
    }

    /// How many rows have no cursor value.
    pub fn count_nulls(&self) -> Result<i64, Error> {
        Cells::only(query(&self.connection, &self.table.count_nulls(), vec![])?)?.int()
    }
}

fn no_cell() -> Error {
    error(ErrorKind::Other, "a batch does not hold the cursor column")
}
