//! Dates and times as the contract writes them. Four-digit years only; `infinity` and the years before
//! Christ have no number here.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// Days since 1970-01-01 of `2024-02-29`.
pub fn date_days(text: &str) -> Option<i32> {
    if !has_four_digit_year(text) {
        return None;
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// Microseconds since 1970-01-01 of `2024-02-29 23:59:59.999999`; more digits are cut.
pub fn timestamp_micros(text: &str) -> Option<i64> {
    if !has_four_digit_year(text) {
        return None;
    }
    let time = NaiveDateTime::parse_from_str(&with_space(text), "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(time.and_utc().timestamp_micros())
}

/// The same with an offset: `+00`, `+05:30`, `Z`.
pub fn timestamptz_micros(text: &str) -> Option<i64> {
    if !has_four_digit_year(text) {
        return None;
    }
    let text = with_space(text);
    let text = text
        .strip_suffix('Z')
        .map(|local| format!("{local}+00"))
        .unwrap_or(text);
    let time = DateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f%#z").ok()?;
    Some(time.timestamp_micros())
}

fn has_four_digit_year(text: &str) -> bool {
    text.len() > 4
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && text.as_bytes()[4] == b'-'
}

fn with_space(text: &str) -> String {
    text.replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_instant_are_one_number() {
        let micros = Some(1_709_251_199_999_999);
        assert_eq!(timestamp_micros("2024-02-29 23:59:59.999999"), micros);
        for text in [
            "2024-02-29 23:59:59.999999+00",
            "2024-02-29T23:59:59.999999Z",
            "2024-03-01 05:29:59.999999+05:30",
            "2024-02-29 18:59:59.999999-05",
        ] {
            assert_eq!(timestamptz_micros(text), micros, "{text}");
        }
        assert_eq!(date_days("1970-01-02"), Some(1));
        assert_eq!(date_days("0001-01-01"), Some(-719_162));
        assert_eq!(timestamp_micros("1969-12-31 23:59:59"), Some(-1_000_000));
    }

    #[test]
    fn what_has_no_number_is_none() {
        for text in [
            "infinity",
            "10000-01-01 00:00:00",
            "0044-03-15 00:00:00 BC",
            "2023-02-29 00:00:00",
            "",
        ] {
            assert_eq!(timestamp_micros(text), None, "{text}");
        }
        assert_eq!(date_days("2024-02-30"), None);
        assert_eq!(timestamptz_micros("2024-02-29 23:59:59"), None);
    }
}
