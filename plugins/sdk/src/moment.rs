//! Dates and times as texts write them, in the numbers that a batch holds. Exactly or not at all: a date that no calendar
//! has, or more digits than microseconds, is none. Pure.

const MICROS: i64 = 1_000_000;
const SECONDS_A_DAY: i64 = 86_400;

/// Days since 1970-01-01 of `2024-02-29`.
pub fn date(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (
        number(&bytes[..4])?,
        number(&bytes[5..7])?,
        number(&bytes[8..])?,
    );
    let is_date = (1..=12).contains(&month) && day >= 1 && day <= days_of(month, year);
    is_date.then(|| i32::try_from(days(year, month, day)).ok())?
}

/// Microseconds since 1970-01-01 of `2024-02-29 23:59:59.999999`, with a space or a `T`.
pub fn timestamp(text: &str) -> Option<i64> {
    let (day, clock) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes()[10], b' ' | b'T') {
        return None;
    }
    let seconds = i64::from(date(day)?) * SECONDS_A_DAY;
    Some(seconds * MICROS + time_of_day(clock)?)
}

/// The same with an offset: `Z`, `+00`, `-05:30`, `+0530`.
pub fn timestamptz(text: &str) -> Option<i64> {
    if let Some(local) = text.strip_suffix('Z') {
        return timestamp(local);
    }
    let at = 11 + text.get(11..)?.rfind(['+', '-'])?;
    let (local, offset) = text.split_at(at);
    Some(timestamp(local)? - offset_seconds(offset)? * MICROS)
}

fn time_of_day(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (text, ""),
    };
    let bytes = clock.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hour, minute) = (number(&bytes[..2])?, number(&bytes[3..5])?);
    let second = number(&bytes[6..])?;
    let fraction = fraction.trim_end_matches('0');
    if hour > 23 || minute > 59 || second > 59 || fraction.len() > 6 {
        return None;
    }
    let micros = number(format!("{fraction:0<6}").as_bytes())?;
    Some(((hour * 60 + minute) * 60 + second) * MICROS + micros)
}

fn offset_seconds(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits = text[1..].replacen(':', "", 1);
    let (hours, minutes) = match digits.len() {
        2 => (digits.as_str(), "00"),
        4 => digits.split_at(2),
        _ => return None,
    };
    let (hours, minutes) = (number(hours.as_bytes())?, number(minutes.as_bytes())?);
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

/// Digits only, and few enough to fit.
fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Since 1970-01-01, in the calendar of today. Years begin in March here, so that the leap day is the last one.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(date("1970-01-01"), Some(0));
        assert_eq!(date("2024-02-29"), Some(19_782));
        assert_eq!(date("0001-01-01"), Some(-719_162));
        assert_eq!(date("9999-12-31"), Some(2_932_896));
        for text in [
            "2023-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-1-01",
            "24-01-01",
            "2024-01-32",
            "2024-01-0x",
            "",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn forms_of_one_instant_are_one_number() {
        let micros = Some(1_709_251_199_999_999);
        assert_eq!(timestamp("2024-02-29 23:59:59.999999"), micros);
        assert_eq!(timestamp("2024-02-29T23:59:59.999999000"), micros);
        for text in [
            "2024-02-29 23:59:59.999999+00",
            "2024-02-29T23:59:59.999999Z",
            "2024-03-01 05:29:59.999999+05:30",
            "2024-02-29 18:59:59.999999-0500",
        ] {
            assert_eq!(timestamptz(text), micros, "{text}");
        }
        assert_eq!(timestamp("1969-12-31 23:59:59"), Some(-1_000_000));
    }

    #[test]
    fn what_would_lose_something_is_none() {
        for text in [
            "2024-02-29 23:59:59.1234567",
            "2024-02-29 24:00:00",
            "2024-02-29 23:59:60",
            "2024-02-29",
            "2024-02-29x23:59:59",
            "2024-02-29 23:59",
            "2024-02-29 23:59:59.",
            "2024-02-29 23:59:59Z",
            "äääääääääää",
        ] {
            assert_eq!(timestamp(text), None, "{text}");
        }
        for text in [
            "2024-02-29 23:59:59",
            "2024-02-29 23:59:59+1",
            "2024-02-29 23:59:59+0x:00",
            "Z",
            "äääääääÄ+00",
        ] {
            assert_eq!(timestamptz(text), None, "{text}");
        }
    }
}
