//! Every field of POST jobs: what it may be, and where a mistake in it is reported.

use serde_json::{Value, json};

use super::*;
use crate::model::value::Value as CursorValue;

fn minimal() -> Value {
    json!({
        "kb_id": 1,
        "dest_table": "orders",
        "source": {"kind": "postgres", "connection_ref": "erp", "table": "orders", "cursor_column": "id"},
    })
}

/// The minimal body with the value at the pointer set, or removed if it is none.
fn with(pointer: &str, value: Option<Value>) -> Value {
    let mut body = minimal();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = match body.pointer_mut(parent) {
        Some(parent) => parent,
        None => {
            body[&parent[1..]] = json!({});
            body.pointer_mut(parent).expect("just made")
        }
    };
    let object = parent.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
    body
}

fn parse(pointer: &str, value: Value) -> JobRequest {
    JobRequest::parse(&with(pointer, Some(value.clone()))).unwrap_or_else(|problem| {
        panic!("{pointer} = {value}: {}", problem.detail());
    })
}

#[track_caller]
fn refused(body: &Value, code: &str, pointers: &[&str]) {
    let problem = JobRequest::parse(body).expect_err(&body.to_string());
    let found: Vec<_> = problem.errors().iter().map(|e| &*e.pointer).collect();
    assert_eq!((problem.code(), &found[..]), (code, pointers), "{body}");
    assert_eq!(problem.status().as_u16(), 400);
}

#[test]
fn optional_fields_that_are_absent_or_null_have_their_defaults() {
    let spec = JobRequest::parse(&minimal()).unwrap().into_spec();
    let mut body = minimal();
    for name in [
        "mode",
        "batch_rows",
        "cursor",
        "pacing",
        "placement",
        "key_columns",
    ] {
        body[name] = Value::Null;
    }
    body["source"]["schema"] = Value::Null;
    body["source"]["columns"] = Value::Null;
    body["of_a_newer_client"] = json!({"a": [1]});
    body["source"]["of_a_newer_client"] = json!(1);
    assert_eq!(JobRequest::parse(&body).unwrap().into_spec(), spec);
    assert_eq!(spec.mode, Mode::Create);
    assert_eq!(spec.batch_rows, 5_000);
    assert_eq!(spec.cursor, None);
    assert_eq!(spec.pacing, Pacing::default());
    assert_eq!(spec.placement, Placement::Hosted);
    assert_eq!(spec.source.schema, None);
    assert!(spec.source.columns.is_empty());
}

#[test]
fn every_field_arrives() {
    assert_eq!(parse("/kb_id", json!("42")).kb_id, KbId(42));
    assert_eq!(
        parse("/dest_table", json!("a\"b.c 🦀")).dest_table,
        "a\"b.c 🦀"
    );
    assert_eq!(parse("/mode", json!("append")).mode, Mode::Append);
    assert_eq!(parse("/mode", json!("replace")).mode, Mode::Replace);
    assert_eq!(parse("/batch_rows", json!(0)).batch_rows, 5_000);
    assert_eq!(parse("/batch_rows", json!(1)).batch_rows, 1);
    assert_eq!(parse("/batch_rows", json!(1_000_000)).batch_rows, 1_000_000);
    assert_eq!(
        parse("/placement", json!("local")).placement,
        Placement::Local
    );
    let columns = parse("/source/columns", json!(["a", "A"])).source.columns;
    assert_eq!(columns, ["a", "A"]);
    assert_eq!(
        parse("/source/schema", json!("s")).source.schema,
        Some("s".into())
    );
    assert_eq!(
        parse("/pacing/batch_delay_ms", json!(i64::MAX))
            .pacing
            .batch_delay_ms,
        i64::MAX as u64
    );
    assert_eq!(
        parse("/pacing/max_rows_per_sec", json!(i32::MAX))
            .pacing
            .max_rows_per_sec,
        i32::MAX as u32
    );
    assert_eq!(parse("/pacing/max_dop", json!(8)).pacing.max_dop, 8);
    assert!(
        parse("/pacing/read_uncommitted", json!(true))
            .pacing
            .read_uncommitted
    );
    parse("/pacing", json!({"batch_delay_ms": null}));
    parse("/key_columns", json!(["id"]));
}

#[test]
fn every_required_field_is_missed_where_it_should_be() {
    for pointer in [
        "/kb_id",
        "/dest_table",
        "/source",
        "/source/kind",
        "/source/connection_ref",
        "/source/table",
        "/source/cursor_column",
    ] {
        refused(&with(pointer, None), "invalid_request", &[pointer]);
        refused(
            &with(pointer, Some(Value::Null)),
            "invalid_request",
            &[pointer],
        );
    }
}

#[test]
fn wrong_types_and_ranges_are_reported_at_their_field() {
    let long = "x".repeat(256);
    for (pointer, wrong) in [
        (
            "/kb_id",
            vec![
                json!(true),
                json!(1.5),
                json!("one"),
                json!(u64::MAX),
                json!([]),
            ],
        ),
        (
            "/dest_table",
            vec![
                json!(1),
                json!(""),
                json!(long),
                json!("a\nb"),
                json!("a\u{7f}"),
                json!({}),
            ],
        ),
        ("/source", vec![json!("postgres"), json!([])]),
        ("/source/kind", vec![json!(1), json!("")]),
        (
            "/source/connection_ref",
            vec![json!(1), json!(""), json!(long)],
        ),
        (
            "/source/table",
            vec![json!(1), json!(""), json!("a\0b"), json!(long)],
        ),
        (
            "/source/cursor_column",
            vec![json!(1), json!(""), json!(long)],
        ),
        ("/source/schema", vec![json!(1), json!(""), json!(long)]),
        ("/source/columns", vec![json!("a"), json!([]), json!({})]),
        ("/mode", vec![json!(1), json!(["create"])]),
        (
            "/batch_rows",
            vec![
                json!(-1),
                json!(1_000_001),
                json!(1.5),
                json!("5"),
                json!(5.0),
                json!(i64::MAX),
            ],
        ),
        ("/cursor", vec![json!("5"), json!(5), json!([])]),
        ("/cursor/kind", vec![json!(1)]),
        ("/pacing", vec![json!(1), json!([])]),
        (
            "/pacing/batch_delay_ms",
            vec![json!(-1), json!("1"), json!(u64::MAX)],
        ),
        (
            "/pacing/max_rows_per_sec",
            vec![json!(-1), json!(2_147_483_648_i64), json!(0.5)],
        ),
        (
            "/pacing/max_dop",
            vec![json!(-1), json!(2_147_483_648_i64), json!("1")],
        ),
        ("/pacing/read_uncommitted", vec![json!(1), json!("true")]),
        ("/placement", vec![json!(1)]),
        ("/key_columns", vec![json!("id"), json!([])]),
    ] {
        for value in wrong {
            let mut body = with(pointer, Some(value));
            if let Some(cursor) = body.get_mut("cursor").and_then(Value::as_object_mut) {
                cursor.insert("value".into(), json!("1"));
            }
            refused(&body, "invalid_request", &[pointer]);
        }
    }
    let columns = json!(["a", 1, "a", ""]);
    let wrong = [
        "/source/columns/1",
        "/source/columns/2",
        "/source/columns/3",
    ];
    refused(
        &with("/source/columns", Some(columns)),
        "invalid_request",
        &wrong,
    );
    refused(
        &with("/key_columns", Some(json!([null]))),
        "invalid_request",
        &["/key_columns/0"],
    );
}

#[test]
fn an_upsert_names_its_key() {
    let mut body = with("/mode", Some(json!("upsert")));
    refused(&body, "key_columns_required", &["/key_columns"]);
    body["key_columns"] = json!(["id", "id"]);
    refused(&body, "invalid_request", &["/key_columns/1"]);
    body["key_columns"] = json!(["b", "a"]);
    body["source"]["columns"] = json!(["a", "c"]);
    let spec = JobRequest::parse(&body).unwrap().into_spec();
    assert_eq!(spec.mode, Mode::Upsert);
    assert_eq!(spec.key_columns, ["b", "a"]);
    assert_eq!(spec.source_with_key().columns, ["a", "c", "b"]);
    assert_eq!(spec.source.columns, ["a", "c"]);
}

#[test]
fn words_have_codes_of_their_own() {
    for word in ["Upsert", "CREATE", "", "merge"] {
        refused(
            &with("/mode", Some(json!(word))),
            "invalid_mode",
            &["/mode"],
        );
    }
    for word in ["remote", "Local", ""] {
        refused(
            &with("/placement", Some(json!(word))),
            "invalid_placement",
            &["/placement"],
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let body =
        json!({"dest_table": "", "source": {"kind": 1}, "mode": "x", "pacing": {"max_dop": -1}});
    let wrong = [
        "/kb_id",
        "/dest_table",
        "/source/kind",
        "/source/connection_ref",
        "/source/table",
        "/source/cursor_column",
        "/mode",
        "/pacing/max_dop",
    ];
    refused(&body, "invalid_request", &wrong);
    for body in [json!(null), json!([]), json!("x"), json!(1)] {
        refused(&body, "invalid_request", &[""]);
    }
}

#[test]
fn every_kind_of_cursor_keeps_its_value() {
    let text = str::to_owned;
    for (kind, value, read) in [
        (
            "int",
            json!("-9223372036854775808"),
            CursorValue::Int(i64::MIN),
        ),
        ("int", json!(7), CursorValue::Int(7)),
        ("decimal", json!("1.10"), CursorValue::Decimal(text("1.10"))),
        ("float", json!("0.1"), CursorValue::Float(0.1)),
        (
            "timestamp",
            json!("2026-01-31 12:00:00"),
            CursorValue::Timestamp(text("2026-01-31 12:00:00")),
        ),
        (
            "timestamptz",
            json!("2026-01-31T12:00:00Z"),
            CursorValue::Timestamptz(text("2026-01-31T12:00:00Z")),
        ),
        (
            "date",
            json!("2026-01-31"),
            CursorValue::Date(text("2026-01-31")),
        ),
        (
            "time",
            json!("12:00:00"),
            CursorValue::Time(text("12:00:00")),
        ),
        (
            "text",
            json!("'; drop table t; --"),
            CursorValue::Text(text("'; drop table t; --")),
        ),
        ("text", json!(""), CursorValue::Text(text(""))),
        (
            "uuid",
            json!("0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e"),
            CursorValue::Uuid(text("0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e")),
        ),
        ("bytes", json!("\\x00ff"), CursorValue::Bytes(vec![0, 255])),
        (
            "rowversion",
            json!("0x00000000000007d1"),
            CursorValue::Bytes(vec![0, 0, 0, 0, 0, 0, 7, 0xd1]),
        ),
    ] {
        let cursor = json!({"kind": kind, "value": value, "tie": [{"kind": kind, "value": value}]});
        let read = Cursor {
            value: read.clone(),
            tie: vec![read],
            landed: None,
            digest: None,
        };
        assert_eq!(parse("/cursor", cursor).cursor, Some(read), "{kind}");
    }
}

#[test]
fn a_value_that_its_kind_cannot_have_is_an_invalid_cursor() {
    for (kind, value) in [
        ("int", json!("1.5")),
        ("int", json!(1.5)),
        ("int", json!("9223372036854775808")),
        ("decimal", json!("ten")),
        ("float", json!("1e999")),
        ("timestamp", json!("2026-01-31T12:00:00Z")),
        ("timestamptz", json!("2026-01-31T12:00:00")),
        ("date", json!("2026-02-30")),
        ("time", json!("25:00")),
        ("text", json!("a\0")),
        ("text", json!("x".repeat(32 * 1024 + 1))),
        ("uuid", json!("{0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e}")),
        ("bytes", json!("xyz")),
        ("rowversion", json!("0x01")),
    ] {
        let cursor = json!({"kind": kind, "value": value});
        refused(
            &with("/cursor", Some(cursor)),
            "invalid_cursor",
            &["/cursor/value"],
        );
    }
    let unknown = json!({"kind": "serial", "value": "1"});
    refused(
        &with("/cursor", Some(unknown)),
        "invalid_cursor",
        &["/cursor/kind"],
    );
    let tie = json!({"kind": "int", "value": "1", "tie": [{"kind": "int", "value": "1"}, {"kind": "int", "value": "x"}]});
    refused(
        &with("/cursor", Some(tie)),
        "invalid_cursor",
        &["/cursor/tie/1/value"],
    );
    let empty = json!({});
    refused(
        &with("/cursor", Some(empty)),
        "invalid_request",
        &["/cursor/kind", "/cursor/value"],
    );
    let number = json!({"kind": "decimal", "value": 1.5});
    refused(
        &with("/cursor", Some(number)),
        "invalid_request",
        &["/cursor/value"],
    );
}

#[test]
fn replace_takes_no_cursor() {
    let mut body = with("/cursor", Some(json!({"kind": "int", "value": "1"})));
    body["mode"] = json!("replace");
    refused(&body, "invalid_cursor", &["/cursor"]);
}
