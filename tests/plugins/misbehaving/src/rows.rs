//! The rows that the good reads deliver, and columns that were never announced.

use crate::exports::sluice::source::source::{Batch, Column, Error, Value};
use crate::sluice::source::database::{ColumnData, ColumnValues, Varlen};
use crate::sluice::source::types::DataType;

pub const ROWS: i64 = 500;
pub const CURSOR_COLUMN: &str = "id";

pub fn column(name: &str, data_type: DataType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: true,
        native_type: String::new(),
    }
}

/// `id` counts from 1; `name` is its text, null at every third; `price` is id / 100; `seen` is id seconds after 1970.
pub fn columns() -> Vec<Column> {
    vec![
        column(CURSOR_COLUMN, DataType::Int64),
        column("name", DataType::Text),
        column("price", DataType::Decimal((10, 2))),
        column("seen", DataType::Timestamptz),
    ]
}

pub fn by_columns(first: i64, count: u32) -> Result<Batch, Error> {
    let ids: Vec<i64> = (first..first + i64::from(count)).collect();
    let mut valid = vec![0_u8; ids.len().div_ceil(8)];
    for (row, id) in ids.iter().enumerate().filter(|(_, id)| *id % 3 != 0) {
        valid[row / 8] |= u8::from(*id != 0) << (row % 8);
    }
    let seen = ids.iter().map(|id| id * 1_000_000).collect();
    let data = vec![
        plain(ColumnValues::Int64s(ids.clone())),
        ColumnData {
            validity: Some(valid),
            values: ColumnValues::Texts(texts(ids.iter().map(i64::to_string))),
        },
        plain(ColumnValues::Texts(texts(ids.iter().map(|id| price(*id))))),
        plain(ColumnValues::Int64s(seen)),
    ];
    Batch::from_columns(&columns(), count, &data)
}

pub fn by_rows(first: i64, count: u32) -> Result<Batch, Error> {
    let rows: Vec<Vec<Value>> = (first..first + i64::from(count))
        .map(|id| {
            let name = if id % 3 == 0 {
                Value::Null
            } else {
                Value::Text(id.to_string())
            };
            let seen = format!("1970-01-01 00:{:02}:{:02}+00", id / 60, id % 60);
            vec![
                Value::Int(id),
                name,
                Value::Decimal(price(id)),
                Value::Timestamptz(seen),
            ]
        })
        .collect();
    Batch::from_rows(&columns(), &rows)
}

fn price(id: i64) -> String {
    format!("{}.{:02}", id / 100, id % 100)
}

pub fn plain(values: ColumnValues) -> ColumnData {
    ColumnData {
        validity: None,
        values,
    }
}

pub fn texts(values: impl Iterator<Item = String>) -> Varlen {
    let mut varlen = Varlen {
        offsets: vec![0],
        data: Vec::new(),
    };
    for value in values {
        varlen.data.extend_from_slice(value.as_bytes());
        varlen.offsets.push(varlen.data.len() as u32);
    }
    varlen
}

/// As many columns as announced, one of another type.
pub fn other_columns() -> Batch {
    let mut columns = columns();
    columns[0].data_type = DataType::Int32;
    Batch::from_rows(&columns, &[]).expect("no rows fit every type")
}

pub fn fewer_columns() -> Batch {
    Batch::from_rows(&columns()[..1], &[]).expect("no rows fit every type")
}
