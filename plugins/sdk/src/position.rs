//! Where a read stands: which pass, and behind which row. Pure.
//! A read goes through the rows without a cursor value first, then through the others in order.

use crate::bindings::{Cursor, DataType, Value};
use crate::landed::Landed;
use crate::sql::Pass;

#[derive(Debug, Clone)]
pub struct Position {
    /// None: every row was read.
    pub pass: Option<Pass>,
    /// The parameters that describe the row behind which the pass goes on; empty: its beginning.
    pub known: Vec<Value>,
    /// Rows of the last value that were read up to here.
    pub landed: Landed,
    /// There is nothing to read in [`Pass::Values`].
    no_values: bool,
}

impl Position {
    pub fn beginning(nullable: bool) -> Self {
        let pass = if nullable { Pass::Nulls } else { Pass::Values };
        Self {
            pass: Some(pass),
            known: Vec::new(),
            landed: Landed::default(),
            no_values: false,
        }
    }

    /// Behind a cursor that an earlier read gave. `tie` is the number of values that tell equal cursor
    /// values apart now; none if the cursor was made with another key.
    pub fn behind(cursor: &Cursor, tie: usize) -> Option<Self> {
        let fits = cursor.tie.is_empty() || cursor.tie.len() == tie;
        if !fits || cursor.tie.iter().any(|value| matches!(value, Value::Null)) {
            return None;
        }
        let mut position = Self {
            pass: Some(Pass::Values),
            known: Vec::new(),
            landed: Landed::of(cursor),
            no_values: false,
        };
        position.move_to(cursor);
        Some(position)
    }

    /// Goes on behind the row of this cursor.
    pub fn move_to(&mut self, cursor: &Cursor) {
        let is_null = matches!(cursor.value, Value::Null);
        // A null without a key is the end of its pass: nothing inside of it can be named.
        let pass = if is_null && !cursor.tie.is_empty() {
            Pass::Nulls
        } else {
            Pass::Values
        };
        self.pass = Some(pass);
        let value = (!is_null).then_some(&cursor.value);
        self.known = value.into_iter().chain(&cursor.tie).cloned().collect();
    }

    pub fn end_pass(&mut self) {
        let goes_on = self.pass == Some(Pass::Nulls) && !self.no_values;
        self.pass = goes_on.then_some(Pass::Values);
        self.known.clear();
    }

    /// Nothing with a cursor value is to be read.
    pub fn leave_out_values(&mut self) {
        self.no_values = true;
        if self.pass == Some(Pass::Values) {
            self.pass = None;
        }
    }
}

/// Whether a resumed read leaves out the rows without a cursor value.
pub fn skips_nulls(cursor: &Cursor) -> bool {
    !matches!(cursor.value, Value::Null) || cursor.tie.is_empty()
}

/// Whether a cursor value is of a kind that this column's values have. The server decides about its text:
/// this only refuses what the server would silently read as something else.
pub fn fits(value: &Value, column: &DataType) -> bool {
    use DataType as D;
    match value {
        Value::Null | Value::Text(_) | Value::Native(_) => true,
        Value::Int(_) => !matches!(
            column,
            D::Text | D::Bytes | D::Date | D::Timestamp | D::Timestamptz
        ),
        Value::Decimal(_) | Value::Float(_) => matches!(
            column,
            D::Int16 | D::Int32 | D::Int64 | D::Float32 | D::Float64 | D::Decimal(_) | D::Native(_)
        ),
        Value::Boolean(_) => matches!(column, D::Boolean),
        Value::Bytes(_) => matches!(column, D::Bytes),
        Value::Date(_) => matches!(column, D::Date | D::Timestamp),
        Value::Time(_) => matches!(column, D::Time | D::Native(_)),
        Value::Timestamp(_) => matches!(column, D::Timestamp),
        Value::Timestamptz(_) => matches!(column, D::Timestamptz),
        Value::Uuid(_) => matches!(column, D::Uuid),
    }
}

/// Whether two values of one column are equal. Only for types whose equality is that of their text.
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Boolean(a), Value::Boolean(b)) => a == b,
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b || a.is_nan() && b.is_nan(),
        (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Decimal(a), Value::Decimal(b))
        | (Value::Text(a), Value::Text(b))
        | (Value::Date(a), Value::Date(b))
        | (Value::Time(a), Value::Time(b))
        | (Value::Timestamp(a), Value::Timestamp(b))
        | (Value::Timestamptz(a), Value::Timestamptz(b))
        | (Value::Uuid(a), Value::Uuid(b)) => a == b,
        (Value::Native(a), Value::Native(b)) => a.text == b.text,
        _ => false,
    }
}

/// The first of the rows `0..rows` that `is_last_group` holds for. It holds for the last row, and from some row on.
pub fn group_start<E>(
    rows: u32,
    mut is_last_group: impl FnMut(u32) -> Result<bool, E>,
) -> Result<u32, E> {
    let (mut before, mut start) = (0, rows.saturating_sub(1));
    while before < start {
        let middle = before + (start - before) / 2;
        if is_last_group(middle)? {
            start = middle;
        } else {
            before = middle + 1;
        }
    }
    Ok(start)
}

#[cfg(test)]
#[path = "position_tests.rs"]
mod tests;
