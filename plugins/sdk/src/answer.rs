//! Small answers of the server, cell by cell.

use crate::bindings::{Connection, Error, ErrorKind, Statement, TableEntry, Value};
use crate::fault::error;

pub fn query(
    connection: &Connection,
    sql: &str,
    params: Vec<Value>,
) -> Result<Vec<Vec<Value>>, Error> {
    connection.query(&Statement {
        sql: sql.to_owned(),
        params,
    })
}

/// Every table, in pages: `behind` answers schema, name and rows of the next ones, in this order, behind the schema and
/// name that are its parameters.
pub fn tables(
    behind: impl Fn(Vec<Value>) -> Result<Vec<Vec<Value>>, Error>,
) -> Result<Vec<TableEntry>, Error> {
    let mut tables: Vec<TableEntry> = Vec::new();
    loop {
        let (schema, name) = match tables.last() {
            Some(last) => (last.schema.clone(), last.name.clone()),
            None => (String::new(), String::new()),
        };
        let rows = behind(vec![Value::Text(schema), Value::Text(name)])?;
        if rows.is_empty() {
            return Ok(tables);
        }
        for row in rows {
            let mut row = Cells::of(row);
            let (schema, name, approx_rows) = (row.text()?, row.text()?, row.int()?);
            tables.push(TableEntry {
                schema,
                name,
                approx_rows,
            });
        }
    }
}

pub fn unexpected() -> Error {
    error(
        ErrorKind::Other,
        "the catalog's answer has an unexpected form",
    )
}

/// The cells of one row of an answer, taken in order.
pub struct Cells(std::vec::IntoIter<Value>);

impl Cells {
    pub fn of(row: Vec<Value>) -> Self {
        Self(row.into_iter())
    }

    /// Of an answer that is one row.
    pub fn only(mut rows: Vec<Vec<Value>>) -> Result<Self, Error> {
        rows.pop().map(Self::of).ok_or_else(unexpected)
    }

    pub fn int(&mut self) -> Result<i64, Error> {
        self.optional_int()?.ok_or_else(unexpected)
    }

    pub fn optional_int(&mut self) -> Result<Option<i64>, Error> {
        match self.0.next() {
            Some(Value::Int(int)) => Ok(Some(int)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    pub fn boolean(&mut self) -> Result<bool, Error> {
        self.optional_boolean()?.ok_or_else(unexpected)
    }

    pub fn optional_boolean(&mut self) -> Result<Option<bool>, Error> {
        match self.0.next() {
            Some(Value::Boolean(boolean)) => Ok(Some(boolean)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    pub fn text(&mut self) -> Result<String, Error> {
        self.optional_text()?.ok_or_else(unexpected)
    }

    pub fn optional_text(&mut self) -> Result<Option<String>, Error> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected()),
        }
    }

    /// Whatever it is.
    pub fn value(&mut self) -> Result<Value, Error> {
        self.0.next().ok_or_else(unexpected)
    }
}
