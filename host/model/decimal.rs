//! Base-10 text to a decimal, exactly or not at all: Arrow's own parser rounds what does not fit.

/// The value times ten to the scale. None if it is no number or does not fit without loss.
pub fn parse(text: &str, precision: u8, scale: i8) -> Option<i128> {
    // Digits are counted and cut by bytes below.
    if !text.is_ascii() {
        return None;
    }
    let scale = usize::try_from(scale).ok()?;
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    // Zeros beyond the scale lose nothing.
    let fraction = fraction.get(..scale).map_or(Some(fraction), |kept| {
        fraction[scale..]
            .bytes()
            .all(|digit| digit == b'0')
            .then_some(kept)
    })?;
    let padding = std::iter::repeat_n(b'0', scale - fraction.len());
    let mut unscaled: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        if !digit.is_ascii_digit() {
            return None;
        }
        unscaled = unscaled
            .checked_mul(10)?
            .checked_add(i128::from(digit - b'0'))?;
    }
    let limit = 10_i128.checked_pow(u32::from(precision))?;
    (unscaled < limit).then_some(if negative { -unscaled } else { unscaled })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn exact_or_nothing() {
        assert_eq!(parse("-12.340", 5, 2), Some(-1234));
        assert_eq!(parse("0.5", 2, 2), Some(50));
        assert_eq!(parse(".5", 2, 1), Some(5));
        assert_eq!(parse("7", 38, 0), Some(7));
        assert_eq!(parse(&"9".repeat(38), 38, 0), Some(10_i128.pow(38) - 1));
        for (text, precision, scale) in [
            ("12.345", 5, 2),
            ("1000", 3, 0),
            ("NaN", 5, 2),
            ("1e3", 5, 0),
            ("", 5, 0),
            ("-", 5, 0),
            (".", 5, 0),
            ("--1", 5, 0),
            ("1.2.3", 5, 3),
            ("1.é", 5, 1),
        ] {
            assert_eq!(parse(text, precision, scale), None, "{text}");
        }
        assert_eq!(parse(&"9".repeat(200), 38, 0), None);
    }
}
