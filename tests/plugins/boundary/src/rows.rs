//! A page of 5,000 rows and 16 columns: numbers, instants and texts of ten letters.

use crate::exports::sluice::source::source::{Batch, Column, Error, Value};
use crate::sluice::source::database::{ColumnData, ColumnValues, Varlen};
use crate::sluice::source::types::DataType;

pub const ROWS: u32 = 5_000;
/// Of each of the four types.
const EACH: usize = 4;
const TEXT: &str = "abcdefghij";

pub fn columns() -> Vec<Column> {
    let types = [
        DataType::Int64,
        DataType::Float64,
        DataType::Timestamptz,
        DataType::Text,
    ];
    let of_type = |(number, data_type): (usize, DataType)| {
        (0..EACH).map(move |column| Column {
            name: format!("c{number}_{column}"),
            data_type: data_type.clone(),
            nullable: false,
            native_type: String::new(),
        })
    };
    types.into_iter().enumerate().flat_map(of_type).collect()
}

pub fn by_columns() -> Result<Batch, Error> {
    let rows = 0..i64::from(ROWS);
    let values = [
        ColumnValues::Int64s(rows.clone().collect()),
        ColumnValues::Float64s(rows.clone().map(|row| row as f64).collect()),
        ColumnValues::Int64s(rows.map(|row| row * 1_000_000).collect()),
        ColumnValues::Texts(Varlen {
            offsets: (0..=ROWS).map(|row| row * TEXT.len() as u32).collect(),
            data: TEXT.repeat(ROWS as usize).into_bytes(),
        }),
    ];
    let data: Vec<ColumnData> = values
        .into_iter()
        .flat_map(|values| {
            vec![
                ColumnData {
                    validity: None,
                    values
                };
                EACH
            ]
        })
        .collect();
    Batch::from_columns(&columns(), ROWS, &data)
}

pub fn by_rows() -> Result<Batch, Error> {
    let row = |row: i64| {
        let instant = format!(
            "1970-01-01 {:02}:{:02}:{:02}+00",
            row / 3600,
            row / 60 % 60,
            row % 60
        );
        let values = [
            Value::Int(row),
            Value::Float(row as f64),
            Value::Timestamptz(instant),
            Value::Text(TEXT.to_owned()),
        ];
        values
            .into_iter()
            .flat_map(|value| vec![value; EACH])
            .collect()
    };
    let rows: Vec<Vec<Value>> = (0..i64::from(ROWS)).map(row).collect();
    Batch::from_rows(&columns(), &rows)
}
