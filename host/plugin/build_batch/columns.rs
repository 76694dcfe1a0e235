//! Batches by columns: the guest's buffers become Arrow's by checked constructors only.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Decimal128Array, PrimitiveArray, StringArray,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};

use super::super::bindings::sluice::source::database::{ColumnData, ColumnValues, Varlen};
use super::{assemble, invalid};
use crate::model::batch::Batch;
use crate::model::decimal;
use crate::model::source::{Column, DataType, ErrorKind, SourceError};

/// A batch of the announced columns, or what is wrong with it.
pub fn from_columns(
    columns: Vec<Column>,
    rows: usize,
    data: Vec<ColumnData>,
) -> Result<Batch, SourceError> {
    if columns.len() != data.len() {
        return Err(invalid(format!(
            "{} columns are announced and {} given",
            columns.len(),
            data.len()
        )));
    }
    let arrays = columns
        .iter()
        .zip(data)
        .map(|(column, data)| {
            array(&column.data_type, rows, data).map_err(|error| error.with_column(&column.name))
        })
        .collect::<Result<Vec<_>, _>>()?;
    assemble(columns, rows, arrays)
}

fn array(data_type: &DataType, rows: usize, data: ColumnData) -> Result<ArrayRef, SourceError> {
    let nulls = data
        .validity
        .map(|bits| bitmap(bits, rows, "validity"))
        .transpose()?
        .map(NullBuffer::new);
    Ok(match (data_type, data.values) {
        (DataType::Boolean, ColumnValues::Booleans(bits)) => {
            Arc::new(BooleanArray::new(bitmap(bits, rows, "values")?, nulls))
        }
        (DataType::Int16, ColumnValues::Int16s(values)) => {
            numbers::<Int16Type>(values, rows, nulls)?
        }
        (DataType::Int32, ColumnValues::Int32s(values)) => {
            numbers::<Int32Type>(values, rows, nulls)?
        }
        (DataType::Int64, ColumnValues::Int64s(values)) => {
            numbers::<Int64Type>(values, rows, nulls)?
        }
        (DataType::Float32, ColumnValues::Float32s(values)) => {
            numbers::<Float32Type>(values, rows, nulls)?
        }
        (DataType::Float64, ColumnValues::Float64s(values)) => {
            numbers::<Float64Type>(values, rows, nulls)?
        }
        (DataType::Date, ColumnValues::Int32s(values)) => {
            numbers::<Date32Type>(values, rows, nulls)?
        }
        (DataType::Timestamp, ColumnValues::Int64s(values)) => {
            Arc::new(checked::<TimestampMicrosecondType>(values, rows, nulls)?)
        }
        (DataType::Timestamptz, ColumnValues::Int64s(values)) => {
            Arc::new(checked::<TimestampMicrosecondType>(values, rows, nulls)?.with_timezone("UTC"))
        }
        (DataType::Bytes, ColumnValues::Bytes(values)) => {
            let (offsets, data) = varlen(values, rows)?;
            Arc::new(BinaryArray::try_new(offsets, data, nulls).map_err(refused)?)
        }
        (DataType::Decimal(precision, scale), ColumnValues::Texts(values)) => {
            decimals(&texts(values, rows, nulls)?, *precision, *scale)?
        }
        (
            DataType::Text | DataType::Time | DataType::Uuid | DataType::Json | DataType::Native(_),
            ColumnValues::Texts(values),
        ) => Arc::new(texts(values, rows, nulls)?),
        (DataType::Array(_), _) => {
            let message = "a plugin cannot build arrays itself: announce the column as json";
            return Err(SourceError::new(ErrorKind::Unsupported, message));
        }
        (announced, _) => {
            return Err(invalid(format!(
                "the values are not of the announced type {announced:?}"
            )));
        }
    })
}

/// One bit a row, no more and no fewer bytes than they need.
fn bitmap(bits: Vec<u8>, rows: usize, what: &str) -> Result<BooleanBuffer, SourceError> {
    if bits.len() != rows.div_ceil(8) {
        return Err(invalid(format!(
            "the {what} bits of {rows} rows have {} bytes",
            bits.len()
        )));
    }
    Ok(BooleanBuffer::new(Buffer::from_vec(bits), 0, rows))
}

fn numbers<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, SourceError> {
    Ok(Arc::new(checked::<T>(values, rows, nulls)?))
}

fn checked<T: ArrowPrimitiveType>(
    values: Vec<T::Native>,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>, SourceError> {
    if values.len() != rows {
        return Err(invalid(format!("{} values for {rows} rows", values.len())));
    }
    PrimitiveArray::try_new(ScalarBuffer::from(values), nulls).map_err(refused)
}

fn texts(
    values: Varlen,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> Result<StringArray, SourceError> {
    let (offsets, data) = varlen(values, rows)?;
    // Checks UTF-8, and that no offset cuts a character.
    StringArray::try_new(offsets, data, nulls).map_err(refused)
}

/// Offsets that rise within the data.
fn varlen(values: Varlen, rows: usize) -> Result<(OffsetBuffer<i32>, Buffer), SourceError> {
    let Varlen { offsets, data } = values;
    if offsets.len() != rows + 1 {
        return Err(invalid(format!(
            "{} offsets for {rows} rows (one more is needed)",
            offsets.len()
        )));
    }
    if !offsets.is_sorted() {
        return Err(invalid("the offsets do not rise"));
    }
    if offsets.last().is_some_and(|end| *end as usize > data.len()) {
        return Err(invalid("the offsets end beyond the data"));
    }
    let offsets: Vec<i32> = offsets
        .into_iter()
        .map(i32::try_from)
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("a column of more than 2 GiB"))?;
    // Cannot panic: the offsets were checked to be sorted and not negative, and there is at least one.
    Ok((
        OffsetBuffer::new(ScalarBuffer::from(offsets)),
        Buffer::from_vec(data),
    ))
}

fn decimals(texts: &StringArray, precision: u8, scale: i8) -> Result<ArrayRef, SourceError> {
    let mut values = Vec::with_capacity(texts.len());
    for (row, text) in texts.iter().enumerate() {
        let value = text
            .map(|text| decimal::parse(text, precision, scale).ok_or(row))
            .transpose();
        values.push(value.map_err(|row| conversion(row, precision, scale))?);
    }
    let array = Decimal128Array::from(values)
        .with_precision_and_scale(precision, scale)
        .map_err(refused)?;
    Ok(Arc::new(array))
}

/// The row's number, never its value.
pub(super) fn conversion(row: usize, precision: u8, scale: i8) -> SourceError {
    let message = format!("row {row} of the batch does not fit decimal({precision},{scale})");
    SourceError::new(ErrorKind::Conversion, message)
}

/// Arrow's own checks; its messages name positions and types, never values.
fn refused(error: arrow::error::ArrowError) -> SourceError {
    invalid(error.to_string())
}
