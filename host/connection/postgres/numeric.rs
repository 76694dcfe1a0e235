//! PostgreSQL's binary numeric: base-10000 digits with a weight, a sign and a display scale
//! (`numeric_send` in the server's `numeric.c`). Exact both ways: nothing here rounds.

use super::super::trouble::Trouble;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xC000;
const POSITIVE_INFINITY: u16 = 0xD000;
const NEGATIVE_INFINITY: u16 = 0xF000;

/// Decimal digits in one base-10000 digit.
const GROUP: i32 = 4;

/// A numeric as it came over the wire.
struct Wire<'a> {
    /// Two bytes a digit.
    digits: &'a [u8],
    /// Power of 10000 of the first digit.
    weight: i32,
    sign: u16,
    /// Digits to show after the point.
    scale: u16,
}

impl<'a> Wire<'a> {
    fn read(raw: &'a [u8]) -> Result<Self, Trouble> {
        let (header, digits) = raw.split_first_chunk::<8>().ok_or(Trouble::Malformed)?;
        let field = |at: usize| [header[at], header[at + 1]];
        if digits.len() != 2 * usize::from(u16::from_be_bytes(field(0))) {
            return Err(Trouble::Malformed);
        }
        Ok(Self {
            digits,
            weight: i16::from_be_bytes(field(2)).into(),
            sign: u16::from_be_bytes(field(4)),
            scale: u16::from_be_bytes(field(6)),
        })
    }

    fn digits(&self) -> impl Iterator<Item = u16> {
        self.digits
            .chunks_exact(2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    }

    /// The digit with that power of 10000; 0 where none was sent.
    fn digit(&self, power: i32) -> u16 {
        let index = usize::try_from(self.weight - power).ok();
        let pair = index.and_then(|index| self.digits.get(2 * index..2 * index + 2));
        pair.map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]))
    }
}

/// The value times ten to the `scale`.
///
/// # Errors
/// `NotFinite` for NaN and the infinities, `OutOfRange` for a value that does not fit the precision and scale.
pub fn to_decimal(raw: &[u8], precision: u8, scale: i8) -> Result<i128, Trouble> {
    let wire = Wire::read(raw)?;
    if wire.sign != 0 && wire.sign != NEGATIVE {
        return Err(Trouble::NotFinite);
    }
    let mut unscaled: i128 = 0;
    // Power of ten of the digit at hand, in units of the result's last place.
    let mut power = GROUP * wire.weight + i32::from(scale);
    for digit in wire.digits() {
        unscaled = if power >= 0 {
            unscaled
                .checked_mul(10_000)
                .and_then(|value| value.checked_add(digit.into()))
        } else {
            add_fraction(unscaled, digit, power)
        }
        .ok_or(Trouble::OutOfRange)?;
        power -= GROUP;
    }
    let missing = power + GROUP;
    if missing > 0 && unscaled != 0 {
        let factor = u32::try_from(missing)
            .ok()
            .and_then(|missing| 10_i128.checked_pow(missing));
        unscaled = factor
            .and_then(|factor| unscaled.checked_mul(factor))
            .ok_or(Trouble::OutOfRange)?;
    }
    if unscaled >= 10_i128.pow(precision.into()) {
        return Err(Trouble::OutOfRange);
    }
    Ok(if wire.sign == NEGATIVE {
        -unscaled
    } else {
        unscaled
    })
}

/// Adds a digit that straddles or lies beyond the last place; none if that would lose something.
fn add_fraction(unscaled: i128, digit: u16, power: i32) -> Option<i128> {
    if power <= -GROUP {
        return (digit == 0).then_some(unscaled);
    }
    let below = 10_u16.pow(power.unsigned_abs());
    let above = 10_i128.pow((GROUP + power).unsigned_abs());
    if !digit.is_multiple_of(below) {
        return None;
    }
    unscaled
        .checked_mul(above)?
        .checked_add((digit / below).into())
}

/// Writes the value as the server's own text has it.
pub fn to_text(raw: &[u8], text: &mut String) -> Result<(), Trouble> {
    use std::fmt::Write;
    let wire = Wire::read(raw)?;
    match wire.sign {
        0 => {}
        NEGATIVE => text.push('-'),
        NAN => return word(text, "NaN"),
        POSITIVE_INFINITY => return word(text, "Infinity"),
        NEGATIVE_INFINITY => return word(text, "-Infinity"),
        _ => return Err(Trouble::Malformed),
    }
    write!(text, "{}", wire.digit(wire.weight.max(0))).map_err(|_| Trouble::Malformed)?;
    for power in (0..wire.weight.max(0)).rev() {
        write!(text, "{:04}", wire.digit(power)).map_err(|_| Trouble::Malformed)?;
    }
    if wire.scale > 0 {
        text.push('.');
        let end = text.len() + usize::from(wire.scale);
        let mut power = -1;
        while text.len() < end {
            write!(text, "{:04}", wire.digit(power)).map_err(|_| Trouble::Malformed)?;
            power -= 1;
        }
        text.truncate(end);
    }
    Ok(())
}

fn word(text: &mut String, word: &str) -> Result<(), Trouble> {
    text.push_str(word);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let mut raw = Vec::new();
        raw.extend(u16::try_from(digits.len()).unwrap().to_be_bytes());
        raw.extend(weight.to_be_bytes());
        raw.extend(sign.to_be_bytes());
        raw.extend(scale.to_be_bytes());
        raw.extend(digits.iter().flat_map(|digit| digit.to_be_bytes()));
        raw
    }

    fn text(raw: &[u8]) -> String {
        let mut text = String::new();
        to_text(raw, &mut text).unwrap();
        text
    }

    #[test]
    fn digits_are_placed_by_weight_and_scale() {
        let raw = wire(1, NEGATIVE, 3, &[12, 3456, 7890]);
        assert_eq!(to_decimal(&raw, 38, 3), Ok(-123_456_789));
        assert_eq!(text(&raw), "-123456.789");
        let small = wire(-2, 0, 6, &[1200]);
        assert_eq!(to_decimal(&small, 10, 6), Ok(12));
        assert_eq!(to_decimal(&small, 10, 5), Err(Trouble::OutOfRange));
        assert_eq!(to_decimal(&small, 10, 8), Ok(1200));
        assert_eq!(text(&small), "0.000012");
        let round = wire(2, 0, 0, &[5]);
        assert_eq!(to_decimal(&round, 20, 2), Ok(50_000_000_000));
        assert_eq!(text(&round), "500000000");
        assert_eq!(to_decimal(&wire(0, 0, 2, &[]), 5, 2), Ok(0));
        assert_eq!(text(&wire(0, 0, 2, &[])), "0.00");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(
            to_decimal(&wire(0, NAN, 0, &[]), 5, 2),
            Err(Trouble::NotFinite)
        );
        assert_eq!(
            to_decimal(&wire(0, 0, 0, &[1000]), 5, 2),
            Err(Trouble::OutOfRange)
        );
        assert_eq!(
            to_decimal(&wire(30_000, 0, 0, &[1]), 38, 0),
            Err(Trouble::OutOfRange)
        );
        assert_eq!(to_decimal(&[0, 1], 5, 2), Err(Trouble::Malformed));
        assert_eq!(
            to_decimal(&wire(0, 0, 0, &[1])[..9], 5, 2),
            Err(Trouble::Malformed)
        );
    }
}
