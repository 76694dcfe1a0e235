//! Dates and times of the wire → the forms that land. What has more digits than microseconds is rounded down, before
//! 1970 too, and says so.

use tiberius::time::{Date, DateTime, DateTime2, SmallDateTime, Time};

use super::super::trouble::Trouble;
use crate::model::cell::date_text;

/// Days from 0001-01-01, the epoch of `date`, to 1970-01-01.
const DATE_EPOCH: i32 = 719_162;
/// Days from 1900-01-01, the epoch of `datetime`, to 1970-01-01.
const DATETIME_EPOCH: i64 = 25_567;
/// 9999-12-31 in days since 0001-01-01.
const LAST_DAY: u32 = 3_652_058;
/// The most digits of a second that a type has.
const MOST_DIGITS: u8 = 7;

const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS_PER_MINUTE: i64 = 60_000_000;
const SECONDS_PER_DAY: u64 = 86_400;
/// `datetime` counts these in a second.
const TICKS_PER_SECOND: u32 = 300;

/// Whether a value has more digits than were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    All,
    RoundedDown,
}

/// Days since 1970-01-01.
pub fn days(date: Date) -> Result<i32, Trouble> {
    let days = date.days();
    if days > LAST_DAY {
        return Err(Trouble::OutOfRange);
    }
    Ok(days.cast_signed() - DATE_EPOCH)
}

/// As the server prints it: milliseconds rounded to the nearest, .833 and .837 for 250 and 251 ticks.
pub fn datetime(value: DateTime) -> Result<i64, Trouble> {
    let ticks = value.seconds_fragments();
    if ticks >= TICKS_PER_SECOND * 86_400 {
        return Err(Trouble::Malformed);
    }
    let millis = (i64::from(ticks) * 10 + 1) / 3;
    Ok((i64::from(value.days()) - DATETIME_EPOCH) * MICROS_PER_DAY + millis * 1000)
}

pub fn smalldatetime(value: SmallDateTime) -> i64 {
    // What tiberius calls fragments of seconds are minutes.
    let minutes = i64::from(value.seconds_fragments());
    (i64::from(value.days()) - DATETIME_EPOCH) * MICROS_PER_DAY + minutes * MICROS_PER_MINUTE
}

/// Microseconds since 1970-01-01.
pub fn datetime2(value: DateTime2) -> Result<(i64, Kept), Trouble> {
    let (seconds, fraction) = parts(value.time())?;
    let micros = fraction / 10;
    let kept = match fraction % 10 {
        0 => Kept::All,
        _ => Kept::RoundedDown,
    };
    let of_day = (seconds * 1_000_000 + micros).cast_signed();
    Ok((
        i64::from(days(value.date())?) * MICROS_PER_DAY + of_day,
        kept,
    ))
}

/// With the number of digits that its type has: `23:59:59.1230000`.
pub fn time_text(value: Time) -> Result<String, Trouble> {
    let (seconds, fraction) = parts(value)?;
    let whole = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if value.scale() == 0 {
        return Ok(whole);
    }
    let fraction = format!("{fraction:07}");
    Ok(format!(
        "{whole}.{}",
        &fraction[..usize::from(value.scale())]
    ))
}

/// Every digit that is not a zero at the end: `2024-02-29 23:59:59.1234567`.
pub fn datetime2_text(value: DateTime2) -> Result<String, Trouble> {
    let date = date_text(days(value.date())?);
    let time = time_text(value.time())?;
    let time = match value.time().scale() {
        0 => time.as_str(),
        _ => time.trim_end_matches('0').trim_end_matches('.'),
    };
    Ok(format!("{date} {time}"))
}

/// Seconds since midnight, and ten-millionths of one.
fn parts(time: Time) -> Result<(u64, u64), Trouble> {
    if time.scale() > MOST_DIGITS {
        return Err(Trouble::Malformed);
    }
    let in_second = 10_u64.pow(time.scale().into());
    let seconds = time.increments() / in_second;
    if seconds >= SECONDS_PER_DAY {
        return Err(Trouble::Malformed);
    }
    let scale_up = 10_u64.pow((MOST_DIGITS - time.scale()).into());
    Ok((seconds, time.increments() % in_second * scale_up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cell::timestamp_text;

    fn at(days: u32, increments: u64, scale: u8) -> DateTime2 {
        DateTime2::new(Date::new(days), Time::new(increments, scale))
    }

    #[test]
    fn datetime_is_what_the_server_prints() {
        let text = |days, ticks| timestamp_text(datetime(DateTime::new(days, ticks)).unwrap(), "");
        assert_eq!(text(0, 0), "1900-01-01 00:00:00");
        assert_eq!(text(-53_690, 1), "1753-01-01 00:00:00.003");
        assert_eq!(text(45_349, 250), "2024-02-29 00:00:00.833");
        assert_eq!(text(45_349, 251), "2024-02-29 00:00:00.837");
        assert_eq!(text(2_958_463, 25_919_999), "9999-12-31 23:59:59.997");
        assert!(datetime(DateTime::new(0, 25_920_000)).is_err());
    }

    #[test]
    fn smalldatetime_counts_minutes() {
        let text =
            |days, minutes| timestamp_text(smalldatetime(SmallDateTime::new(days, minutes)), "");
        assert_eq!(text(0, 0), "1900-01-01 00:00:00");
        assert_eq!(text(u16::MAX, 1439), "2079-06-06 23:59:00");
    }

    #[test]
    fn the_seventh_digit_is_rounded_down_before_1970_too() {
        let shown = |value| {
            let (micros, kept) = datetime2(value).unwrap();
            (timestamp_text(micros, ""), kept)
        };
        let last = 86_400 * 10_000_000 - 1;
        assert_eq!(
            shown(at(719_161, last, 7)),
            ("1969-12-31 23:59:59.999999".into(), Kept::RoundedDown)
        );
        assert_eq!(
            shown(at(0, 10, 7)),
            ("0001-01-01 00:00:00.000001".into(), Kept::All)
        );
        assert_eq!(
            shown(at(LAST_DAY, 86_399, 0)),
            ("9999-12-31 23:59:59".into(), Kept::All)
        );
        assert!(datetime2(at(LAST_DAY + 1, 0, 0)).is_err());
        assert!(datetime2(at(0, 86_400, 0)).is_err());
    }

    #[test]
    fn texts_keep_every_digit() {
        assert_eq!(time_text(Time::new(86_399, 0)).unwrap(), "23:59:59");
        assert_eq!(time_text(Time::new(10, 3)).unwrap(), "00:00:00.010");
        assert_eq!(time_text(Time::new(1, 7)).unwrap(), "00:00:00.0000001");
        assert!(time_text(Time::new(0, 8)).is_err());
        assert_eq!(
            datetime2_text(at(719_162, 1, 7)).unwrap(),
            "1970-01-01 00:00:00.0000001"
        );
        assert_eq!(
            datetime2_text(at(719_162, 10, 0)).unwrap(),
            "1970-01-01 00:00:10"
        );
        assert_eq!(
            datetime2_text(at(719_162, 0, 7)).unwrap(),
            "1970-01-01 00:00:00"
        );
    }
}
