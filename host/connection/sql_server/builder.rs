//! One column of a result while it grows. Takes a value as the client hands it out; knows nothing of rows or statements.

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder,
    Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use tiberius::ColumnData;
use tiberius::numeric::Numeric;

use super::super::trouble::Trouble;
use super::moment::{self, Kept};
use crate::model::source::DataType;

/// Arrow's offsets have 31 bits, and a batch may hold as much again before the value.
const MOST_BYTES: usize = 1 << 30;

/// A column, by the form that lands.
pub enum Builder {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal {
        values: Decimal128Builder,
        precision: u8,
        scale: i8,
    },
    Text(StringBuilder),
    Uuid(StringBuilder),
    Time(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Timestamp {
        values: TimestampMicrosecondBuilder,
        /// Whether a value since the last batch had more digits than land.
        rounded: bool,
    },
}

impl Builder {
    /// For a column as `columns` described it.
    pub fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float32 => Self::Float32(Float32Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal(precision, scale) => Self::Decimal {
                values: Decimal128Builder::new().with_data_type(data_type.to_arrow()),
                precision: *precision,
                scale: *scale,
            },
            DataType::Bytes => Self::Bytes(BinaryBuilder::new()),
            DataType::Date => Self::Date(Date32Builder::new()),
            DataType::Timestamp | DataType::Timestamptz => Self::Timestamp {
                values: TimestampMicrosecondBuilder::new().with_data_type(data_type.to_arrow()),
                rounded: false,
            },
            DataType::Time => Self::Time(StringBuilder::new()),
            DataType::Uuid => Self::Uuid(StringBuilder::new()),
            DataType::Text | DataType::Json | DataType::Native(_) | DataType::Array(_) => {
                Self::Text(StringBuilder::new())
            }
        }
    }

    /// Adds one value. Answers the bytes of those that have no fixed length.
    pub fn append(&mut self, value: ColumnData<'static>) -> Result<usize, Trouble> {
        // A null of some types arrives as that of another one.
        if is_null(&value) {
            self.append_null();
            return Ok(0);
        }
        match (self, value) {
            (Self::Boolean(values), ColumnData::Bit(value)) => values.append_option(value),
            (Self::Int16(values), ColumnData::U8(value)) => {
                values.append_option(value.map(i16::from))
            }
            (Self::Int16(values), ColumnData::I16(value)) => values.append_option(value),
            (Self::Int32(values), ColumnData::I32(value)) => values.append_option(value),
            (Self::Int64(values), ColumnData::I64(value)) => values.append_option(value),
            (Self::Float32(values), ColumnData::F32(value)) => values.append_option(value),
            (Self::Float64(values), ColumnData::F64(value)) => values.append_option(value),
            (
                Self::Decimal {
                    values,
                    precision,
                    scale,
                },
                ColumnData::Numeric(Some(value)),
            ) => values.append_value(unscaled(value, *precision, *scale)?),
            (Self::Text(values), ColumnData::String(Some(value))) => {
                return append_text(values, &value);
            }
            (Self::Text(values), ColumnData::Xml(Some(value))) => {
                return append_text(values, value.as_ref().as_ref());
            }
            (Self::Uuid(values), ColumnData::Guid(Some(value))) => {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                values.append_value(value.hyphenated().encode_upper(&mut text));
            }
            (Self::Time(values), ColumnData::Time(Some(value))) => {
                values.append_value(moment::time_text(value)?);
            }
            (Self::Bytes(values), ColumnData::Binary(Some(value))) => {
                let value = bounded(&value)?;
                values.append_value(value);
                return Ok(value.len());
            }
            (Self::Date(values), ColumnData::Date(Some(value))) => {
                values.append_value(moment::days(value)?);
            }
            (Self::Timestamp { values, rounded }, value) => {
                let (micros, kept) = timestamp(&value)?;
                values.append_value(micros);
                *rounded |= kept == Kept::RoundedDown;
            }
            _ => return Err(Trouble::Malformed),
        }
        Ok(0)
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(values) => values.append_null(),
            Self::Int16(values) => values.append_null(),
            Self::Int32(values) => values.append_null(),
            Self::Int64(values) => values.append_null(),
            Self::Float32(values) => values.append_null(),
            Self::Float64(values) => values.append_null(),
            Self::Decimal { values, .. } => values.append_null(),
            Self::Text(values) | Self::Uuid(values) | Self::Time(values) => values.append_null(),
            Self::Bytes(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Timestamp { values, .. } => values.append_null(),
        }
    }

    /// Whether a value since the last batch was rounded.
    pub fn has_rounded(&self) -> bool {
        matches!(self, Self::Timestamp { rounded: true, .. })
    }

    /// The values so far; the builder starts anew.
    pub fn finish(&mut self) -> ArrayRef {
        let values: &mut dyn ArrayBuilder = match self {
            Self::Boolean(values) => values,
            Self::Int16(values) => values,
            Self::Int32(values) => values,
            Self::Int64(values) => values,
            Self::Float32(values) => values,
            Self::Float64(values) => values,
            Self::Decimal { values, .. } => values,
            Self::Text(values) | Self::Uuid(values) | Self::Time(values) => values,
            Self::Bytes(values) => values,
            Self::Date(values) => values,
            Self::Timestamp { values, rounded } => {
                *rounded = false;
                values
            }
        };
        values.finish()
    }
}

fn append_text(values: &mut StringBuilder, text: &str) -> Result<usize, Trouble> {
    bounded(text.as_bytes())?;
    values.append_value(text);
    Ok(text.len())
}

fn bounded(bytes: &[u8]) -> Result<&[u8], Trouble> {
    if bytes.len() < MOST_BYTES {
        Ok(bytes)
    } else {
        Err(Trouble::OutOfRange)
    }
}

fn unscaled(value: Numeric, precision: u8, scale: i8) -> Result<i128, Trouble> {
    if i32::from(value.scale()) != i32::from(scale) {
        return Err(Trouble::Malformed);
    }
    if value.value().unsigned_abs() >= 10_u128.pow(precision.into()) {
        return Err(Trouble::OutOfRange);
    }
    Ok(value.value())
}

fn timestamp(value: &ColumnData<'_>) -> Result<(i64, Kept), Trouble> {
    match value {
        ColumnData::DateTime(Some(value)) => Ok((moment::datetime(*value)?, Kept::All)),
        ColumnData::SmallDateTime(Some(value)) => Ok((moment::smalldatetime(*value), Kept::All)),
        ColumnData::DateTime2(Some(value)) => moment::datetime2(*value),
        // The wire has it in UTC.
        ColumnData::DateTimeOffset(Some(value)) => moment::datetime2(value.datetime2()),
        _ => Err(Trouble::Malformed),
    }
}

/// Whatever the type says.
pub fn is_null(value: &ColumnData<'_>) -> bool {
    matches!(
        value,
        ColumnData::U8(None)
            | ColumnData::I16(None)
            | ColumnData::I32(None)
            | ColumnData::I64(None)
            | ColumnData::F32(None)
            | ColumnData::F64(None)
            | ColumnData::Bit(None)
            | ColumnData::String(None)
            | ColumnData::Guid(None)
            | ColumnData::Binary(None)
            | ColumnData::Numeric(None)
            | ColumnData::Xml(None)
            | ColumnData::DateTime(None)
            | ColumnData::SmallDateTime(None)
            | ColumnData::Time(None)
            | ColumnData::Date(None)
            | ColumnData::DateTime2(None)
            | ColumnData::DateTimeOffset(None)
    )
}
