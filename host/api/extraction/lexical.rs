//! Whether the text of a cursor value can be a value of its kind. Only the form is checked: the source orders and compares,
//! and says itself what its column cannot hold.

use chrono::NaiveDate;

/// What databases call the ends of time.
const INFINITE: [&str; 2] = ["infinity", "-infinity"];
/// What a numeric column may hold besides digits.
const NOT_DIGITS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
/// PostgreSQL's last year is 5874897.
const MAX_YEAR_DIGITS: usize = 7;

/// Digits with an optional sign, point and exponent, or one of the words.
pub fn is_decimal(text: &str) -> bool {
    if NOT_DIGITS.contains(&text) {
        return true;
    }
    let mut rest = Rest::of(text);
    rest.sign();
    let whole = rest.digits(usize::MAX);
    let fraction = match rest.eat(".") {
        true => rest.digits(usize::MAX),
        false => "",
    };
    if whole.is_empty() && fraction.is_empty() {
        return false;
    }
    if rest.eat("e") || rest.eat("E") {
        rest.sign();
        return !rest.digits(usize::MAX).is_empty() && rest.is_empty();
    }
    rest.is_empty()
}

/// The float that the text means; none if it is none, or beyond the range.
pub fn float(text: &str) -> Option<f64> {
    let float: f64 = text.parse().ok().filter(|_| is_decimal(text))?;
    (float.is_finite() || NOT_DIGITS.contains(&text)).then_some(float)
}

/// `2026-01-31`; years before 1 with ` BC`.
pub fn is_date(text: &str) -> bool {
    INFINITE.contains(&text) || Rest::of(text).is(Rest::date)
}

/// `23:59:59.123456`, with an optional offset.
pub fn is_time(text: &str) -> bool {
    Rest::of(text).is(|rest| rest.time() && (rest.is_empty() || rest.offset()))
}

/// `2026-01-31T23:59:59.123456`, or with a space.
pub fn is_timestamp(text: &str) -> bool {
    INFINITE.contains(&text) || Rest::of(text).is(|rest| rest.date() && rest.gap() && rest.time())
}

/// The same with an offset. Without one it would mean something else in every time zone.
pub fn is_timestamptz(text: &str) -> bool {
    INFINITE.contains(&text)
        || Rest::of(text).is(|rest| rest.date() && rest.gap() && rest.time() && rest.offset())
}

/// Bytes from hex digits, plain or after `\x` or `0x`.
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let prefixes = ["\\x", "0x", "0X"];
    let digits = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
    let digits = digits.unwrap_or(text).as_bytes();
    if digits.is_empty() || digits.len() % 2 == 1 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    digits
        .chunks_exact(2)
        .map(|pair| Some((digit(pair[0])? << 4) | digit(pair[1])?))
        .collect()
}

/// What is not read yet.
struct Rest<'a> {
    text: &'a str,
    before_christ: bool,
}

impl<'a> Rest<'a> {
    fn of(text: &'a str) -> Self {
        let before_christ = text.strip_suffix(" BC");
        Self {
            text: before_christ.unwrap_or(text),
            before_christ: before_christ.is_some(),
        }
    }

    /// Whether `parts` reads everything.
    fn is(mut self, parts: impl FnOnce(&mut Self) -> bool) -> bool {
        parts(&mut self) && self.is_empty()
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn eat(&mut self, token: &str) -> bool {
        let rest = self.text.strip_prefix(token);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// Whether there was one.
    fn sign(&mut self) -> bool {
        self.eat("-") || self.eat("+")
    }

    fn digits(&mut self, at_most: usize) -> &'a str {
        let count = self.text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.text.split_at(count.min(at_most));
        self.text = rest;
        digits
    }

    /// A number of two digits.
    fn pair(&mut self) -> Option<u32> {
        let digits = self.digits(2);
        digits.parse().ok().filter(|_| digits.len() == 2)
    }

    fn pair_up_to(&mut self, most: u32) -> bool {
        self.pair().is_some_and(|number| number <= most)
    }

    fn date(&mut self) -> bool {
        let year = self.digits(MAX_YEAR_DIGITS);
        if year.len() < 4 || !self.eat("-") {
            return false;
        }
        let month = self.pair();
        if !self.eat("-") {
            return false;
        }
        let (Ok(year), Some(month), Some(day)) = (year.parse::<i32>(), month, self.pair()) else {
            return false;
        };
        // 1 BC is the year 0 of the calendar, which repeats every 400 years.
        let year = if self.before_christ { 1 - year } else { year };
        NaiveDate::from_ymd_opt(2000 + year.rem_euclid(400), month, day).is_some()
    }

    fn gap(&mut self) -> bool {
        self.eat("T") || self.eat(" ")
    }

    fn time(&mut self) -> bool {
        let hours_minutes = self.pair_up_to(24) && self.eat(":") && self.pair_up_to(59);
        // 60 is a leap second.
        let seconds = !self.eat(":") || self.pair_up_to(60);
        let fraction = !self.eat(".") || !self.digits(9).is_empty();
        hours_minutes && seconds && fraction
    }

    /// `Z`, or hours with optional minutes and seconds: places had seconds before they had time zones.
    fn offset(&mut self) -> bool {
        self.eat(" ");
        if self.eat("Z") || self.eat("z") {
            return true;
        }
        if !self.sign() || !self.pair_up_to(15) {
            return false;
        }
        for _minutes_then_seconds in 0..2 {
            let colon = self.eat(":");
            if (colon || !self.is_empty()) && !self.pair_up_to(59) {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(is: fn(&str) -> bool, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(is(text), "{text:?}");
        }
        for text in bad {
            assert!(!is(text), "{text:?}");
        }
    }

    #[test]
    fn decimals() {
        let long = "9".repeat(200);
        let good = [
            "0",
            "-1.50",
            "+1",
            ".5",
            "5.",
            "1e10",
            "1E-3",
            "NaN",
            "-Infinity",
            &long,
        ];
        let bad = [
            "",
            "-",
            ".",
            "1.2.3",
            "1,5",
            "0x1",
            "1e",
            "nan",
            "1 ",
            "१",
            "1;drop table t",
            "1 BC2",
        ];
        check(is_decimal, &good, &bad);
    }

    #[test]
    fn floats() {
        assert_eq!(float("0.1"), Some(0.1));
        assert_eq!(float("-Infinity"), Some(f64::NEG_INFINITY));
        assert!(float("NaN").is_some_and(f64::is_nan));
        for bad in ["1e999", "inf", "nan", "", "x", "infinity"] {
            assert_eq!(float(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates() {
        let good = [
            "2026-01-31",
            "2024-02-29",
            "5874897-12-31",
            "0001-02-29 BC",
            "infinity",
        ];
        let bad = [
            "2026-02-29",
            "2026-13-01",
            "26-01-01",
            "2026-1-1",
            "2026-01-01T00:00",
            "20260131",
            "",
            "0001-02-29",
        ];
        check(is_date, &good, &bad);
    }

    #[test]
    fn times() {
        let good = [
            "00:00",
            "23:59:60",
            "12:00:00.1234567",
            "24:00:00",
            "12:00:00+02",
            "12:00:00.5-05:30",
        ];
        let bad = ["25:00", "12:60", "12", "12:00:00.", "12:00:00+", "noon", ""];
        check(is_time, &good, &bad);
    }

    #[test]
    fn timestamps() {
        let good = [
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00.031153",
            "0044-03-15 12:00:00 BC",
            "-infinity",
        ];
        let bad = [
            "2026-01-31",
            "2026-01-31T12:00:00Z",
            "2026-02-30 12:00:00",
            "2026-01-31_12:00:00",
            "now()",
            "",
        ];
        check(is_timestamp, &good, &bad);
        let good = [
            "2026-01-31T12:00:00Z",
            "2026-01-31 12:00:00.031153+00",
            "2026-01-31 12:00:00 +05:30",
            "1890-01-01 00:00:00+00:53:28",
            "2026-01-31T12:00:00-0800",
            "infinity",
        ];
        let bad = [
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+",
            "2026-01-31T12:00:00+00:",
            "2026-01-31T12:00:00 UTC",
        ];
        check(is_timestamptz, &good, &bad);
    }

    #[test]
    fn hex() {
        for good in ["\\x00ff", "0x00FF", "00fF"] {
            assert_eq!(bytes(good), Some(vec![0, 255]), "{good}");
        }
        for bad in ["", "\\x", "0", "0g", "\\x0", "é"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }
}
