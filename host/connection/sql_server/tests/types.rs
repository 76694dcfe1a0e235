//! Every type that is decoded, as it lands and as a value.

use super::{refusal, run, server, session};
use crate::connection::Session;
use crate::model::source::{DataType, ErrorKind, arrow_schema};
use crate::model::value::Value;

/// Type, literal, the landed form and its text.
const TYPES: &[(&str, &str, DataType, &str)] = &[
    ("tinyint", "255", DataType::Int16, "255"),
    ("smallint", "-32768", DataType::Int16, "-32768"),
    ("int", "-2147483648", DataType::Int32, "-2147483648"),
    (
        "bigint",
        "9223372036854775807",
        DataType::Int64,
        "9223372036854775807",
    ),
    ("bit", "1", DataType::Boolean, "true"),
    ("real", "0.1", DataType::Float32, "0.10000000149011612"),
    ("float", "0.1", DataType::Float64, "0.1"),
    (
        "decimal(38,10)",
        "-9999999999999999999999999999.9999999999",
        DataType::Decimal(38, 10),
        "-9999999999999999999999999999.9999999999",
    ),
    ("numeric(5,2)", "0.05", DataType::Decimal(5, 2), "0.05"),
    ("nvarchar(20)", "N'żółw🦀'", DataType::Text, "żółw🦀"),
    ("nvarchar(max)", "N''", DataType::Text, ""),
    ("varchar(20)", "'it''s'", DataType::Text, "it's"),
    (
        "uniqueidentifier",
        "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        DataType::Uuid,
        "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
    ),
    ("varbinary(8)", "0x00FF", DataType::Bytes, "\\x00ff"),
    ("date", "'0001-01-01'", DataType::Date, "0001-01-01"),
    (
        "time(7)",
        "'23:59:59.1234567'",
        DataType::Time,
        "23:59:59.1234567",
    ),
    ("time(0)", "'23:59:59'", DataType::Time, "23:59:59"),
    (
        "datetime",
        "'2024-02-29T01:02:03.837'",
        DataType::Timestamp,
        "2024-02-29 01:02:03.837",
    ),
    (
        "smalldatetime",
        "'2024-02-29T01:02:00'",
        DataType::Timestamp,
        "2024-02-29 01:02:00",
    ),
    (
        "datetime2(3)",
        "'1969-12-31 23:59:59.999'",
        DataType::Timestamp,
        "1969-12-31 23:59:59.999",
    ),
    (
        "datetimeoffset(6)",
        "'2024-02-29 01:02:03.000001 +02:00'",
        DataType::Timestamptz,
        "2024-02-28 23:02:03.000001+00",
    ),
];

async fn batch_and_answer(
    session: &mut Session,
    sql: &str,
) -> (crate::model::batch::Batch, Vec<Vec<Value>>) {
    let batch = session
        .fetch(sql, &[], 0)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let answer = session
        .query(sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    (batch, answer)
}

#[tokio::test]
async fn every_type_lands_exactly_and_null_as_null() {
    let server = server();
    let names: Vec<_> = (0..TYPES.len()).map(|at| format!("c{at}")).collect();
    let columns: Vec<_> = TYPES
        .iter()
        .zip(&names)
        .map(|((of, ..), name)| format!("{name} {of} null"))
        .collect();
    let literals: Vec<_> = TYPES.iter().map(|(_, literal, ..)| *literal).collect();
    run(
        &server,
        &format!(
            "create table dbo.types (id int not null primary key, {});\n\
             insert into dbo.types values (1, {});\n\
             insert into dbo.types (id) values (2)",
            columns.join(", "),
            literals.join(", ")
        ),
    )
    .await;
    let mut session = session(&server).await;
    let sql = format!("select {} from dbo.types order by id", names.join(", "));
    let (batch, answer) = batch_and_answer(&mut session, &sql).await;
    assert_eq!(batch.rows.schema(), arrow_schema(&batch.columns));
    assert!(batch.rounded.is_empty());
    let all: Vec<usize> = (0..TYPES.len()).collect();
    let landed = batch.values(0, &all).unwrap();
    for (at, (of, _, data_type, text)) in TYPES.iter().enumerate() {
        assert_eq!(&batch.columns[at].data_type, data_type, "{of}");
        assert_eq!(&batch.columns[at].native_type, of);
        assert_eq!(landed[at].to_text().as_deref(), Some(*text), "{of}");
        assert_eq!(answer[0][at], landed[at], "{of}");
    }
    assert_eq!(batch.values(1, &all).unwrap(), vec![Value::Null; all.len()]);
    assert_eq!(answer[1], vec![Value::Null; all.len()]);
}

#[tokio::test]
async fn a_seventh_digit_lands_rounded_down_and_is_said() {
    let server = server();
    run(
        &server,
        "create table dbo.moments (id int not null primary key, a datetime2(7), b datetimeoffset(7), c datetime2(7));\n\
         insert into dbo.moments values (1, '1969-12-31 23:59:59.9999999', '2024-02-29 01:02:03.0000019 +00:00', '2024-02-29 01:02:03.1234560')",
    )
    .await;
    let mut session = session(&server).await;
    let (batch, answer) = batch_and_answer(&mut session, "select a, b, c from dbo.moments").await;
    assert_eq!(batch.rounded, [0, 1]);
    let landed = batch.values(0, &[0, 1]).unwrap();
    let text = |value: &Value| value.to_text().unwrap();
    assert_eq!(text(&landed[0]), "1969-12-31 23:59:59.999999");
    assert_eq!(text(&landed[1]), "2024-02-29 01:02:03.000001+00");
    assert_eq!(text(&answer[0][0]), "1969-12-31 23:59:59.9999999");
    assert_eq!(text(&answer[0][1]), "2024-02-29 01:02:03.0000019+00");
    // The next batch begins without it.
    let more = session
        .fetch("select c from dbo.moments", &[], 0)
        .await
        .unwrap();
    assert!(more.rounded.is_empty());
}

#[tokio::test]
async fn what_the_client_garbles_is_refused_by_name() {
    let server = server();
    run(
        &server,
        "create table dbo.odd (a money, b smallmoney, c sql_variant, d varchar(10) collate Latin1_General_100_CI_AS_SC_UTF8)",
    )
    .await;
    let mut session = session(&server).await;
    for (column, cast) in [
        ("a", "decimal(19,4)"),
        ("b", "decimal(10,4)"),
        ("c", "nvarchar"),
        ("d", "nvarchar"),
    ] {
        let error = refusal(&mut session, &format!("select {column} from dbo.odd")).await;
        assert_eq!(error.kind, ErrorKind::Unsupported, "{column}: {error}");
        assert_eq!(error.column.as_deref(), Some(column));
        assert!(error.message.contains(cast), "{error}");
    }
}

#[tokio::test]
async fn parameters_arrive_as_the_type_that_they_are_cast_to() {
    let server = server();
    let params = [
        Value::Null,
        Value::Boolean(true),
        Value::Int(i64::MIN),
        Value::Decimal("-0.0000000001".into()),
        Value::Text("it's; drop table x --".into()),
        Value::Bytes(vec![0, 0, 0, 0, 0, 0, 7, 255]),
        Value::Timestamp("2024-02-29 01:02:03.1234567".into()),
        Value::Timestamptz("2024-02-29 01:02:03.5+00".into()),
    ];
    let sql = "select cast(@P1 as nvarchar(10)), cast(@P2 as bit), cast(@P3 as bigint), cast(@P4 as decimal(38,10)), \
               cast(@P5 as nvarchar(40)), convert(binary(8), @P6, 1), cast(@P7 as datetime2(7)), cast(@P8 as datetimeoffset(7))";
    let mut session = session(&server).await;
    let rows = session
        .query(sql, &params)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(rows[0], params);
}
