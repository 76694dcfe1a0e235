//! Parameters of an RPC: TYPE_INFO and a value, back to the held form ([MS-TDS] 2.2.6.6).

use rusqlite::types::Value;

use super::{MAX, Type, code_page, decimal, guid, ticks};
use crate::wire::read::{Cursor, Malformed};

/// A parameter's type and value.
pub fn read(cursor: &mut Cursor<'_>) -> Result<(Type, Value), Malformed> {
    let token = cursor.u8()?;
    match token {
        0x1f => Ok((Type::Int, Value::Null)),
        0x30 | 0x32 | 0x34 | 0x38 | 0x7f => {
            let (ty, width) = match token {
                0x30 => (Type::TinyInt, 1),
                0x32 => (Type::Bit, 1),
                0x34 => (Type::SmallInt, 2),
                0x38 => (Type::Int, 4),
                _ => (Type::BigInt, 8),
            };
            Ok((ty, integer(cursor.take(width)?)))
        }
        0x26 | 0x68 => {
            let ty = match (token, cursor.u8()?) {
                (0x68, _) => Type::Bit,
                (_, 1) => Type::TinyInt,
                (_, 2) => Type::SmallInt,
                (_, 4) => Type::Int,
                _ => Type::BigInt,
            };
            Ok((ty, short(cursor)?.map_or(Value::Null, integer)))
        }
        0x6d => {
            let ty = if cursor.u8()? == 4 {
                Type::Real
            } else {
                Type::Float
            };
            Ok((ty, short(cursor)?.map_or(Value::Null, float)))
        }
        0x6a | 0x6c => {
            cursor.u8()?;
            let (precision, scale) = (cursor.u8()?, cursor.u8()?);
            let value = short(cursor)?.map_or(Value::Null, |bytes| number(bytes, scale));
            Ok((Type::Decimal(precision, scale), value))
        }
        0x24 => {
            cursor.u8()?;
            let bytes = short(cursor)?.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
            Ok((
                Type::Guid,
                bytes.map_or(Value::Null, |wire| Value::Blob(guid::hold(wire))),
            ))
        }
        0x28 => {
            let days = short(cursor)?.map(|bytes| Value::Integer(unsigned(bytes) * ticks::DAY));
            Ok((Type::Date, days.unwrap_or(Value::Null)))
        }
        0x29..=0x2b => clocked(cursor, token),
        0x6f => {
            let ty = if cursor.u8()? == 4 {
                Type::SmallDateTime
            } else {
                Type::DateTime
            };
            Ok((ty, short(cursor)?.map_or(Value::Null, old_moment)))
        }
        0xe7 | 0xef | 0xa7 | 0xaf | 0xa5 | 0xad => sized(cursor, token),
        0xf1 => {
            cursor.u8()?;
            let text = plp(cursor)?.map(|bytes| Value::Text(code_page::from_utf16(&bytes)));
            Ok((Type::Xml, text.unwrap_or(Value::Null)))
        }
        _ => Err(Malformed(
            "a parameter of a type that the stand-in does not read",
        )),
    }
}

fn sized(cursor: &mut Cursor<'_>, token: u8) -> Result<(Type, Value), Malformed> {
    let length = cursor.u16()?;
    let is_text = !matches!(token, 0xa5 | 0xad);
    if is_text {
        cursor.take(5)?;
    }
    let bytes = if length == MAX {
        plp(cursor)?
    } else {
        match cursor.u16()? {
            u16::MAX => None,
            length => Some(cursor.take(length.into())?.to_vec()),
        }
    };
    let unicode = token == 0xe7 || token == 0xef;
    let ty = match (is_text, unicode) {
        (false, _) => Type::VarBinary(length),
        (true, true) if length == MAX => Type::NVarChar(MAX),
        (true, true) => Type::NVarChar(length / 2),
        (true, false) => Type::VarChar(length),
    };
    let value = bytes.map_or(Value::Null, |bytes| match (is_text, unicode) {
        (false, _) => Value::Blob(bytes),
        (true, true) => Value::Text(code_page::from_utf16(&bytes)),
        (true, false) => Value::Text(code_page::decode(&bytes)),
    });
    Ok((ty, value))
}

/// time, datetime2, datetimeoffset.
fn clocked(cursor: &mut Cursor<'_>, token: u8) -> Result<(Type, Value), Malformed> {
    let digits = cursor.u8()?.min(7);
    let ty = match token {
        0x29 => Type::Time(digits),
        0x2a => Type::DateTime2(digits),
        _ => Type::DateTimeOffset(digits),
    };
    let Some(bytes) = short(cursor)? else {
        return Ok((ty, Value::Null));
    };
    let behind = [0, 3, 5][usize::from(token - 0x29)];
    let (clock, rest) = bytes
        .split_at_checked(bytes.len().saturating_sub(behind))
        .ok_or(Malformed("a date that ends early"))?;
    let clock = unsigned(clock) * 10i64.pow(7 - u32::from(digits));
    let value = match token {
        0x29 => Value::Integer(clock),
        0x2a => Value::Integer(unsigned(rest) * ticks::DAY + clock),
        _ => {
            let utc = unsigned(&rest[..3]) * ticks::DAY + clock;
            let minutes = i16::from_le_bytes([rest[3], rest[4]]);
            Value::Text(ticks::hold_offset(utc, minutes.into()))
        }
    };
    Ok((ty, value))
}

fn old_moment(bytes: &[u8]) -> Value {
    let (days, clock) = bytes.split_at(bytes.len() / 2);
    let (days, clock) = (unsigned(days), unsigned(clock));
    Value::Integer(if bytes.len() == 4 {
        (ticks::DAYS_TO_1900 + days) * ticks::DAY + clock * ticks::MINUTE
    } else {
        // A datetime before 1900 counts back.
        let days = i64::from(days as u32 as i32);
        ticks::from_300ths(ticks::DAYS_TO_1900 + days, clock)
    })
}

/// A value behind one byte of length; none is NULL.
fn short<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, Malformed> {
    match cursor.u8()? {
        0 => Ok(None),
        length => cursor.take(length.into()).map(Some),
    }
}

fn integer(bytes: &[u8]) -> Value {
    Value::Integer(match bytes {
        [a] => i64::from(*a),
        [a, b] => i16::from_le_bytes([*a, *b]).into(),
        [a, b, c, d] => i32::from_le_bytes([*a, *b, *c, *d]).into(),
        _ => unsigned(bytes),
    })
}

fn float(bytes: &[u8]) -> Value {
    Value::Real(match <[u8; 4]>::try_from(bytes) {
        Ok(bytes) => f32::from_le_bytes(bytes).into(),
        Err(_) => f64::from_bits(unsigned(bytes) as u64),
    })
}

fn number(bytes: &[u8], scale: u8) -> Value {
    let mut digits = [0; 16];
    let count = (bytes.len() - 1).min(16);
    digits[..count].copy_from_slice(&bytes[1..=count]);
    let mantissa = i128::from_le_bytes(digits);
    let mantissa = if bytes[0] == 0 { -mantissa } else { mantissa };
    Value::Text(decimal::from_mantissa(mantissa, scale))
}

fn unsigned(bytes: &[u8]) -> i64 {
    let bytes = bytes.iter().take(8).rev();
    bytes.fold(0, |number, byte| number << 8 | i64::from(*byte))
}

fn plp(cursor: &mut Cursor<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    if cursor.u64()? == u64::MAX {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    loop {
        match cursor.u32()? {
            0 => return Ok(Some(bytes)),
            length => bytes.extend(cursor.take(length as usize)?),
        }
    }
}
