//! One column of a batch that is built in here: the buffers of the contract's `column-data`, filled value by value.

use crate::bindings::{ColumnData, ColumnValues, DataType, Error, ErrorKind, Varlen};
use crate::{fault, moment, number};

/// A value that its column cannot hold exactly. Who adds it knows where it came from, and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit;

/// Fills one column.
pub struct ColumnBuilder {
    data_type: DataType,
    rows: u32,
    /// One bit a row, least significant first; set for what is not null.
    validity: Vec<u8>,
    has_nulls: bool,
    values: ColumnValues,
}

impl ColumnBuilder {
    /// # Errors
    /// `Unsupported` for an array, which a plugin cannot build.
    pub fn new(data_type: &DataType) -> Result<Self, Error> {
        let empty = || Varlen {
            offsets: vec![0],
            data: Vec::new(),
        };
        let values = match data_type {
            DataType::Boolean => ColumnValues::Booleans(Vec::new()),
            DataType::Int16 => ColumnValues::Int16s(Vec::new()),
            DataType::Int32 | DataType::Date => ColumnValues::Int32s(Vec::new()),
            DataType::Int64 | DataType::Timestamp | DataType::Timestamptz => {
                ColumnValues::Int64s(Vec::new())
            }
            DataType::Float32 => ColumnValues::Float32s(Vec::new()),
            DataType::Float64 => ColumnValues::Float64s(Vec::new()),
            DataType::Bytes => ColumnValues::Bytes(empty()),
            DataType::Decimal(_)
            | DataType::Text
            | DataType::Time
            | DataType::Uuid
            | DataType::Json
            | DataType::Native(_) => ColumnValues::Texts(empty()),
            DataType::Array(_) => {
                let message = "a plugin cannot build arrays: announce the column as json";
                return Err(fault::error(ErrorKind::Unsupported, message));
            }
        };
        Ok(Self {
            data_type: data_type.clone(),
            rows: 0,
            validity: Vec::new(),
            has_nulls: false,
            values,
        })
    }

    /// Values so far, nulls included.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    pub fn null(&mut self) {
        self.has_nulls = true;
        match &mut self.values {
            ColumnValues::Booleans(bits) => push_bit(bits, self.rows, false),
            ColumnValues::Int16s(values) => values.push(0),
            ColumnValues::Int32s(values) => values.push(0),
            ColumnValues::Int64s(values) => values.push(0),
            ColumnValues::Float32s(values) => values.push(0.0),
            ColumnValues::Float64s(values) => values.push(0.0),
            ColumnValues::Texts(values) | ColumnValues::Bytes(values) => push_bytes(values, b""),
        }
        self.end_value(false);
    }

    pub fn boolean(&mut self, value: bool) -> Result<(), Misfit> {
        let ColumnValues::Booleans(bits) = &mut self.values else {
            return Err(Misfit);
        };
        push_bit(bits, self.rows, value);
        self.added()
    }

    /// Into any column of numbers.
    pub fn int(&mut self, value: i64) -> Result<(), Misfit> {
        match (&self.data_type, &mut self.values) {
            (DataType::Int16, ColumnValues::Int16s(values)) => {
                values.push(value.try_into().map_err(|_| Misfit)?);
            }
            (DataType::Int32, ColumnValues::Int32s(values)) => {
                values.push(value.try_into().map_err(|_| Misfit)?);
            }
            (DataType::Int64, ColumnValues::Int64s(values)) => values.push(value),
            (DataType::Float32 | DataType::Float64 | DataType::Decimal(_), _) => {
                return self.parse(&value.to_string());
            }
            _ => return Err(Misfit),
        }
        self.added()
    }

    pub fn float(&mut self, value: f64) -> Result<(), Misfit> {
        match &mut self.values {
            ColumnValues::Float64s(values) => values.push(value),
            ColumnValues::Float32s(values) => {
                let narrow = value as f32;
                if f64::from(narrow) != value && !value.is_nan() {
                    return Err(Misfit);
                }
                values.push(narrow);
            }
            _ => return Err(Misfit),
        }
        self.added()
    }

    /// Into a column that lands as text, as it is.
    pub fn text(&mut self, value: &str) -> Result<(), Misfit> {
        match (&self.data_type, &mut self.values) {
            (DataType::Decimal(_), _) => Err(Misfit),
            (_, ColumnValues::Texts(values)) => {
                push_bytes(values, value.as_bytes());
                self.added()
            }
            _ => Err(Misfit),
        }
    }

    pub fn bytes(&mut self, value: &[u8]) -> Result<(), Misfit> {
        let ColumnValues::Bytes(values) = &mut self.values else {
            return Err(Misfit);
        };
        push_bytes(values, value);
        self.added()
    }

    /// Days since 1970-01-01.
    pub fn date(&mut self, days: i32) -> Result<(), Misfit> {
        match (&self.data_type, &mut self.values) {
            (DataType::Date, ColumnValues::Int32s(values)) => values.push(days),
            _ => return Err(Misfit),
        }
        self.added()
    }

    /// Microseconds since 1970-01-01: of a wall clock, or of UTC where the column is one of instants.
    pub fn micros(&mut self, micros: i64) -> Result<(), Misfit> {
        match (&self.data_type, &mut self.values) {
            (DataType::Timestamp | DataType::Timestamptz, ColumnValues::Int64s(values)) => {
                values.push(micros);
            }
            _ => return Err(Misfit),
        }
        self.added()
    }

    /// The value that a text says, in the form that the contract gives it. Bytes have none.
    pub fn parse(&mut self, text: &str) -> Result<(), Misfit> {
        match &self.data_type {
            DataType::Boolean if text.eq_ignore_ascii_case("true") => self.boolean(true),
            DataType::Boolean if text.eq_ignore_ascii_case("false") => self.boolean(false),
            DataType::Int16 | DataType::Int32 | DataType::Int64 => {
                self.int(number::int(text).ok_or(Misfit)?)
            }
            DataType::Float32 | DataType::Float64 => self.float(number::float(text).ok_or(Misfit)?),
            DataType::Date => self.date(moment::date(text).ok_or(Misfit)?),
            DataType::Timestamp => self.micros(moment::timestamp(text).ok_or(Misfit)?),
            DataType::Timestamptz => self.micros(moment::timestamptz(text).ok_or(Misfit)?),
            DataType::Decimal((precision, scale)) => {
                let fits = number::fits_decimal(text, *precision, *scale);
                let (ColumnValues::Texts(values), true) = (&mut self.values, fits) else {
                    return Err(Misfit);
                };
                push_bytes(values, text.as_bytes());
                self.added()
            }
            _ => self.text(text),
        }
    }

    /// What was added, and a builder that begins anew.
    pub fn finish(&mut self) -> ColumnData {
        let values = match &mut self.values {
            ColumnValues::Booleans(bits) => ColumnValues::Booleans(std::mem::take(bits)),
            ColumnValues::Int16s(values) => ColumnValues::Int16s(std::mem::take(values)),
            ColumnValues::Int32s(values) => ColumnValues::Int32s(std::mem::take(values)),
            ColumnValues::Int64s(values) => ColumnValues::Int64s(std::mem::take(values)),
            ColumnValues::Float32s(values) => ColumnValues::Float32s(std::mem::take(values)),
            ColumnValues::Float64s(values) => ColumnValues::Float64s(std::mem::take(values)),
            ColumnValues::Texts(values) => ColumnValues::Texts(taken(values)),
            ColumnValues::Bytes(values) => ColumnValues::Bytes(taken(values)),
        };
        let validity = std::mem::take(&mut self.validity);
        self.rows = 0;
        ColumnData {
            validity: std::mem::take(&mut self.has_nulls).then_some(validity),
            values,
        }
    }

    fn added(&mut self) -> Result<(), Misfit> {
        self.end_value(true);
        Ok(())
    }

    fn end_value(&mut self, is_valid: bool) {
        push_bit(&mut self.validity, self.rows, is_valid);
        self.rows += 1;
    }
}

fn push_bit(bits: &mut Vec<u8>, row: u32, bit: bool) {
    if row.is_multiple_of(8) {
        bits.push(0);
    }
    if let (Some(last), true) = (bits.last_mut(), bit) {
        *last |= 1 << (row % 8);
    }
}

fn push_bytes(values: &mut Varlen, bytes: &[u8]) {
    values.data.extend_from_slice(bytes);
    // A guest's whole memory is smaller than what 32 bits count.
    values.offsets.push(values.data.len() as u32);
}

fn taken(values: &mut Varlen) -> Varlen {
    Varlen {
        offsets: std::mem::replace(&mut values.offsets, vec![0]),
        data: std::mem::take(&mut values.data),
    }
}

#[cfg(test)]
#[path = "column_tests.rs"]
mod tests;
