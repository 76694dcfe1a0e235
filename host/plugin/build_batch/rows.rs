//! Batches by rows: the easy way for a guest, a slow one for the host.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array,
    Int16Array, Int32Array, Int64Array, StringArray, TimestampMicrosecondArray,
};

use super::super::bindings::sluice::source::types::Value;
use super::columns::conversion;
use super::{assemble, invalid};
use crate::model::batch::Batch;
use crate::model::source::{Column, DataType, ErrorKind, SourceError};
use crate::model::{decimal, iso};

/// A batch of the announced columns, or what is wrong with it.
pub fn from_rows(columns: Vec<Column>, rows: &[Vec<Value>]) -> Result<Batch, SourceError> {
    if let Some((row, values)) = rows
        .iter()
        .enumerate()
        .find(|(_, values)| values.len() != columns.len())
    {
        return Err(invalid(format!(
            "row {row} has {} values for {} columns",
            values.len(),
            columns.len()
        )));
    }
    let mut arrays = Vec::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let cells = Cells {
            rows,
            index,
            column,
        };
        arrays.push(
            cells
                .array()
                .map_err(|error| error.with_column(&column.name))?,
        );
    }
    assemble(columns, rows.len(), arrays)
}

/// One column of the rows.
struct Cells<'a> {
    rows: &'a [Vec<Value>],
    index: usize,
    column: &'a Column,
}

impl<'a> Cells<'a> {
    /// Every cell, read by a function that answers none for what does not fit the column.
    fn read<T>(
        &self,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Vec<Option<T>>, SourceError> {
        let mut cells = Vec::with_capacity(self.rows.len());
        for (row, values) in self.rows.iter().enumerate() {
            let value = &values[self.index];
            if matches!(value, Value::Null) {
                cells.push(None);
                continue;
            }
            cells.push(Some(read(value).ok_or_else(|| self.misfit(row))?));
        }
        Ok(cells)
    }

    fn misfit(&self, row: usize) -> SourceError {
        match self.column.data_type {
            DataType::Decimal(precision, scale) => conversion(row, precision, scale),
            _ => {
                let message = format!(
                    "row {row} of the batch does not fit {:?}",
                    self.column.data_type
                );
                SourceError::new(ErrorKind::Conversion, message)
            }
        }
    }

    fn array(&self) -> Result<ArrayRef, SourceError> {
        Ok(match &self.column.data_type {
            DataType::Boolean => Arc::new(BooleanArray::from(self.read(boolean)?)),
            DataType::Int16 => Arc::new(Int16Array::from(self.read(|v| int(v)?.try_into().ok())?)),
            DataType::Int32 => Arc::new(Int32Array::from(self.read(|v| int(v)?.try_into().ok())?)),
            DataType::Int64 => Arc::new(Int64Array::from(self.read(int)?)),
            DataType::Float32 => Arc::new(Float32Array::from(self.read(float32)?)),
            DataType::Float64 => Arc::new(Float64Array::from(self.read(float)?)),
            DataType::Decimal(precision, scale) => {
                let values = self.read(|v| decimal::parse(decimal_text(v)?, *precision, *scale))?;
                let array =
                    Decimal128Array::from(values).with_precision_and_scale(*precision, *scale);
                Arc::new(array.map_err(|error| invalid(error.to_string()))?)
            }
            DataType::Bytes => Arc::new(self.read(bytes)?.into_iter().collect::<BinaryArray>()),
            DataType::Date => Arc::new(Date32Array::from(self.read(date)?)),
            DataType::Timestamp => Arc::new(TimestampMicrosecondArray::from(self.read(timestamp)?)),
            DataType::Timestamptz => Arc::new(
                TimestampMicrosecondArray::from(self.read(timestamptz)?).with_timezone("UTC"),
            ),
            DataType::Text
            | DataType::Time
            | DataType::Uuid
            | DataType::Json
            | DataType::Native(_) => Arc::new(StringArray::from(self.read(text)?)),
            DataType::Array(_) => {
                let message = "a plugin cannot build arrays itself: announce the column as json";
                return Err(SourceError::new(ErrorKind::Unsupported, message));
            }
        })
    }
}

fn boolean(value: &Value) -> Option<bool> {
    if let Value::Boolean(b) = value {
        Some(*b)
    } else {
        None
    }
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(i) = value {
        Some(*i)
    } else {
        None
    }
}

fn float(value: &Value) -> Option<f64> {
    if let Value::Float(f) = value {
        Some(*f)
    } else {
        None
    }
}

/// Without loss, or not at all.
fn float32(value: &Value) -> Option<f32> {
    let wide = float(value)?;
    let narrow = wide as f32;
    (f64::from(narrow) == wide || wide.is_nan()).then_some(narrow)
}

fn decimal_text(value: &Value) -> Option<&str> {
    if let Value::Decimal(s) = value {
        Some(s)
    } else {
        None
    }
}

fn bytes(value: &Value) -> Option<&[u8]> {
    if let Value::Bytes(b) = value {
        Some(b)
    } else {
        None
    }
}

fn date(value: &Value) -> Option<i32> {
    if let Value::Date(s) = value {
        iso::date_days(s)
    } else {
        None
    }
}

fn timestamp(value: &Value) -> Option<i64> {
    if let Value::Timestamp(s) = value {
        iso::timestamp_micros(s)
    } else {
        None
    }
}

fn timestamptz(value: &Value) -> Option<i64> {
    if let Value::Timestamptz(s) = value {
        iso::timestamptz_micros(s)
    } else {
        None
    }
}

/// Every value that lands as text in its own form.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Text(s) | Value::Time(s) | Value::Uuid(s) => Some(s),
        Value::Native(native) => Some(&native.text),
        _ => None,
    }
}
