//! The forty rows.

use crate::exports::sluice::source::source::{Batch, Column, Error, Value};
use crate::sluice::source::types::DataType;

pub const ROWS: i64 = 40;
pub const KEY: &str = "id";

fn column(name: &str, data_type: DataType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: name != KEY,
        native_type: String::new(),
    }
}

/// `id` counts from 1; `name` is its text, null at every third.
pub fn columns() -> Vec<Column> {
    vec![column(KEY, DataType::Int64), column("name", DataType::Text)]
}

/// The rows of these ids.
pub fn batch(ids: impl Iterator<Item = i64>) -> Result<Batch, Error> {
    let rows: Vec<Vec<Value>> = ids
        .map(|id| {
            let name = match id % 3 {
                0 => Value::Null,
                _ => Value::Text(id.to_string()),
            };
            vec![Value::Int(id), name]
        })
        .collect();
    Batch::from_rows(&columns(), &rows)
}
