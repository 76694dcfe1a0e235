//! Batches whose parts contradict each other. The host has to refuse each of them with an error value.

use crate::exports::sluice::source::source::{Batch, Error, Value};
use crate::rows::{column, plain, texts};
use crate::sluice::source::database::{ColumnData, ColumnValues, Varlen};
use crate::sluice::source::types::{DataType, ElementType};

/// A batch with one text of so many bytes.
pub fn of_bytes(bytes: usize) -> Result<Batch, Error> {
    let values = Varlen {
        offsets: vec![0, bytes as u32],
        data: vec![b'x'; bytes],
    };
    Batch::from_columns(
        &[column("a", DataType::Text)],
        1,
        &[plain(ColumnValues::Texts(values))],
    )
}

fn one(data_type: DataType, rows: u32, data: ColumnData) -> Result<Batch, Error> {
    Batch::from_columns(&[column("a", data_type)], rows, &[data])
}

fn varlen(offsets: Vec<u32>, data: &[u8]) -> ColumnData {
    plain(ColumnValues::Texts(Varlen {
        offsets,
        data: data.to_vec(),
    }))
}

fn row(data_type: DataType, value: Value) -> Result<Batch, Error> {
    Batch::from_rows(&[column("a", data_type)], &[vec![value]])
}

/// The batch of that name.
pub fn bad(name: &str) -> Result<Batch, Error> {
    let int64s = || plain(ColumnValues::Int64s(vec![1, 2]));
    match name {
        "bad-batch-short" => one(DataType::Int64, 3, int64s()),
        "bad-batch-many-rows" => one(DataType::Int64, u32::MAX, int64s()),
        "bad-batch-type" => one(DataType::Text, 2, int64s()),
        "bad-batch-missing-column" => Batch::from_columns(&[column("a", DataType::Int64)], 2, &[]),
        "bad-batch-no-columns" => Batch::from_columns(&[], 5, &[]),
        "bad-batch-same-names" => {
            let columns = [column("a", DataType::Int64), column("a", DataType::Int64)];
            Batch::from_columns(&columns, 2, &[int64s(), int64s()])
        }
        "bad-batch-validity" => {
            let values = ColumnValues::Int64s(vec![1; 20]);
            one(
                DataType::Int64,
                20,
                ColumnData {
                    validity: Some(vec![0xff]),
                    values,
                },
            )
        }
        "bad-batch-bits" => one(
            DataType::Boolean,
            20,
            plain(ColumnValues::Booleans(vec![0xff; 2])),
        ),
        "bad-batch-offsets-few" => one(DataType::Text, 2, varlen(vec![0, 1], b"ab")),
        "bad-batch-offsets-none" => one(DataType::Text, 0, varlen(vec![], b"")),
        "bad-batch-offsets-fall" => one(DataType::Text, 2, varlen(vec![0, 2, 1], b"ab")),
        "bad-batch-offsets-beyond" => one(DataType::Text, 2, varlen(vec![0, 1, 3], b"ab")),
        "bad-batch-offsets-huge" => one(DataType::Text, 2, varlen(vec![0, 1, u32::MAX], b"ab")),
        "bad-batch-utf8" => one(DataType::Text, 1, varlen(vec![0, 2], &[0xff, 0xfe])),
        "bad-batch-utf8-cut" => one(DataType::Text, 2, varlen(vec![0, 1, 2], "ä".as_bytes())),
        "bad-batch-decimal-precision" => {
            let values = texts(["1".to_owned()].into_iter());
            one(
                DataType::Decimal((200, 0)),
                1,
                plain(ColumnValues::Texts(values)),
            )
        }
        "bad-batch-decimal" => {
            let values = texts(["1.005".to_owned()].into_iter());
            one(
                DataType::Decimal((5, 2)),
                1,
                plain(ColumnValues::Texts(values)),
            )
        }
        "bad-batch-array" => one(DataType::Array(ElementType::Int64), 2, int64s()),
        "bad-batch-native-name" => one(DataType::Native("x".repeat(100_000)), 2, int64s()),
        "bad-batch-row-long" => Batch::from_rows(
            &[column("a", DataType::Int64)],
            &[vec![Value::Int(1), Value::Int(2)]],
        ),
        "bad-batch-row-range" => row(DataType::Int16, Value::Int(40_000)),
        "bad-batch-row-type" => row(DataType::Int64, Value::Text("1".into())),
        "bad-batch-row-date" => row(DataType::Date, Value::Date("2023-02-29".into())),
        "bad-batch-row-infinity" => row(DataType::Timestamp, Value::Timestamp("infinity".into())),
        "bad-batch-row-float" => row(DataType::Float32, Value::Float(0.1)),
        other => panic!("no behaviour is named {other}"),
    }
}
