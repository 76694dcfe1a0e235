//! Dates and times as ticks of 100 ns: since midnight for a time, since 0001-01-01 for everything else.

/// 100 ns.
pub const SECOND: i64 = 10_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const DAY: i64 = 86_400 * SECOND;
/// Days from 0001-01-01 to 1900-01-01, where datetime and smalldatetime count from.
pub const DAYS_TO_1900: i64 = 693_595;
/// Days from 0001-01-01 to 1970-01-01.
pub const DAYS_TO_1970: i64 = 719_162;
/// datetime counts 300ths of a second.
pub const PER_SECOND: i64 = 300;

/// What a text says: local ticks, and the offset in minutes if one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub ticks: i64,
    pub offset: Option<i64>,
    /// A time alone has no date.
    pub dated: bool,
}

pub fn parse(text: &str) -> Option<Moment> {
    let text = text.trim();
    let (text, offset) = split_offset(text)?;
    let (date, clock) = match text.split_once(['T', ' ']) {
        Some((date, clock)) => (date.trim(), clock.trim()),
        None if text.contains(':') => ("", text),
        None => (text, ""),
    };
    let days = if date.is_empty() {
        0
    } else {
        parse_date(date)?
    };
    let ticks = if clock.is_empty() {
        0
    } else {
        parse_clock(clock)?
    };
    let dated = !date.is_empty();
    let ticks = days * DAY + ticks;
    Some(Moment {
        ticks,
        offset,
        dated,
    })
}

/// `Z`, `+hh:mm` or `-hh:mm` behind a clock.
fn split_offset(text: &str) -> Option<(&str, Option<i64>)> {
    if let Some(text) = text.strip_suffix(['Z', 'z']) {
        return Some((text, Some(0)));
    }
    let Some(clock) = text.find(':') else {
        return Some((text, None));
    };
    let Some(sign) = text[clock..].find(['+', '-']) else {
        return Some((text, None));
    };
    let (text, offset) = text.split_at(clock + sign);
    let (hours, minutes) = offset[1..].split_once(':')?;
    let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
    let minutes = if offset.starts_with('-') {
        -minutes
    } else {
        minutes
    };
    (minutes.abs() <= 840).then_some((text.trim_end(), Some(minutes)))
}

fn parse_date(text: &str) -> Option<i64> {
    let number = |text: &str| text.parse::<i64>().ok();
    let (year, month, day) = if text.len() == 8 && text.bytes().all(|c| c.is_ascii_digit()) {
        (
            number(&text[..4])?,
            number(&text[4..6])?,
            number(&text[6..])?,
        )
    } else {
        let mut parts = text.split(['-', '/']);
        let date = (
            number(parts.next()?)?,
            number(parts.next()?)?,
            number(parts.next()?)?,
        );
        if parts.next().is_some() {
            return None;
        }
        date
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    ((1..=9999).contains(&year) && (1..=length).contains(&day)).then(|| days(year, month, day))
}

fn parse_clock(text: &str) -> Option<i64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(str::parse::<i64>);
    let (hour, minute) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let second = parts.next().unwrap_or(Ok(0)).ok()?;
    let fits = hour < 24 && minute < 60 && second < 60 && parts.next().is_none();
    if !fits || fraction.len() > 9 || !fraction.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let nanos: i64 = format!("{fraction:0<9}").parse().ok()?;
    Some((hour * 3600 + minute * 60 + second) * SECOND + (nanos + 50) / 100)
}

/// Days since 0001-01-01 of the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 306
}

/// Year, month and day of those days.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 306;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Rounds to so many digits of a second, half up; a time does not round into the next day.
pub fn round(ticks: i64, digits: u8) -> i64 {
    let unit = 10i64.pow(7 - u32::from(digits.min(7)));
    (ticks + unit / 2).div_euclid(unit) * unit
}

/// To the nearest 1/300 s, held as ticks.
pub fn round_datetime(ticks: i64) -> i64 {
    let day = ticks.div_euclid(DAY);
    from_300ths(day, to_300ths(ticks.rem_euclid(DAY)))
}

/// 300ths of a second since midnight.
pub fn to_300ths(ticks: i64) -> i64 {
    (ticks * PER_SECOND + SECOND / 2) / SECOND
}

pub fn from_300ths(day: i64, units: i64) -> i64 {
    day * DAY + (units * SECOND + PER_SECOND / 2) / PER_SECOND
}

pub fn date_text(ticks: i64) -> String {
    let (year, month, day) = civil(ticks.div_euclid(DAY));
    format!("{year:04}-{month:02}-{day:02}")
}

pub fn clock_text(ticks: i64, digits: u8) -> String {
    let ticks = ticks.rem_euclid(DAY);
    let seconds = ticks / SECOND;
    let fraction = format!("{:07}", ticks % SECOND);
    let point = if digits > 0 { "." } else { "" };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{hour:02}:{minute:02}:{second:02}{point}{}",
        &fraction[..usize::from(digits)]
    )
}

/// datetimeoffset: UTC ticks, then the minutes of the offset.
pub fn hold_offset(utc: i64, minutes: i64) -> String {
    format!("{utc:019}{minutes:+05}")
}

/// UTC ticks and minutes of a held datetimeoffset.
pub fn offset_parts(held: &str) -> Option<(i64, i64)> {
    let (ticks, minutes) = held.split_at_checked(19)?;
    Some((ticks.parse().ok()?, minutes.parse().ok()?))
}

pub fn offset_text(minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// Now, UTC.
pub fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    DAYS_TO_1970 * DAY + (since.as_nanos() / 100) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_ticks_agree() {
        for text in ["0001-01-01", "1969-12-31", "2000-02-29", "9999-12-31"] {
            assert_eq!(date_text(parse(text).unwrap().ticks), text);
        }
        let moment = parse("2024-03-10T12:34:56.1234567-05:30").unwrap();
        assert_eq!(moment.offset, Some(-330));
        assert_eq!(clock_text(moment.ticks, 7), "12:34:56.1234567");
        assert_eq!(parse("2023-02-29"), None);
    }

    #[test]
    fn a_datetime_falls_on_a_300th() {
        let at = |text: &str| clock_text(round(round_datetime(parse(text).unwrap().ticks), 3), 3);
        assert_eq!(at("2024-01-01 00:00:00.834"), "00:00:00.833");
        assert_eq!(at("2024-01-01 00:00:00.836"), "00:00:00.837");
        assert_eq!(at("2024-01-01 23:59:59.999"), "00:00:00.000");
    }
}
