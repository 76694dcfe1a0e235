//! Every type that is decoded, against the server's own text of the same value.

use arrow::util::display::array_value_to_string;

use super::{admin_of_shared, refusal, session};
use crate::connection::Session;
use crate::model::source::{DataType, ErrorKind, arrow_schema};
use crate::model::value::Value;

/// The decoded value's text and the server's, for an expression.
async fn texts(session: &mut Session, expression: &str) -> (Value, String) {
    let sql = format!("select {expression} as v, format('%s', {expression}) as t");
    let rows = session
        .query(&sql, &[])
        .await
        .unwrap_or_else(|error| panic!("{expression}: {error}"));
    let [value, Value::Text(text)] = rows[0].as_slice() else {
        panic!("{expression}: {rows:?}")
    };
    (value.clone(), text.clone())
}

async fn assert_exact(name: &str, expressions: &[&str]) {
    let mut session = session(name).await;
    for expression in expressions {
        let (value, text) = texts(&mut session, expression).await;
        assert_eq!(
            value.to_text().as_deref(),
            Some(text.as_str()),
            "{expression}"
        );
    }
}

#[tokio::test]
async fn numbers_are_exact() {
    assert_exact(
        "types-numbers",
        &[
            "(-32768)::int2",
            "32767::int2",
            "(-2147483648)::int4",
            "(-9223372036854775808)::int8",
            "9223372036854775807::int8",
            "4294967295::oid",
            "0::numeric(12,2)",
            "(-0.05)::numeric(12,2)",
            "9999999999.99::numeric(12,2)",
            "99999999999999999999999999999999999999::numeric(38,0)",
            "(-9999999999999999999999999999.9999999999)::numeric(38,10)",
            "0.00000000000000000000000000000000000001::numeric(38,38)",
            "123400000000::numeric(30,4)",
            "0.1::numeric(5,5)",
            "1e-20::numeric",
            "1e100::numeric",
            "100000000::numeric",
            "0.00001000::numeric",
            "0.00::numeric",
            "(-123456789012345678901234567890.123456789)::numeric",
            "'NaN'::numeric",
            "'Infinity'::numeric",
            "'-Infinity'::numeric",
            "12345.67::numeric(50,2)",
            "12345::numeric(5,-2)",
            "0.00123::numeric(3,5)",
        ],
    )
    .await;
}

#[tokio::test]
async fn floats_keep_every_bit() {
    let mut session = session("types-floats").await;
    let values = [
        "0.1",
        "-0",
        "NaN",
        "Infinity",
        "-Infinity",
        "3.4028235e38",
        "1e-45",
        "123456.79",
    ];
    for value in values {
        for of in ["float4", "float8"] {
            let sql = format!("'{value}'::{of}");
            let (decoded, text) = texts(&mut session, &sql).await;
            let Value::Float(decoded) = decoded else {
                panic!("{sql}: {decoded:?}")
            };
            let expected: f64 = match of {
                "float4" => text.parse::<f32>().unwrap().into(),
                _ => text.parse().unwrap(),
            };
            assert!(
                decoded.to_bits() == expected.to_bits() || decoded.is_nan() && expected.is_nan(),
                "{sql}"
            );
        }
    }
}

#[tokio::test]
async fn texts_bytes_and_documents_are_exact() {
    let admin = admin_of_shared().await;
    let types = "create extension if not exists citext; create type mood as enum ('sad', 'ha''ppy');
                 create domain positive as numeric(9,3) check (value > 0); create domain label as varchar(20)";
    admin.batch_execute(types).await.unwrap();
    assert_exact(
        "types-texts",
        &[
            "''::text",
            "'é🦀\t\n\\'::text",
            "'ab'::varchar(10)",
            "'ab'::char(5)",
            "'pg_class'::name",
            "'x'::\"char\"",
            "''::\"char\"",
            "'MiXed'::citext",
            "'ha''ppy'::mood",
            "1.5::positive",
            "'x'::label",
            "'\\x00ff'::bytea",
            "''::bytea",
            "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
            "'{\"b\":  1, \"a\": [null]}'::json",
            "'{\"b\":  1, \"a\": [null]}'::jsonb",
            "'<a/>'::xml::text",
            "'1 day 02:03:04'::interval::text",
        ],
    )
    .await;
}

#[tokio::test]
async fn dates_and_times_are_exact() {
    assert_exact(
        "types-times",
        &[
            "'2024-02-29'::date",
            "'0001-01-01'::date",
            "'0044-03-15 BC'::date",
            "'4713-01-01 BC'::date",
            "'5874897-12-31'::date",
            "'1970-01-01'::timestamp",
            "'1969-12-31 23:59:59.999999'::timestamp",
            "'2024-02-29 23:59:59.999999'::timestamp",
            "'0044-03-15 01:02:03.5 BC'::timestamp",
            "'4714-11-24 00:00:00 BC'::timestamp",
            "'294246-12-31 23:59:59.999999'::timestamp",
            "'2024-02-29 23:59:59.1+02'::timestamptz",
            "'2024-02-29 23:59:59'::timestamptz(3)",
            "'0044-03-15 01:02:03.5+00 BC'::timestamptz",
            "'00:00'::time",
            "'24:00:00'::time",
            "'23:59:59.999999'::time",
            "'12:00:00.1'::time(2)",
        ],
    )
    .await;
}

#[tokio::test]
async fn many_random_values_equal_the_servers_text() {
    let sql = "select n, n::text, f, f::text, t, t::text, d, d::text from (
                 select ((random() - 0.5) * power(10::float8, (random() * 26)::int - 6))::numeric(38,10) as n,
                        ((random() - 0.5) * 1e9)::numeric * power(10::numeric, (random() * 40)::int - 20) as f,
                        to_timestamp((random() - 0.5) * 1e11) as t,
                        '2000-01-01'::date + ((random() - 0.5) * 1e6)::int as d
                 from generate_series(1, 20000)) as x";
    let batch = session("types-random")
        .await
        .fetch(sql, &[], 0)
        .await
        .unwrap();
    assert_eq!(batch.num_rows(), 20_000);
    for row in 0..batch.num_rows() {
        let values = batch.values(row, &[0, 1, 2, 3, 4, 5, 6, 7]).unwrap();
        for pair in values.chunks(2) {
            assert_eq!(pair[0].to_text(), pair[1].to_text());
        }
    }
}

#[tokio::test]
async fn arrays_of_one_dimension_are_lists() {
    let mut session = session("types-arrays").await;
    let cases = [
        ("array[true, null, false]", "[true, , false]"),
        ("array[1, 2]::int2[]", "[1, 2]"),
        ("array[1, null]::int4[]", "[1, ]"),
        ("'{}'::int8[]", "[]"),
        ("array[1.5]::float4[]", "[1.5]"),
        ("array['NaN']::float8[]", "[NaN]"),
        ("array['a', '', null]::text[]", "[a, , ]"),
        ("array['a']::varchar(3)[]", "[a]"),
        ("array['\\x00ff']::bytea[]", "[00ff]"),
        ("array['2024-02-29']::date[]", "[2024-02-29]"),
        (
            "array['2024-02-29 01:02:03']::timestamp[]",
            "[2024-02-29T01:02:03]",
        ),
        (
            "array['2024-02-29 01:02:03+01']::timestamptz[]",
            "[2024-02-29T00:02:03Z]",
        ),
        (
            "array['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[]",
            "[a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11]",
        ),
    ];
    for (expression, expected) in cases {
        // A second row before and after it, so that offsets count.
        let sql = format!(
            "select v from (values (1, {expression}), (2, null), (3, {expression})) as x (n, v) order by n"
        );
        let batch = session
            .fetch(&sql, &[], 0)
            .await
            .unwrap_or_else(|error| panic!("{expression}: {error}"));
        let shown: Vec<String> = (0..3)
            .map(|row| array_value_to_string(batch.rows.column(0), row).unwrap())
            .collect();
        assert_eq!(shown, [expected, "", expected], "{expression}");
        assert_eq!(
            batch.values(0, &[0]).unwrap_err().kind,
            ErrorKind::Unsupported
        );
    }
}

#[tokio::test]
async fn columns_say_what_they_are() {
    let sql = "select 1::int2 as a, 1.5::numeric(12,2) as \"B\", 1.5::numeric as c, 'x'::varchar(10) as d,
               now()::timestamptz(3) as e, array[1] as f, '{}'::jsonb as g, null::bool as h where false";
    let batch = session("types-columns")
        .await
        .fetch(sql, &[], 0)
        .await
        .unwrap();
    let said: Vec<_> = batch
        .columns
        .iter()
        .map(|column| {
            (
                column.name.as_str(),
                column.data_type.clone(),
                column.native_type.as_str(),
            )
        })
        .collect();
    let expected = [
        ("a", DataType::Int16, "smallint"),
        ("B", DataType::Decimal(12, 2), "numeric(12,2)"),
        ("c", DataType::Native("numeric".into()), "numeric"),
        ("d", DataType::Text, "character varying(10)"),
        ("e", DataType::Timestamptz, "timestamp(3) with time zone"),
        ("f", DataType::Array(Box::new(DataType::Int32)), "integer[]"),
        ("g", DataType::Json, "jsonb"),
        ("h", DataType::Boolean, "boolean"),
    ];
    assert_eq!(said, expected);
    assert_eq!(batch.rows.schema(), arrow_schema(&batch.columns));
    assert_eq!(batch.num_rows(), 0);
}

#[tokio::test]
async fn what_cannot_be_landed_names_its_column() {
    let cases = [
        ("'infinity'::timestamp", ErrorKind::Conversion),
        ("'-infinity'::timestamptz", ErrorKind::Conversion),
        ("'infinity'::date", ErrorKind::Conversion),
        ("'294276-12-31'::timestamp", ErrorKind::Conversion),
        ("'NaN'::numeric(5,2)", ErrorKind::Conversion),
        ("array[array[1, 2], array[3, 4]]", ErrorKind::Conversion),
        ("array['infinity']::date[]", ErrorKind::Conversion),
        ("'10.0.0.1'::inet", ErrorKind::Unsupported),
        ("'1 day'::interval", ErrorKind::Unsupported),
        ("1::money", ErrorKind::Unsupported),
        ("array[1.5]::numeric[]", ErrorKind::Unsupported),
        ("row(1, 2)", ErrorKind::Unsupported),
        ("int4range(1, 2)", ErrorKind::Unsupported),
        ("'<a/>'::xml", ErrorKind::Unsupported),
    ];
    for (expression, kind) in cases {
        let error = refusal(
            &mut session("types-refused").await,
            &format!("select 1 as a, {expression} as \"Bad\""),
        )
        .await;
        assert_eq!(
            (error.kind, error.column.as_deref()),
            (kind, Some("Bad")),
            "{expression}: {error}"
        );
        assert!(error.message.contains("\"Bad\""), "{error}");
    }
}

#[tokio::test]
async fn parameters_arrive_as_the_type_of_the_statement() {
    let params = [
        Value::Null,
        Value::Boolean(true),
        Value::Int(i64::MIN),
        Value::Float(0.1),
        Value::Decimal("123456789012345678901234567890.000000001".into()),
        Value::Text("it's; drop table x --".into()),
        Value::Bytes(vec![0, 255]),
        Value::Timestamptz("infinity".into()),
        Value::Native {
            type_name: "inet".into(),
            text: "10.0.0.1".into(),
        },
    ];
    let sql = "select $1::text, $2::bool, $3::int8, $4::float8, $5::numeric, $6::text, $7::bytea, $8::timestamptz::text,
               $9::inet::text";
    let rows = session("types-params")
        .await
        .query(sql, &params)
        .await
        .unwrap();
    let texts: Vec<_> = rows[0].iter().map(Value::to_text).collect();
    let mut expected: Vec<_> = params.iter().map(Value::to_text).collect();
    expected[8] = Some("10.0.0.1/32".into());
    assert_eq!(texts, expected);
}
