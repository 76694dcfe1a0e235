//! Decimals as text: every digit of the scale is written, so that the text is the value.

use std::cmp::Ordering;

/// The text of a number with exactly `scale` digits, rounded half away from zero; None if it is no number
/// (an exponent is allowed, as in a float's text).
pub fn rescale(text: &str, scale: u8) -> Option<String> {
    let text = text.trim();
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        return rescale(&shift(mantissa, exponent.parse().ok()?)?, scale);
    }
    let (negative, whole, fraction) = parts(text)?;
    let scale = usize::from(scale);
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let wanted = whole.len() + scale;
    let up = digits.get(wanted).is_some_and(|digit| *digit >= b'5');
    digits.resize(wanted, b'0');
    if up {
        increment(&mut digits);
    }
    Some(written(negative, &digits, scale))
}

/// Digits before the point that the number needs.
pub fn whole_digits(text: &str) -> usize {
    parts(text).map_or(0, |(_, whole, _)| whole.trim_start_matches('0').len())
}

/// The number times ten to the `scale`, the rest cut off.
pub fn mantissa(text: &str, scale: u8) -> Option<i128> {
    let text = rescale(text, scale)?;
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    digits.parse().ok()
}

pub fn from_mantissa(mantissa: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    let digits = format!("{:0width$}", mantissa.unsigned_abs(), width = scale + 1);
    written(mantissa < 0, digits.as_bytes(), scale)
}

/// By value, whatever the scales; the collation `MSDEC`.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (Some(a), Some(b)) = (parts(a), parts(b)) else {
        return a.cmp(b);
    };
    let magnitude = |(_, whole, fraction): (bool, &str, &str), other: (bool, &str, &str)| {
        let (mine, theirs) = (
            whole.trim_start_matches('0'),
            other.1.trim_start_matches('0'),
        );
        let longer = mine.len().cmp(&theirs.len());
        longer.then_with(|| mine.cmp(theirs)).then_with(|| {
            fraction
                .trim_end_matches('0')
                .cmp(other.2.trim_end_matches('0'))
        })
    };
    let zero = |(_, whole, fraction): (bool, &str, &str)| {
        whole
            .bytes()
            .chain(fraction.bytes())
            .all(|digit| digit == b'0')
    };
    match (a.0 && !zero(a), b.0 && !zero(b)) {
        (false, false) => magnitude(a, b),
        (true, true) => magnitude(b, a),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Sign, digits before and behind the point.
fn parts(text: &str) -> Option<(bool, &str, &str)> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let only_digits = whole
        .bytes()
        .chain(fraction.bytes())
        .all(|c| c.is_ascii_digit());
    (only_digits && !digits.is_empty() && digits != ".").then_some((negative, whole, fraction))
}

fn written(negative: bool, digits: &[u8], scale: usize) -> String {
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    let text = |digits: &[u8]| String::from_utf8_lossy(digits).into_owned();
    let whole = text(whole);
    let whole = whole.trim_start_matches('0');
    let mut out = String::with_capacity(digits.len() + 3);
    if negative && digits.iter().any(|digit| *digit != b'0') {
        out.push('-');
    }
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        out.push('.');
        out.push_str(&text(fraction));
    }
    out
}

fn increment(digits: &mut Vec<u8>) {
    for digit in digits.iter_mut().rev() {
        if *digit != b'9' {
            *digit += 1;
            return;
        }
        *digit = b'0';
    }
    digits.insert(0, b'1');
}

/// Moves the point; a float never has more than 308 digits to move over.
fn shift(mantissa: &str, exponent: i32) -> Option<String> {
    let (negative, whole, fraction) = parts(mantissa)?;
    let digits = format!("{whole}{fraction}");
    let point = whole.len() as i32 + exponent.clamp(-400, 400);
    let (whole, fraction) = if point <= 0 {
        (
            "0".to_string(),
            format!("{}{digits}", "0".repeat(-point as usize)),
        )
    } else if point as usize >= digits.len() {
        (
            format!("{digits}{}", "0".repeat(point as usize - digits.len())),
            String::new(),
        )
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        (whole.to_string(), fraction.to_string())
    };
    let sign = if negative { "-" } else { "" };
    Some(format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_the_digits_of_their_scale() {
        assert_eq!(rescale("1.005", 2).as_deref(), Some("1.01"));
        assert_eq!(rescale("-0.004", 2).as_deref(), Some("0.00"));
        assert_eq!(rescale("99.99", 1).as_deref(), Some("100.0"));
        assert_eq!(rescale("1.5E3", 1).as_deref(), Some("1500.0"));
        assert_eq!(rescale("abc", 1), None);
    }

    #[test]
    fn numbers_compare_by_value() {
        for (a, b) in [
            ("-2", "-1.5"),
            ("9", "10.00"),
            ("1.10", "1.2"),
            ("-0.1", "0"),
        ] {
            assert_eq!(compare(a, b), Ordering::Less, "{a} < {b}");
        }
        assert_eq!(compare("1.50", "1.5"), Ordering::Equal);
        assert_eq!(compare("-0.0", "0"), Ordering::Equal);
    }
}
