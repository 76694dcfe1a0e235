//! Which types hold every value of which others. Pure; a type is what Delta's schema says, so `long` is an int64.

use serde_json::Value;

/// Whether each value of `narrow` has exactly one in `wide`, and none is rounded.
pub(super) fn holds(wide: &Value, narrow: &Value) -> bool {
    let (Some(wide), Some(narrow)) = (Number::of(wide), Number::of(narrow)) else {
        return false;
    };
    match (wide, narrow) {
        (Number::Integer { bits: wide }, Number::Integer { bits: narrow }) => wide > narrow,
        (Number::Float { bits: wide }, Number::Float { bits: narrow }) => wide > narrow,
        // 53 bits of a double's mantissa hold an int32, but not an int64.
        (Number::Float { bits }, Number::Integer { bits: narrow }) => bits == 64 && narrow <= 32,
        (Number::Decimal { whole, .. }, Number::Integer { bits }) => whole >= digits(bits),
        (
            Number::Decimal { whole, fraction },
            Number::Decimal {
                whole: narrow_whole,
                fraction: narrow_fraction,
            },
        ) => {
            whole >= narrow_whole
                && fraction >= narrow_fraction
                && (whole, fraction) != (narrow_whole, narrow_fraction)
        }
        _ => false,
    }
}

/// Only numbers have wider relatives here: a text or a time in another type is another value.
enum Number {
    Integer {
        bits: u8,
    },
    Float {
        bits: u8,
    },
    /// Digits before and after the point.
    Decimal {
        whole: i16,
        fraction: i16,
    },
}

impl Number {
    fn of(data_type: &Value) -> Option<Self> {
        let name = data_type.as_str()?;
        Some(match name {
            "byte" => Self::Integer { bits: 8 },
            "short" => Self::Integer { bits: 16 },
            "integer" => Self::Integer { bits: 32 },
            "long" => Self::Integer { bits: 64 },
            "float" => Self::Float { bits: 32 },
            "double" => Self::Float { bits: 64 },
            _ => {
                let digits = name.strip_prefix("decimal(")?.strip_suffix(')')?;
                let (precision, scale) = digits.split_once(',')?;
                let (precision, scale): (i16, i16) =
                    (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
                Self::Decimal {
                    whole: precision - scale,
                    fraction: scale,
                }
            }
        })
    }
}

/// Decimal digits of the greatest integer of so many bits.
fn digits(bits: u8) -> i16 {
    match bits {
        8 => 3,
        16 => 5,
        32 => 10,
        _ => 19,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_held_by_those_that_lose_none_of_its_values() {
        for (wide, narrow) in [
            ("integer", "short"),
            ("long", "byte"),
            ("long", "integer"),
            ("double", "short"),
            ("double", "integer"),
            ("double", "float"),
            ("decimal(10,0)", "integer"),
            ("decimal(21,2)", "long"),
            ("decimal(5,0)", "short"),
            ("decimal(12,4)", "decimal(10,2)"),
            ("decimal(12,2)", "decimal(10,2)"),
        ] {
            assert!(holds(&wide.into(), &narrow.into()), "{wide} {narrow}");
            assert!(!holds(&narrow.into(), &wide.into()), "{narrow} {wide}");
        }
    }

    #[test]
    fn what_would_be_rounded_cut_or_turned_into_another_value_is_not_held() {
        for (wide, narrow) in [
            ("double", "long"),
            ("float", "integer"),
            ("long", "decimal(5,0)"),
            ("decimal(18,0)", "long"),
            ("decimal(10,4)", "decimal(10,2)"),
            ("decimal(10,2)", "decimal(10,4)"),
            ("double", "decimal(5,2)"),
            ("timestamp", "date"),
            ("string", "integer"),
            ("integer", "integer"),
        ] {
            assert!(!holds(&wide.into(), &narrow.into()), "{wide} {narrow}");
        }
        assert!(!holds(
            &serde_json::json!({"type": "array"}),
            &"long".into()
        ));
    }
}
