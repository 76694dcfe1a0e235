//! Every type of the model comes back as it was written.

use arrow::array::*;
use arrow::datatypes::Int32Type;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_comes_back_as_it_was_written() {
    let cases: Vec<(DataType, ArrayRef)> = vec![
        (
            DataType::Boolean,
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        (
            DataType::Int16,
            Arc::new(Int16Array::from(vec![Some(i16::MIN), None, Some(i16::MAX)])),
        ),
        (
            DataType::Int32,
            Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(i32::MAX)])),
        ),
        (
            DataType::Int64,
            Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)])),
        ),
        (
            DataType::Float32,
            Arc::new(Float32Array::from(vec![
                Some(f32::NEG_INFINITY),
                None,
                Some(f32::MIN_POSITIVE),
            ])),
        ),
        (
            DataType::Float64,
            Arc::new(Float64Array::from(vec![
                Some(f64::INFINITY),
                None,
                Some(-0.0),
            ])),
        ),
        (DataType::Decimal(9, 2), decimals(9, 2)),
        (DataType::Decimal(18, 0), decimals(18, 0)),
        (DataType::Decimal(38, 38), decimals(38, 38)),
        (DataType::Text, text()),
        (
            DataType::Bytes,
            Arc::new(BinaryArray::from_opt_vec(vec![
                Some(b"\x00\xff"),
                None,
                Some(b""),
            ])),
        ),
        (
            DataType::Date,
            Arc::new(Date32Array::from(vec![
                Some(-719_162),
                None,
                Some(2_932_896),
            ])),
        ),
        (DataType::Time, text()),
        (
            DataType::Timestamp,
            Arc::new(TimestampMicrosecondArray::from(vec![
                Some(-1),
                None,
                Some(253_402_300_799_999_999),
            ])),
        ),
        (
            DataType::Timestamptz,
            Arc::new(
                TimestampMicrosecondArray::from(vec![Some(-62_135_596_800_000_000), None, Some(1)])
                    .with_timezone("UTC"),
            ),
        ),
        (DataType::Uuid, text()),
        (DataType::Json, text()),
        (DataType::Native("tsvector".into()), text()),
        (DataType::Array(Box::new(DataType::Int32)), lists()),
        (
            DataType::Array(Box::new(DataType::Text)),
            Arc::new(text_lists()),
        ),
    ];
    let columns: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(i, (t, _))| column(&format!("c{i}"), t.clone()))
        .collect();
    let t = TestLake::new();
    let mut writer = t
        .lake
        .writer(t.target("types", "s", Mode::Create, columns.clone()))
        .await
        .unwrap();
    let written = batch(columns, cases.into_iter().map(|(_, array)| array).collect());
    writer.write(&written).await.unwrap();
    writer.commit(&checkpoint("s", 1, 3)).await.unwrap();

    let answer = t.query("select * from types").await.unwrap();
    assert_eq!(answer.batches.len(), 1);
    for (index, column) in written.rows.columns().iter().enumerate() {
        assert_eq!(
            answer.batches[0].column(index),
            column,
            "{:?}",
            written.columns[index]
        );
    }
    let summary = t.lake.table(&t.kb, "types").await.unwrap().unwrap();
    for (field, column) in summary.columns.iter().zip(written.columns.iter()) {
        assert_eq!(field.data_type(), &column.data_type.to_arrow());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_delta_cannot_hold_is_refused_with_its_column() {
    let t = TestLake::new();
    for data_type in [DataType::Decimal(5, -2), DataType::Decimal(3, 5)] {
        let columns = vec![column("id", DataType::Int64), column("price", data_type)];
        let error = t
            .lake
            .writer(t.target("t", "s", Mode::Create, columns))
            .await
            .map(drop)
            .unwrap_err();
        assert!(
            matches!(&error, KbError::Column { column, .. } if column == "price"),
            "{error}"
        );
    }
}

fn text() -> ArrayRef {
    Arc::new(StringArray::from(vec![Some("naïve 🦀\0"), None, Some("")]))
}

fn decimals(precision: u8, scale: i8) -> ArrayRef {
    let values = vec![Some(10_i128.pow(precision.into()) - 1), None, Some(-1)];
    Arc::new(
        Decimal128Array::from(values)
            .with_precision_and_scale(precision, scale)
            .unwrap(),
    )
}

fn lists() -> ArrayRef {
    let field = Arc::new(arrow::datatypes::Field::new(
        "element",
        arrow::datatypes::DataType::Int32,
        true,
    ));
    let mut lists = ListBuilder::new(PrimitiveBuilder::<Int32Type>::new()).with_field(field);
    lists.append_value([Some(1), None, Some(3)]);
    lists.append_null();
    lists.append_value([]);
    Arc::new(lists.finish())
}

fn text_lists() -> ListArray {
    let field = Arc::new(arrow::datatypes::Field::new(
        "element",
        arrow::datatypes::DataType::Utf8,
        true,
    ));
    let mut lists = ListBuilder::new(StringBuilder::new()).with_field(field);
    lists.append_value([Some("a"), None, Some("")]);
    lists.append_null();
    lists.append_value(Vec::<Option<&str>>::new());
    lists.finish()
}
