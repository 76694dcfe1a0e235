//! Cursors of sources whose cursor column tells every row from every other.

use crate::bindings::{Cursor, Error, Value};
use crate::fault::invalid_cursor;

/// The position of the row with this value.
pub fn at(value: Value) -> Cursor {
    Cursor {
        value,
        tie: Vec::new(),
        landed: None,
        digest: None,
    }
}

/// Whether the row at this position is to be read as well: somebody gave it as the place to start.
pub fn is_start(cursor: &Cursor) -> bool {
    cursor.landed == Some(0)
}

/// The value of a cursor column of texts.
///
/// # Errors
/// `invalid_cursor` for any other value.
pub fn text<'a>(cursor: &'a Cursor, column: &str) -> Result<&'a str, Error> {
    match &cursor.value {
        Value::Text(text) => Ok(text),
        _ => Err(other_kind(column, "a text")),
    }
}

/// The value of a cursor column of whole numbers.
///
/// # Errors
/// `invalid_cursor` for any other value.
pub fn int(cursor: &Cursor, column: &str) -> Result<i64, Error> {
    match &cursor.value {
        Value::Int(int) => Ok(*int),
        _ => Err(other_kind(column, "a whole number")),
    }
}

fn other_kind(column: &str, kind: &str) -> Error {
    let message =
        format!("the cursor does not fit column \"{column}\", whose values are {kind} each");
    invalid_cursor(column, message)
}
