//! Numbers as texts write them: taken exactly or not at all. Pure.

/// A whole number in its own form: no sign before it but a minus, no zeros that an identifier would lose.
pub fn int(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A number whose digits are those of a double: `0.10` is, a number of twenty digits is not.
pub fn float(text: &str) -> Option<f64> {
    let said = Decimal::of(text)?;
    let number: f64 = text.parse().ok()?;
    let held = Decimal::of(&format!("{number:e}"))?;
    (said == held).then_some(number)
}

/// Whether a decimal of this precision and scale holds the number without loss.
pub fn fits_decimal(text: &str, precision: u8, scale: i8) -> bool {
    if text.contains(['e', 'E']) {
        return false;
    }
    let Some(number) = Decimal::of(text) else {
        return false;
    };
    let whole = number.digits.len() as i64 + number.exponent;
    let fraction = -number.exponent;
    let scale = i64::from(scale);
    number.digits.is_empty() || fraction <= scale && whole <= i64::from(precision) - scale
}

/// Its digits without zeros at either end, times ten to the exponent.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// `-12.50e3`: what JSON calls a number, and no zeros before the first digit.
    fn of(text: &str) -> Option<Self> {
        let (is_negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            // Longer ones are beyond what a double holds.
            Some((mantissa, exponent)) if exponent.len() <= 5 => (mantissa, exponent.parse().ok()?),
            Some(_) => return None,
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let digits = [whole, fraction].concat();
        let has_zeros_before = whole.len() > 1 && whole.starts_with('0');
        if whole.is_empty() || has_zeros_before || !digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return None;
        }
        let kept = digits.trim_end_matches('0');
        let dropped = (digits.len() - kept.len()) as i64;
        let kept = kept.trim_start_matches('0').to_owned();
        let exponent: i64 = exponent;
        Some(Self {
            is_negative,
            exponent: if kept.is_empty() {
                0
            } else {
                exponent - fraction.len() as i64 + dropped
            },
            digits: kept,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_int_keeps_every_letter() {
        assert_eq!(int("-9223372036854775808"), Some(i64::MIN));
        for text in ["007", "+1", "-0", "1.0", "", " 1", "9223372036854775808"] {
            assert_eq!(int(text), None, "{text}");
        }
    }

    #[test]
    fn a_float_keeps_every_digit() {
        for text in [
            "0.1",
            "12.50",
            "-0.0",
            "1e3",
            "1.5E-7",
            "100000",
            "0",
            "5e-324",
            "9007199254740992",
        ] {
            assert_eq!(float(text), text.parse().ok(), "{text}");
        }
        for text in [
            "9007199254740993",
            "0.12345678901234567890",
            "NaN",
            "inf",
            "1.",
            ".5",
            "01.5",
            "1e999",
            "",
            "-",
            "1e",
            "+1",
            "1_0",
            "1.2.3",
        ] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn a_decimal_holds_what_fits_its_places() {
        for text in ["12.34", "-12.340", "0", "0.00", "99.99", "5"] {
            assert!(fits_decimal(text, 4, 2), "{text}");
        }
        for text in ["100", "0.001", "1e1", "x", ""] {
            assert!(!fits_decimal(text, 4, 2), "{text}");
        }
    }
}
