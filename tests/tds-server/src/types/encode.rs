//! Values of a row ([MS-TDS] 2.2.5.5, 2.2.7.19).

use rusqlite::types::ValueRef;

use super::type_info::Sent;
use super::{Type, code_page, decimal, guid, name::decimal_bytes, ticks};
use crate::error::SqlError;
use crate::wire::put;

impl Sent {
    /// Appends one value. A held form that is not the type's own is a fault of the stand-in, and said as such.
    pub fn value(&self, value: ValueRef<'_>, out: &mut Vec<u8>) -> Result<(), SqlError> {
        match value {
            ValueRef::Null => self.null(out),
            _ if self.ty == Type::Variant => variant(value, out),
            ValueRef::Integer(number) => return self.integer(number, out),
            ValueRef::Real(number) => return self.real(number, out),
            ValueRef::Text(text) => return self.text(&String::from_utf8_lossy(text), out),
            ValueRef::Blob(bytes) => return self.bytes(bytes, out),
        }
        Ok(())
    }

    pub fn null(&self, out: &mut Vec<u8>) {
        use Type::*;
        match self.ty {
            ty if ty.is_plp() => out.extend(u64::MAX.to_le_bytes()),
            Char(_) | VarChar(_) | NChar(_) | NVarChar(_) | Binary(_) | VarBinary(_)
            | RowVersion => {
                out.extend(u16::MAX.to_le_bytes());
            }
            Variant => out.extend(0u32.to_le_bytes()),
            _ => out.push(0),
        }
    }

    fn integer(&self, number: i64, out: &mut Vec<u8>) -> Result<(), SqlError> {
        use Type::*;
        let clock = number.rem_euclid(ticks::DAY);
        let days = number.div_euclid(ticks::DAY);
        match self.ty {
            Bit => self.fixed_value(&[u8::from(number != 0)], out),
            TinyInt => self.fixed_value(&[number as u8], out),
            SmallInt => self.fixed_value(&(number as i16).to_le_bytes(), out),
            Int => {
                let number = i32::try_from(number).map_err(|_| SqlError::overflow("int"))?;
                self.fixed_value(&number.to_le_bytes(), out);
            }
            BigInt => self.fixed_value(&number.to_le_bytes(), out),
            SmallMoney => self.fixed_value(&(number as i32).to_le_bytes(), out),
            Money => {
                let mut bytes = ((number >> 32) as i32).to_le_bytes().to_vec();
                bytes.extend((number as u32).to_le_bytes());
                self.fixed_value(&bytes, out);
            }
            Date => {
                out.push(3);
                put_days(out, days);
            }
            Time(digits) => {
                out.push(clock_bytes(digits));
                put_clock(out, clock, digits);
            }
            SmallDateTime => {
                let mut bytes = ((days - ticks::DAYS_TO_1900) as u16).to_le_bytes().to_vec();
                bytes.extend(((clock / ticks::MINUTE) as u16).to_le_bytes());
                self.fixed_value(&bytes, out);
            }
            DateTime => {
                let mut bytes = ((days - ticks::DAYS_TO_1900) as i32).to_le_bytes().to_vec();
                bytes.extend((ticks::to_300ths(clock) as u32).to_le_bytes());
                self.fixed_value(&bytes, out);
            }
            DateTime2(digits) => {
                out.push(clock_bytes(digits) + 3);
                put_clock(out, clock, digits);
                put_days(out, days);
            }
            Real | Float => return self.real(number as f64, out),
            _ => return self.text(&number.to_string(), out),
        }
        Ok(())
    }

    fn real(&self, number: f64, out: &mut Vec<u8>) -> Result<(), SqlError> {
        match self.ty {
            Type::Real => self.fixed_value(&(number as f32).to_le_bytes(), out),
            Type::Float => self.fixed_value(&number.to_le_bytes(), out),
            _ => return self.text(&format!("{number}"), out),
        }
        Ok(())
    }

    fn text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), SqlError> {
        use Type::*;
        match self.ty {
            Decimal(precision, scale) | Numeric(precision, scale) => {
                let mantissa = decimal::mantissa(text, scale);
                let mantissa = mantissa.ok_or_else(|| SqlError::overflow("numeric"))?;
                let length = decimal_bytes(precision);
                out.extend([length, u8::from(mantissa >= 0)]);
                out.extend(&mantissa.unsigned_abs().to_le_bytes()[..usize::from(length) - 1]);
            }
            DateTimeOffset(digits) => {
                let (utc, minutes) =
                    ticks::offset_parts(text).ok_or_else(SqlError::date_conversion)?;
                out.push(clock_bytes(digits) + 5);
                put_clock(out, utc.rem_euclid(ticks::DAY), digits);
                put_days(out, utc.div_euclid(ticks::DAY));
                out.extend((minutes as i16).to_le_bytes());
            }
            Char(_) | VarChar(_) | Text => {
                let mut bytes = if self.is_utf8() {
                    text.as_bytes().to_vec()
                } else {
                    code_page::encode(text)
                };
                if let Char(length) = self.ty {
                    bytes.resize(usize::from(length), b' ');
                }
                self.sized(&bytes, out);
            }
            NChar(_) | NVarChar(_) | NText | Xml => self.sized(&code_page::utf16(text), out),
            HierarchyId | Geography | Geometry => self.sized(text.as_bytes(), out),
            _ => {
                let message = format!("text {text:?} where {} is held", self.ty.full_name());
                return Err(SqlError::unsupported(message));
            }
        }
        Ok(())
    }

    fn bytes(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), SqlError> {
        match self.ty {
            Type::Guid => {
                let wire =
                    guid::wire(bytes).ok_or_else(|| SqlError::overflow("uniqueidentifier"))?;
                out.push(16);
                out.extend(wire);
            }
            ty if ty.is_character() => return self.text(&code_page::decode(bytes), out),
            _ => self.sized(bytes, out),
        }
        Ok(())
    }

    fn fixed_value(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.nullable {
            out.push(bytes.len() as u8);
        }
        out.extend(bytes);
    }

    /// With the length that the type calls for: PLP, a text pointer, or two bytes.
    fn sized(&self, bytes: &[u8], out: &mut Vec<u8>) {
        if self.ty.is_plp() {
            put::plp(out, bytes);
        } else if matches!(self.ty, Type::Text | Type::NText | Type::Image) {
            // A text pointer of 16 bytes and a timestamp of 8, both without meaning here.
            out.push(16);
            out.extend([0xab; 16]);
            out.extend([0; 8]);
            out.extend((bytes.len() as u32).to_le_bytes());
            out.extend(bytes);
        } else {
            out.extend((bytes.len() as u16).to_le_bytes());
            out.extend(bytes);
        }
    }
}

fn clock_bytes(digits: u8) -> u8 {
    match digits {
        0..=2 => 3,
        3..=4 => 4,
        _ => 5,
    }
}

fn put_clock(out: &mut Vec<u8>, clock: i64, digits: u8) {
    let units = clock / 10i64.pow(7 - u32::from(digits));
    out.extend(&units.to_le_bytes()[..usize::from(clock_bytes(digits))]);
}

fn put_days(out: &mut Vec<u8>, days: i64) {
    out.extend(&(days as u32).to_le_bytes()[..3]);
}

/// The base type's own TYPE_INFO comes with each value ([MS-TDS] 2.2.5.5.4).
fn variant(value: ValueRef<'_>, out: &mut Vec<u8>) {
    let (token, properties, data) = match value {
        ValueRef::Integer(number) => match i32::try_from(number) {
            Ok(number) => (0x38u8, vec![], number.to_le_bytes().to_vec()),
            Err(_) => (0x7f, vec![], number.to_le_bytes().to_vec()),
        },
        ValueRef::Real(number) => (0x3e, vec![], number.to_le_bytes().to_vec()),
        ValueRef::Blob(bytes) => (0xa5, 8000u16.to_le_bytes().to_vec(), bytes.to_vec()),
        ValueRef::Text(text) => {
            let mut properties = super::collation::wire(super::collation::DEFAULT).to_vec();
            properties.extend(8000u16.to_le_bytes());
            (
                0xe7,
                properties,
                code_page::utf16(&String::from_utf8_lossy(text)),
            )
        }
        ValueRef::Null => return out.extend(0u32.to_le_bytes()),
    };
    out.extend(((2 + properties.len() + data.len()) as u32).to_le_bytes());
    out.extend([token, properties.len() as u8]);
    out.extend(properties);
    out.extend(data);
}
