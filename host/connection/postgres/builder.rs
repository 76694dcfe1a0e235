//! One column of a result while it grows. Takes the raw bytes of a value; knows nothing of rows or statements.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float32Builder,
    Float64Builder, Int16Builder, Int32Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use tokio_postgres::types::{Kind, Type};

use super::super::trouble::Trouble;
use super::list::List;
use super::numeric;
use crate::model::cell::time_text;
use crate::model::source::DataType;

/// Days and microseconds from Arrow's epoch, 1970-01-01, to PostgreSQL's, 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// A column, by the form that its values arrive in.
pub enum Builder {
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Oid(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal {
        values: Decimal128Builder,
        precision: u8,
        scale: i8,
    },
    NumericText {
        values: StringBuilder,
        scratch: String,
    },
    Text(StringBuilder),
    /// A version byte, then text.
    Jsonb(StringBuilder),
    /// One byte, which `\0` is empty and beyond ASCII has the server's octal form.
    Char(StringBuilder),
    Time(StringBuilder),
    Uuid(StringBuilder),
    Bytes(BinaryBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    List(Box<List>),
}

impl Builder {
    /// For values of a server type that land as `data_type`, as `columns` paired them.
    pub fn new(of: &Type, data_type: &DataType) -> Self {
        if let Kind::Domain(base) = of.kind() {
            return Self::new(base, data_type);
        }
        match data_type {
            DataType::Boolean => Self::Boolean(BooleanBuilder::new()),
            DataType::Int16 => Self::Int16(Int16Builder::new()),
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 if *of == Type::OID => Self::Oid(Int64Builder::new()),
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
            DataType::Timestamp | DataType::Timestamptz => Self::Timestamp(
                TimestampMicrosecondBuilder::new().with_data_type(data_type.to_arrow()),
            ),
            DataType::Time => Self::Time(StringBuilder::new()),
            DataType::Uuid => Self::Uuid(StringBuilder::new()),
            DataType::Json if *of == Type::JSONB => Self::Jsonb(StringBuilder::new()),
            DataType::Array(element) => {
                let inner = match of.kind() {
                    Kind::Array(inner) => inner,
                    _ => of,
                };
                Self::List(Box::new(List::new(inner, element)))
            }
            DataType::Text if *of == Type::CHAR => Self::Char(StringBuilder::new()),
            DataType::Native(_) if *of == Type::NUMERIC => Self::NumericText {
                values: StringBuilder::new(),
                scratch: String::new(),
            },
            DataType::Text | DataType::Json | DataType::Native(_) => {
                Self::Text(StringBuilder::new())
            }
        }
    }

    /// Adds one value. Answers the bytes that it takes beyond the ones that arrived, where they may be many more.
    pub fn append(&mut self, raw: Option<&[u8]>) -> Result<usize, Trouble> {
        let Some(raw) = raw else {
            self.append_null();
            return Ok(0);
        };
        match self {
            Self::Boolean(values) => values.append_value(fixed::<1>(raw)? != [0]),
            Self::Int16(values) => values.append_value(i16::from_be_bytes(fixed(raw)?)),
            Self::Int32(values) => values.append_value(i32::from_be_bytes(fixed(raw)?)),
            Self::Int64(values) => values.append_value(i64::from_be_bytes(fixed(raw)?)),
            Self::Oid(values) => values.append_value(u32::from_be_bytes(fixed(raw)?).into()),
            Self::Float32(values) => values.append_value(f32::from_be_bytes(fixed(raw)?)),
            Self::Float64(values) => values.append_value(f64::from_be_bytes(fixed(raw)?)),
            Self::Decimal {
                values,
                precision,
                scale,
            } => {
                values.append_value(numeric::to_decimal(raw, *precision, *scale)?);
            }
            Self::NumericText { values, scratch } => {
                scratch.clear();
                numeric::to_text(raw, scratch)?;
                values.append_value(&scratch);
                return Ok(scratch.len());
            }
            Self::Text(values) => values.append_value(utf8(raw)?),
            Self::Jsonb(values) => match raw.split_first() {
                Some((1, text)) => values.append_value(utf8(text)?),
                _ => return Err(Trouble::Malformed),
            },
            Self::Char(values) => append_char(values, fixed::<1>(raw)?[0]),
            Self::Time(values) => values.append_value(time_text(i64::from_be_bytes(fixed(raw)?))),
            Self::Uuid(values) => append_uuid(values, fixed(raw)?),
            Self::Bytes(values) => values.append_value(raw),
            Self::Date(values) => values.append_value(date(i32::from_be_bytes(fixed(raw)?))?),
            Self::Timestamp(values) => {
                values.append_value(timestamp(i64::from_be_bytes(fixed(raw)?))?)
            }
            Self::List(list) => list.append(raw)?,
        }
        Ok(0)
    }

    fn append_null(&mut self) {
        match self {
            Self::Boolean(values) => values.append_null(),
            Self::Int16(values) => values.append_null(),
            Self::Int32(values) => values.append_null(),
            Self::Int64(values) | Self::Oid(values) => values.append_null(),
            Self::Float32(values) => values.append_null(),
            Self::Float64(values) => values.append_null(),
            Self::Decimal { values, .. } => values.append_null(),
            Self::NumericText { values, .. }
            | Self::Text(values)
            | Self::Jsonb(values)
            | Self::Char(values)
            | Self::Time(values)
            | Self::Uuid(values) => values.append_null(),
            Self::Bytes(values) => values.append_null(),
            Self::Date(values) => values.append_null(),
            Self::Timestamp(values) => values.append_null(),
            Self::List(list) => list.append_null(),
        }
    }

    /// The values so far; the builder starts anew.
    pub fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Boolean(values) => Arc::new(values.finish()),
            Self::Int16(values) => Arc::new(values.finish()),
            Self::Int32(values) => Arc::new(values.finish()),
            Self::Int64(values) | Self::Oid(values) => Arc::new(values.finish()),
            Self::Float32(values) => Arc::new(values.finish()),
            Self::Float64(values) => Arc::new(values.finish()),
            Self::Decimal { values, .. } => Arc::new(values.finish()),
            Self::NumericText { values, .. }
            | Self::Text(values)
            | Self::Jsonb(values)
            | Self::Char(values)
            | Self::Time(values)
            | Self::Uuid(values) => Arc::new(values.finish()),
            Self::Bytes(values) => Arc::new(values.finish()),
            Self::Date(values) => Arc::new(values.finish()),
            Self::Timestamp(values) => Arc::new(values.finish()),
            Self::List(list) => Arc::new(list.finish()),
        }
    }
}

fn fixed<const N: usize>(raw: &[u8]) -> Result<[u8; N], Trouble> {
    raw.try_into().map_err(|_| Trouble::Malformed)
}

fn utf8(raw: &[u8]) -> Result<&str, Trouble> {
    std::str::from_utf8(raw).map_err(|_| Trouble::Malformed)
}

fn date(days: i32) -> Result<i32, Trouble> {
    match days {
        i32::MIN | i32::MAX => Err(Trouble::Endless),
        _ => days.checked_add(EPOCH_DAYS).ok_or(Trouble::OutOfRange),
    }
}

fn timestamp(micros: i64) -> Result<i64, Trouble> {
    match micros {
        i64::MIN | i64::MAX => Err(Trouble::Endless),
        _ => micros.checked_add(EPOCH_MICROS).ok_or(Trouble::OutOfRange),
    }
}

/// As `charout` of the server has it.
fn append_char(values: &mut StringBuilder, byte: u8) {
    match byte {
        0 => values.append_value(""),
        1..=0x7f => values.append_value(char::from(byte).encode_utf8(&mut [0; 4])),
        _ => values.append_value(format!("\\{byte:03o}")),
    }
}

fn append_uuid(values: &mut StringBuilder, bytes: [u8; 16]) {
    let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
    values.append_value(
        uuid::Uuid::from_bytes(bytes)
            .hyphenated()
            .encode_lower(&mut text),
    );
}
