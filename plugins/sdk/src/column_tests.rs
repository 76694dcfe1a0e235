//! What goes into a column, and in which form it comes out.

use super::*;

fn builder(data_type: DataType) -> ColumnBuilder {
    ColumnBuilder::new(&data_type).expect("not an array")
}

/// Whether a column of this type takes the text.
fn takes(data_type: DataType, text: &str) -> bool {
    builder(data_type).parse(text).is_ok()
}

#[test]
fn bits_stand_for_rows_from_the_least() {
    let mut column = builder(DataType::Boolean);
    for row in 0..9 {
        match row {
            1 => column.null(),
            _ => column.boolean(row % 2 == 0).expect("a boolean"),
        }
    }
    let ColumnData { validity, values } = column.finish();
    assert_eq!(validity, Some(vec![0b1111_1101, 1]));
    assert!(matches!(values, ColumnValues::Booleans(bits) if bits == [0b0101_0101, 1]));
}

#[test]
fn offsets_are_one_more_than_rows_also_of_the_next_batch() {
    let mut column = builder(DataType::Text);
    for batch in [["a", "", "bcd"], ["x", "y", "z"]] {
        for text in batch {
            column.text(text).expect("a text");
        }
        let ColumnData { validity, values } = column.finish();
        assert_eq!(validity, None);
        let ColumnValues::Texts(values) = values else {
            panic!("texts were added")
        };
        assert_eq!(values.offsets.len(), 4);
        assert_eq!(values.data, batch.concat().as_bytes());
    }
}

#[test]
fn a_null_takes_a_place_in_every_type() {
    for data_type in [
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal((5, 2)),
        DataType::Text,
        DataType::Bytes,
        DataType::Date,
        DataType::Timestamptz,
    ] {
        let mut column = builder(data_type);
        column.null();
        assert_eq!(column.rows(), 1);
        assert_eq!(column.finish().validity, Some(vec![0]));
        assert_eq!(column.rows(), 0);
    }
}

#[test]
fn a_text_is_read_as_its_columns_type_or_not_at_all() {
    assert!(takes(DataType::Boolean, "TRUE") && !takes(DataType::Boolean, "1"));
    assert!(takes(DataType::Int16, "-32768") && !takes(DataType::Int16, "32768"));
    assert!(takes(DataType::Int32, "5") && !takes(DataType::Int32, "05"));
    assert!(takes(DataType::Float32, "0.5") && !takes(DataType::Float32, "0.1"));
    assert!(takes(DataType::Float64, "0.1") && !takes(DataType::Float64, "x"));
    assert!(
        takes(DataType::Decimal((4, 2)), "12.34") && !takes(DataType::Decimal((4, 2)), "1.234")
    );
    assert!(takes(DataType::Date, "2024-02-29") && !takes(DataType::Date, "2023-02-29"));
    assert!(takes(DataType::Timestamp, "2024-02-29T00:00:00"));
    assert!(takes(DataType::Timestamptz, "2024-02-29T00:00:00Z"));
    assert!(takes(DataType::Native("inet".into()), "::1") && takes(DataType::Json, "{}"));
    assert!(!takes(DataType::Bytes, "00"));
}

#[test]
fn a_value_of_another_kind_is_a_misfit_and_leaves_no_trace() {
    let mut column = builder(DataType::Int32);
    assert_eq!(column.text("x"), Err(Misfit));
    assert_eq!(column.date(1), Err(Misfit));
    assert_eq!(column.int(i64::MAX), Err(Misfit));
    column.int(7).expect("fits");
    assert_eq!(column.rows(), 1);
    assert!(matches!(column.finish().values, ColumnValues::Int32s(values) if values == [7]));
}
