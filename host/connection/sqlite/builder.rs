//! One column of a result while it grows. Takes a value as SQLite stores it; a value of another kind than the column
//! says is trouble, for it is never made fit.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};

use super::super::trouble::Trouble;
use crate::model::source::DataType;
use crate::model::value::float_text;
use crate::model::{decimal, iso};

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Stored {
    Null,
    Int(i64),
    Real(f64),
    /// Meant to be UTF-8.
    Text(Vec<u8>),
    Blob(Vec<u8>),
}

/// A column, by the form that lands.
pub enum Builder {
    Boolean(BooleanBuilder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Decimal {
        values: Decimal128Builder,
        precision: u8,
        scale: i8,
    },
    Text(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Timestamptz(TimestampMicrosecondBuilder),
}

impl Builder {
    /// For a column as `declared` reads it.
    pub fn new(data_type: &DataType) -> Self {
        let timestamps = || TimestampMicrosecondBuilder::new().with_data_type(data_type.to_arrow());
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Decimal(precision, scale) => Self::Decimal {
                values: Decimal128Builder::new().with_data_type(data_type.to_arrow()),
                precision: *precision,
                scale: *scale,
            },
            DataType::Bytes => Self::Bytes(BinaryBuilder::new()),
            DataType::Date => Self::Date(Date32Builder::new()),
            DataType::Timestamp => Self::Timestamp(timestamps()),
            DataType::Timestamptz => Self::Timestamptz(timestamps()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds one value. Answers the bytes of those that have no fixed length.
    pub fn append(&mut self, value: Stored) -> Result<usize, Trouble> {
        match (self, value) {
            (builder, Stored::Null) => builder.append_null(),
            (Self::Boolean(values), Stored::Int(value @ 0..=1)) => values.append_value(value == 1),
            (Self::Int64(values), Stored::Int(value)) => values.append_value(value),
            (Self::Float64(values), Stored::Real(value)) => values.append_value(value),
            (Self::Float64(values), Stored::Int(value)) => values.append_value(exact(value)?),
            (
                Self::Decimal {
                    values,
                    precision,
                    scale,
                },
                value,
            ) => {
                let text = number_text(value)?;
                let unscaled = decimal::parse(&text, *precision, *scale);
                values.append_value(unscaled.ok_or(Trouble::OtherKind)?);
            }
            (Self::Text(values), Stored::Int(value)) => values.append_value(value.to_string()),
            (Self::Text(values), Stored::Real(value)) => values.append_value(float_text(value)),
            (Self::Text(values), Stored::Text(value)) => {
                values.append_value(utf8(&value)?);
                return Ok(value.len());
            }
            (Self::Bytes(values), Stored::Blob(value)) => {
                values.append_value(&value);
                return Ok(value.len());
            }
            (Self::Date(values), Stored::Text(value)) => {
                values.append_value(iso::date_days(utf8(&value)?).ok_or(Trouble::OtherKind)?);
            }
            (Self::Timestamp(values), Stored::Text(value)) => {
                let text = within_micros(&value)?;
                values.append_value(iso::timestamp_micros(text).ok_or(Trouble::OtherKind)?);
            }
            (Self::Timestamptz(values), Stored::Text(value)) => {
                let text = within_micros(&value)?;
                values.append_value(iso::timestamptz_micros(text).ok_or(Trouble::OtherKind)?);
            }
            _ => return Err(Trouble::OtherKind),
        }
        Ok(0)
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(values) => values.append_null(),
            Self::Int64(values) => values.append_null(),
            Self::Float64(values) => values.append_null(),
            Self::Decimal { values, .. } => values.append_null(),
            Self::Text(values) => values.append_null(),
            Self::Bytes(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Timestamp(values) | Self::Timestamptz(values) => values.append_null(),
        }
    }

    /// The values so far; the builder starts anew.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Int64(values) => Arc::new(values.finish()),
            Self::Float64(values) => Arc::new(values.finish()),
            Self::Decimal { values, .. } => Arc::new(values.finish()),
            Self::Text(values) => Arc::new(values.finish()),
            Self::Bytes(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Timestamp(values) | Self::Timestamptz(values) => Arc::new(values.finish()),
        }
    }
}

pub fn utf8(text: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(text).map_err(|_| Trouble::Malformed)
}

/// A whole number as a float, if that is the same number.
fn exact(value: i64) -> Result<f64, Trouble> {
    let float = value as f64;
    // The greatest float of 64 bits is one more than the greatest number.
    let is_same = float as i64 == value && float < i64::MAX as f64;
    is_same.then_some(float).ok_or(Trouble::OutOfRange)
}

/// The digits of a number. SQLite keeps one that would lose some as text.
fn number_text(value: Stored) -> Result<String, Trouble> {
    match value {
        Stored::Int(value) => Ok(value.to_string()),
        // The shortest digits that are this float: those that were written, if they were not too many.
        Stored::Real(value) => Ok(value.to_string()),
        Stored::Text(value) => Ok(utf8(&value)?.to_owned()),
        _ => Err(Trouble::OtherKind),
    }
}

/// More digits than microseconds would be cut.
fn within_micros(text: &[u8]) -> Result<&str, Trouble> {
    let text = utf8(text)?;
    let fraction = text.split_once('.').map_or("", |(_, fraction)| fraction);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if fraction[..digits].trim_end_matches('0').len() > 6 {
        return Err(Trouble::OutOfRange);
    }
    Ok(text)
}
