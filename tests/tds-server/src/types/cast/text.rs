//! Values as text, in the styles of CONVERT that are in use, and texts cut to their column.

use rusqlite::types::Value;

use super::{Held, How, MAX, Type, code_page, guid, ticks};
use crate::error::SqlError;
use crate::types::decimal;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

pub fn print(value: Value, from: Type, to: Type, style: i64) -> Result<String, SqlError> {
    Ok(match (from.held(), value) {
        (Held::Ticks, Value::Integer(at)) => moment(at, from, style),
        (Held::Offset, Value::Text(held)) => {
            let (utc, minutes) = ticks::offset_parts(&held).unwrap_or_default();
            let local = utc + minutes * ticks::MINUTE;
            let between = if style == 126 { "" } else { " " };
            format!(
                "{}{between}{}",
                moment(local, from, style),
                ticks::offset_text(minutes)
            )
        }
        (Held::Money, Value::Integer(units)) => {
            let text = decimal::from_mantissa(units.into(), 4);
            let digits = if style == 2 || style == 126 { 4 } else { 2 };
            decimal::rescale(&text, digits).unwrap_or(text)
        }
        (Held::Guid, Value::Blob(held)) => guid::text(&held).unwrap_or_default(),
        (_, Value::Text(text)) => text,
        (_, Value::Integer(number)) => number.to_string(),
        (_, Value::Real(number)) => float(number, from, style),
        (_, Value::Blob(bytes)) if style == 1 => format!("0x{}", hex(&bytes)),
        (_, Value::Blob(bytes)) if style == 2 => hex(&bytes),
        (_, Value::Blob(bytes)) if to.is_unicode() => code_page::from_utf16(&bytes),
        (_, Value::Blob(bytes)) => code_page::decode(&bytes),
        (_, Value::Null) => String::new(),
    })
}

/// datetime and smalldatetime without a style print months; the newer types print ISO.
fn moment(at: i64, from: Type, style: i64) -> String {
    let old = matches!(from, Type::DateTime | Type::SmallDateTime);
    let digits = match from {
        Type::Time(digits) | Type::DateTime2(digits) | Type::DateTimeOffset(digits) => digits,
        _ => 3,
    };
    // Milliseconds of a datetime are rounded: 1/300 s is .003, 2/300 s is .007.
    let at = if from == Type::DateTime {
        ticks::round(at, 3)
    } else {
        at
    };
    let date = ticks::date_text(at);
    match (from, style) {
        (Type::Time(_), _) => return ticks::clock_text(at, digits),
        (Type::Date, 112) => return date.replace('-', ""),
        (Type::Date, _) => return date,
        _ => {}
    }
    match style {
        23 => date,
        112 => date.replace('-', ""),
        20 | 120 => format!("{date} {}", ticks::clock_text(at, 0)),
        126 | 127 => {
            let digits = if at % ticks::SECOND == 0 { 0 } else { digits };
            format!("{date}T{}", ticks::clock_text(at, digits))
        }
        0 | 100 if old => month_text(at),
        _ => format!("{date} {}", ticks::clock_text(at, digits)),
    }
}

fn month_text(at: i64) -> String {
    let (year, month, day) = ticks::civil(at.div_euclid(ticks::DAY));
    let minutes = at.rem_euclid(ticks::DAY) / ticks::MINUTE;
    let (hour, half) = (minutes / 60 % 12, if minutes < 720 { "AM" } else { "PM" });
    let hour = if hour == 0 { 12 } else { hour };
    let month = MONTHS[month as usize - 1];
    format!(
        "{month} {day:>2} {year} {hour:>2}:{:02}{half}",
        minutes % 60
    )
}

/// Style 0: six digits; 1: eight; 2: sixteen; 3: as many as tell every value apart, always with an exponent.
fn float(number: f64, from: Type, style: i64) -> String {
    let digits = match (style, from) {
        (1, _) => 8,
        (2, _) => 16,
        (3, Type::Real) => 9,
        (3, _) => 17,
        _ => 6,
    };
    let text = format!("{number:.*e}", digits - 1);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if style == 0 && (-5..6).contains(&exponent) {
        let text = format!("{number:.*}", (5 - exponent).max(0) as usize);
        if !text.contains('.') {
            return text;
        }
        return text.trim_end_matches('0').trim_end_matches('.').to_string();
    }
    let mantissa = match style {
        0 if mantissa.contains('.') => mantissa.trim_end_matches('0').trim_end_matches('.'),
        _ => mantissa,
    };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:03}", exponent.abs())
}

/// Cuts and pads to the length of the type. A number that does not fit is an error, a string is cut.
pub fn fit(text: String, from: Type, to: Type, how: How) -> Result<Value, SqlError> {
    let Some(length) = to.length().filter(|length| *length != MAX) else {
        return Ok(Value::Text(text));
    };
    let length = usize::from(length);
    let unit = |c: char| if to.is_unicode() { c.len_utf16() } else { 1 };
    let mut used = 0;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        used += unit(c);
        if used > length {
            used -= unit(c);
            end = at;
            break;
        }
    }
    let rest_is_blank = text[end..].trim_end_matches(' ').is_empty();
    if !rest_is_blank && how == How::Assign {
        return Err(truncated());
    }
    if !rest_is_blank
        && !matches!(
            from.held(),
            Held::Text | Held::Blob | Held::Ticks | Held::Offset
        )
    {
        return Err(SqlError::overflow(to.base_name()));
    }
    let mut text = text;
    text.truncate(end);
    if matches!(to, Type::Char(_) | Type::NChar(_)) {
        text.extend(std::iter::repeat_n(' ', length - used));
    }
    Ok(Value::Text(text))
}

pub fn truncated() -> SqlError {
    SqlError::new(8152, 16, "String or binary data would be truncated.")
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// `prefixed`: it has to start with 0x.
pub fn unhex(text: &str, prefixed: bool) -> Option<Vec<u8>> {
    let text = text.trim();
    let digits = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if prefixed => digits,
        None if !prefixed => text,
        _ => return None,
    };
    if digits.len() % 2 == 1 || !digits.is_ascii() {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_print_what_the_server_prints() {
        let at = ticks::round_datetime(ticks::parse("2024-03-05 14:07:09.836").unwrap().ticks);
        assert_eq!(moment(at, Type::DateTime, 121), "2024-03-05 14:07:09.837");
        assert_eq!(moment(at, Type::DateTime, 126), "2024-03-05T14:07:09.837");
        assert_eq!(moment(at, Type::DateTime, 0), "Mar  5 2024  2:07PM");
        assert_eq!(float(0.1, Type::Float, 3), "1.0000000000000001e-001");
        assert_eq!(float(1_234_567.0, Type::Float, 0), "1.23457e+006");
        assert_eq!(float(12.5, Type::Float, 0), "12.5");
        assert_eq!(hex(&unhex("0x00Ff", true).unwrap()), "00FF");
    }
}
