//! CAST and CONVERT between the held forms, and what an INSERT does to a value on its way into a column.

use rusqlite::types::Value;

use super::{Held, MAX, Type, code_page, decimal, guid, ticks};
use crate::error::SqlError;

mod text;

pub use text::{hex, unhex};

/// How a value is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// CAST, or CONVERT with a style (0 if none is written).
    Explicit { style: i64 },
    /// Into a column: a string that does not fit is an error.
    Assign,
}

pub fn cast(value: Value, from: Type, to: Type, how: How) -> Result<Value, SqlError> {
    if matches!(value, Value::Null) {
        return Ok(value);
    }
    let from = base_type(&value, from);
    let style = match how {
        How::Explicit { style } => style,
        How::Assign => 0,
    };
    Ok(match to.held() {
        Held::Integer => Value::Integer(integer(value, from, to)?),
        Held::Real => Value::Real(float(value, from, to)?),
        Held::Money => money(value, from, to)?,
        Held::Decimal => number(value, from, to)?,
        Held::Ticks => Value::Integer(moment(value, from, to)?),
        Held::Offset => offset(value, from, to)?,
        Held::Guid => uuid(value, from)?,
        Held::Blob => blob(value, from, to, how)?,
        Held::Text => text::fit(text::print(value, from, to, style)?, from, to, how)?,
        Held::Any => variant(value, from)?,
    })
}

/// The type of the value in a sql_variant.
pub fn base_type(value: &Value, declared: Type) -> Type {
    match (declared, value) {
        (Type::Variant, Value::Integer(number)) if i32::try_from(*number).is_ok() => Type::Int,
        (Type::Variant, Value::Integer(_)) => Type::BigInt,
        (Type::Variant, Value::Real(_)) => Type::Float,
        (Type::Variant, Value::Blob(_)) => Type::VarBinary(8000),
        (Type::Variant, _) => Type::NVarChar(4000),
        _ => declared,
    }
}

fn integer(value: Value, from: Type, to: Type) -> Result<i64, SqlError> {
    let number = match (from.held(), value) {
        (Held::Integer | Held::Ticks, Value::Integer(number)) => number,
        (Held::Money, Value::Integer(units)) => (units as f64 / 10_000.0).round() as i64,
        (_, Value::Real(number)) if number.abs() < 9.3e18 => number as i64,
        (_, Value::Real(_)) => return Err(SqlError::overflow(to.base_name())),
        (Held::Decimal, Value::Text(text)) => {
            let whole = text.split('.').next().unwrap_or_default();
            whole
                .parse()
                .map_err(|_| SqlError::overflow(to.base_name()))?
        }
        (_, Value::Text(text)) => whole_number(&text, from, to)?,
        (_, Value::Blob(bytes)) => {
            let last = &bytes[bytes.len().saturating_sub(8)..];
            last.iter()
                .fold(0, |number, byte| number << 8 | i64::from(*byte))
        }
        (_, _) => 0,
    };
    let fits = match to {
        Type::Bit => return Ok(i64::from(number != 0)),
        Type::TinyInt => u8::try_from(number).is_ok(),
        Type::SmallInt => i16::try_from(number).is_ok(),
        Type::Int => i32::try_from(number).is_ok(),
        _ => true,
    };
    if fits {
        Ok(number)
    } else {
        Err(SqlError::overflow(to.base_name()))
    }
}

fn whole_number(text: &str, from: Type, to: Type) -> Result<i64, SqlError> {
    match text.trim() {
        "" => Ok(0),
        "true" | "TRUE" | "True" if to == Type::Bit => Ok(1),
        "false" | "FALSE" | "False" if to == Type::Bit => Ok(0),
        trimmed => trimmed.parse().map_err(|_| {
            if decimal::rescale(trimmed, 0).is_some() && !trimmed.contains('.') {
                SqlError::overflow(to.base_name())
            } else {
                SqlError::conversion(text, from.base_name(), to.base_name())
            }
        }),
    }
}

fn float(value: Value, from: Type, to: Type) -> Result<f64, SqlError> {
    let number = match value {
        Value::Integer(units) if from.held() == Held::Money => units as f64 / 10_000.0,
        Value::Integer(number) => number as f64,
        Value::Real(number) => number,
        Value::Text(text) => text.trim().parse().map_err(|_| {
            let message = format!(
                "Error converting data type {} to {}.",
                from.base_name(),
                to.base_name()
            );
            SqlError::new(8114, 16, message)
        })?,
        _ => return Err(SqlError::unsupported("bytes as a float")),
    };
    Ok(if to == Type::Real {
        f64::from(number as f32)
    } else {
        number
    })
}

/// Decimal text of any number.
fn digits(value: Value, from: Type) -> Option<String> {
    match value {
        Value::Integer(units) if from.held() == Held::Money => {
            Some(decimal::from_mantissa(units.into(), 4))
        }
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(format!("{number}")),
        Value::Text(text) => decimal::rescale(&text, 0).map(|_| text),
        _ => None,
    }
}

fn money(value: Value, from: Type, to: Type) -> Result<Value, SqlError> {
    let units = digits(value, from).and_then(|text| decimal::mantissa(&text, 4));
    let units = units.ok_or_else(|| {
        let message = "Cannot convert a char value to money. The char value has incorrect syntax.";
        SqlError::new(235, 16, message)
    })?;
    let units = i64::try_from(units).map_err(|_| SqlError::overflow(to.base_name()))?;
    if to == Type::SmallMoney && i32::try_from(units).is_err() {
        return Err(SqlError::overflow("smallmoney"));
    }
    Ok(Value::Integer(units))
}

fn number(value: Value, from: Type, to: Type) -> Result<Value, SqlError> {
    let (precision, scale) = to.as_decimal().unwrap_or((38, 0));
    let text = digits(value, from).and_then(|text| decimal::rescale(&text, scale));
    let text = text.ok_or_else(|| {
        let message = format!(
            "Error converting data type {} to numeric.",
            from.base_name()
        );
        SqlError::new(8114, 16, message)
    })?;
    if decimal::whole_digits(&text) > usize::from(precision - scale) {
        let message = format!(
            "Arithmetic overflow error converting {} to data type numeric.",
            from.base_name()
        );
        return Err(SqlError::new(8115, 16, message));
    }
    Ok(Value::Text(text))
}

/// Local ticks and the offset of any date or time.
fn read_moment(value: Value, from: Type) -> Result<ticks::Moment, SqlError> {
    let dated = !matches!(from, Type::Time(_));
    Ok(match value {
        Value::Integer(ticks) if from.held() == Held::Ticks => ticks::Moment {
            ticks,
            offset: None,
            dated,
        },
        Value::Text(held) if from.held() == Held::Offset => {
            let (utc, minutes) = ticks::offset_parts(&held).unwrap_or_default();
            let ticks = utc + minutes * ticks::MINUTE;
            ticks::Moment {
                ticks,
                offset: Some(minutes),
                dated,
            }
        }
        // Numbers count days from 1900-01-01.
        Value::Integer(days) => {
            let ticks = (days + ticks::DAYS_TO_1900) * ticks::DAY;
            ticks::Moment {
                ticks,
                offset: None,
                dated: true,
            }
        }
        Value::Text(text) => ticks::parse(&text).ok_or_else(SqlError::date_conversion)?,
        _ => return Err(SqlError::date_conversion()),
    })
}

fn moment(value: Value, from: Type, to: Type) -> Result<i64, SqlError> {
    let moment = read_moment(value, from)?;
    let clock = moment.ticks.rem_euclid(ticks::DAY);
    let local = if moment.dated {
        moment.ticks
    } else {
        ticks::DAYS_TO_1900 * ticks::DAY + clock
    };
    Ok(match to {
        Type::Date => local - local.rem_euclid(ticks::DAY),
        Type::Time(digits) => ticks::round(clock, digits).rem_euclid(ticks::DAY),
        Type::SmallDateTime => {
            (local + ticks::MINUTE / 2).div_euclid(ticks::MINUTE) * ticks::MINUTE
        }
        Type::DateTime => ticks::round_datetime(local),
        Type::DateTime2(digits) => ticks::round(local, digits),
        _ => local,
    })
}

fn offset(value: Value, from: Type, to: Type) -> Result<Value, SqlError> {
    let moment = read_moment(value, from)?;
    let Type::DateTimeOffset(digits) = to else {
        return Err(SqlError::date_conversion());
    };
    let base = if moment.dated {
        0
    } else {
        ticks::DAYS_TO_1900 * ticks::DAY
    };
    let minutes = moment.offset.unwrap_or(0);
    let utc = ticks::round(base + moment.ticks, digits) - minutes * ticks::MINUTE;
    Ok(Value::Text(ticks::hold_offset(utc, minutes)))
}

fn uuid(value: Value, from: Type) -> Result<Value, SqlError> {
    let held = match value {
        Value::Blob(bytes) if from == Type::Guid => Some(bytes),
        Value::Blob(bytes) => <[u8; 16]>::try_from(bytes).ok().map(guid::hold),
        Value::Text(text) => guid::parse(&text),
        _ => None,
    };
    held.map(Value::Blob).ok_or_else(|| {
        let message =
            "Conversion failed when converting from a character string to uniqueidentifier.";
        SqlError::new(8169, 16, message)
    })
}

fn blob(value: Value, from: Type, to: Type, how: How) -> Result<Value, SqlError> {
    let style = if let How::Explicit { style } = how {
        style
    } else {
        0
    };
    let width = usize::from(to.length().unwrap_or(MAX));
    let mut bytes = match value {
        Value::Blob(bytes) if from == Type::Guid => {
            guid::wire(&bytes).map(Vec::from).unwrap_or(bytes)
        }
        Value::Blob(bytes) => bytes,
        Value::Integer(number) => {
            let bytes = number.to_be_bytes();
            let own = usize::from(from.measures().0.clamp(1, 8) as u16);
            let wanted = if matches!(to, Type::Binary(_)) || own > width {
                width
            } else {
                own
            };
            let mut out = vec![0; wanted.saturating_sub(8)];
            out.extend(&bytes[8 - wanted.min(8)..]);
            out
        }
        Value::Text(text) if style == 1 || style == 2 => {
            unhex(&text, style == 1).ok_or_else(|| {
                SqlError::new(8114, 16, "Error converting data type varchar to varbinary.")
            })?
        }
        Value::Text(text) if from.is_unicode() => code_page::utf16(&text),
        Value::Text(text) => code_page::encode(&text),
        _ => return Err(SqlError::unsupported("a float as bytes")),
    };
    if width != usize::from(MAX) {
        if bytes.len() > width && how == How::Assign {
            return Err(text::truncated());
        }
        bytes.truncate(width);
        if matches!(to, Type::Binary(_) | Type::RowVersion) {
            bytes.resize(width, 0);
        }
    }
    Ok(Value::Blob(bytes))
}

/// A variant keeps what SQLite can tell apart, and a text of the rest.
fn variant(value: Value, from: Type) -> Result<Value, SqlError> {
    match from.held() {
        Held::Integer | Held::Real | Held::Text | Held::Blob => Ok(value),
        _ => text::print(value, from, Type::NVarChar(4000), 121).map(Value::Text),
    }
}
