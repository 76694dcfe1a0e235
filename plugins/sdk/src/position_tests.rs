//! Facts about positions.

use super::*;

fn cursor(value: Value, tie: &[i64]) -> Cursor {
    Cursor {
        value,
        tie: tie.iter().copied().map(Value::Int).collect(),
        landed: None,
        digest: None,
    }
}

fn ints(values: &[Value]) -> Vec<i64> {
    let int = |value: &Value| match value {
        Value::Int(int) => *int,
        other => panic!("not an integer: {other:?}"),
    };
    values.iter().map(int).collect()
}

fn behind(cursor: &Cursor, tie: usize) -> (Option<Pass>, Vec<i64>) {
    let position = Position::behind(cursor, tie).expect("fits");
    (position.pass, ints(&position.known))
}

#[test]
fn nulls_come_first_and_then_the_values_from_their_beginning() {
    let mut position = Position::beginning(true);
    assert_eq!(position.pass, Some(Pass::Nulls));
    position.move_to(&cursor(Value::Null, &[7]));
    assert_eq!(
        (position.pass, ints(&position.known)),
        (Some(Pass::Nulls), vec![7])
    );
    position.end_pass();
    assert_eq!(
        (position.pass, position.known.len()),
        (Some(Pass::Values), 0)
    );
    position.end_pass();
    assert_eq!(position.pass, None);
    assert_eq!(Position::beginning(false).pass, Some(Pass::Values));
}

#[test]
fn a_read_goes_on_where_its_cursor_says() {
    assert_eq!(
        behind(&cursor(Value::Int(5), &[7]), 1),
        (Some(Pass::Values), vec![5, 7])
    );
    assert_eq!(
        behind(&cursor(Value::Int(5), &[]), 1),
        (Some(Pass::Values), vec![5])
    );
    assert_eq!(
        behind(&cursor(Value::Null, &[7]), 1),
        (Some(Pass::Nulls), vec![7])
    );
    assert_eq!(
        behind(&cursor(Value::Null, &[]), 0),
        (Some(Pass::Values), vec![])
    );
}

#[test]
fn a_cursor_of_another_key_is_refused() {
    assert!(Position::behind(&cursor(Value::Int(5), &[7]), 2).is_none());
    assert!(Position::behind(&cursor(Value::Int(5), &[7]), 0).is_none());
    let null_tie = Cursor {
        value: Value::Int(5),
        tie: vec![Value::Null],
        landed: None,
        digest: None,
    };
    assert!(Position::behind(&null_tie, 1).is_none());
}

#[test]
fn only_a_read_inside_the_nulls_still_sees_them() {
    assert!(skips_nulls(&cursor(Value::Int(5), &[7])));
    assert!(skips_nulls(&cursor(Value::Null, &[])));
    assert!(!skips_nulls(&cursor(Value::Null, &[7])));
}

#[test]
fn a_kind_that_would_be_misread_does_not_fit() {
    let instant = Value::Timestamptz("2024-02-29 23:59:59+05".to_owned());
    assert!(!fits(&instant, &DataType::Timestamp));
    assert!(!fits(&instant, &DataType::Date));
    assert!(fits(&instant, &DataType::Timestamptz));
    assert!(fits(&Value::Int(1), &DataType::Decimal((12, 2))));
    assert!(!fits(&Value::Int(1), &DataType::Text));
    assert!(!fits(&Value::Boolean(true), &DataType::Int32));
}

#[test]
fn the_last_group_is_found_wherever_it_starts() {
    for rows in 1..20_u32 {
        for start in 0..rows {
            let found = group_start(rows, |row| Ok::<_, ()>(row >= start));
            assert_eq!(found, Ok(start), "of {rows}");
        }
    }
}

#[test]
fn equality_is_that_of_the_server() {
    assert!(same(&Value::Float(f64::NAN), &Value::Float(f64::NAN)));
    assert!(same(&Value::Float(0.0), &Value::Float(-0.0)));
    assert!(!same(&Value::Int(1), &Value::Float(1.0)));
    assert!(!same(&Value::Null, &Value::Int(1)));
}
