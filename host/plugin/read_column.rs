//! A copy of one column of a batch, in the contract's form.

use arrow::array::{Array, AsArray, Decimal128Array};
use arrow::buffer::{BooleanBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType,
};

use super::bindings::sluice::source::database::{ColumnData, ColumnValues, Varlen};
use crate::model::source::{ErrorKind, SourceError};

/// # Errors
/// Arrays have no form in the contract.
pub fn column_data(name: &str, array: &dyn Array) -> Result<ColumnData, SourceError> {
    let values = match array.data_type() {
        DataType::Boolean => ColumnValues::Booleans(bits(array.as_boolean().values())),
        DataType::Int16 => {
            ColumnValues::Int16s(array.as_primitive::<Int16Type>().values().to_vec())
        }
        DataType::Int32 => {
            ColumnValues::Int32s(array.as_primitive::<Int32Type>().values().to_vec())
        }
        DataType::Int64 => {
            ColumnValues::Int64s(array.as_primitive::<Int64Type>().values().to_vec())
        }
        DataType::Float32 => {
            ColumnValues::Float32s(array.as_primitive::<Float32Type>().values().to_vec())
        }
        DataType::Float64 => {
            ColumnValues::Float64s(array.as_primitive::<Float64Type>().values().to_vec())
        }
        DataType::Date32 => {
            ColumnValues::Int32s(array.as_primitive::<Date32Type>().values().to_vec())
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => ColumnValues::Int64s(
            array
                .as_primitive::<TimestampMicrosecondType>()
                .values()
                .to_vec(),
        ),
        DataType::Decimal128(..) => {
            ColumnValues::Texts(decimals(array.as_primitive::<Decimal128Type>()))
        }
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            ColumnValues::Texts(varlen(texts.offsets(), texts.value_data()))
        }
        DataType::Binary => {
            let bytes = array.as_binary::<i32>();
            ColumnValues::Bytes(varlen(bytes.offsets(), bytes.value_data()))
        }
        other => {
            let message = format!("a column of type {other} cannot be copied into a plugin");
            return Err(SourceError::new(ErrorKind::Unsupported, message).with_column(name));
        }
    };
    Ok(ColumnData {
        validity: array.nulls().map(|nulls| bits(nulls.inner())),
        values,
    })
}

/// One bit a row from the first byte on, also of a slice.
fn bits(buffer: &BooleanBuffer) -> Vec<u8> {
    let aligned = buffer.sliced();
    aligned.as_slice()[..buffer.len().div_ceil(8)].to_vec()
}

/// Offsets from zero on, and only the bytes they reach.
fn varlen(offsets: &OffsetBuffer<i32>, data: &[u8]) -> Varlen {
    // Arrow's offsets are never negative and end within the data.
    let first = offsets[0];
    let last = offsets[offsets.len() - 1];
    Varlen {
        offsets: offsets
            .iter()
            .map(|offset| (offset - first) as u32)
            .collect(),
        data: data[first as usize..last as usize].to_vec(),
    }
}

fn decimals(array: &Decimal128Array) -> Varlen {
    let mut offsets = Vec::with_capacity(array.len() + 1);
    let mut data = Vec::new();
    offsets.push(0);
    for row in 0..array.len() {
        if array.is_valid(row) {
            data.extend_from_slice(array.value_as_string(row).as_bytes());
        }
        // A batch is bounded far below 4 GiB.
        offsets.push(data.len() as u32);
    }
    Varlen { offsets, data }
}
