//! Whether a cursor went back, where that can be told. The source orders: texts, decimals and everything else
//! that depends on a collation or a type's own rules are not compared here.

use std::cmp::Ordering;

use crate::model::iso;
use crate::model::value::Value;

/// True only if `next` certainly comes before `previous`.
pub fn goes_back(previous: &Value, next: &Value) -> bool {
    compare(previous, next) == Some(Ordering::Greater)
}

/// Rows without a cursor value are read first.
fn compare(previous: &Value, next: &Value) -> Option<Ordering> {
    match (previous, next) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Null, _) => Some(Ordering::Less),
        (_, Value::Null) => Some(Ordering::Greater),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Date(a), Value::Date(b)) => both(iso::date_days(a), iso::date_days(b)),
        (Value::Timestamp(a), Value::Timestamp(b)) => {
            both(iso::timestamp_micros(a), iso::timestamp_micros(b))
        }
        (Value::Timestamptz(a), Value::Timestamptz(b)) => {
            both(iso::timestamptz_micros(a), iso::timestamptz_micros(b))
        }
        _ => None,
    }
}

fn both<T: Ord>(a: Option<T>, b: Option<T>) -> Option<Ordering> {
    Some(a?.cmp(&b?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_certain_step_back_counts() {
        assert!(goes_back(&Value::Int(2), &Value::Int(1)));
        assert!(!goes_back(&Value::Int(2), &Value::Int(2)));
        assert!(goes_back(&Value::Float(2.0), &Value::Float(1.5)));
        assert!(!goes_back(&Value::Float(f64::NAN), &Value::Float(1.0)));
        assert!(goes_back(
            &Value::Date("2024-03-01".into()),
            &Value::Date("2024-02-29".into())
        ));
        let zoned = |text: &str| Value::Timestamptz(text.into());
        assert!(!goes_back(
            &zoned("2024-03-01 00:30:00+01"),
            &zoned("2024-02-29 23:30:00+00")
        ));
        assert!(goes_back(
            &zoned("2024-03-01 00:30:00+00"),
            &zoned("2024-02-29 23:30:00+00")
        ));
        // The collation of the source decides, not we.
        assert!(!goes_back(
            &Value::Text("b".into()),
            &Value::Text("A".into())
        ));
        assert!(!goes_back(
            &zoned("infinity"),
            &zoned("2024-02-29 23:30:00+00")
        ));
    }

    #[test]
    fn rows_without_a_value_come_first() {
        assert!(!goes_back(&Value::Null, &Value::Int(i64::MIN)));
        assert!(goes_back(&Value::Text("a".into()), &Value::Null));
    }
}
