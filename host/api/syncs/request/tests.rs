//! Every field of POST and PATCH syncs: what it may be, and where a mistake in it is reported.

use serde_json::{Value, json};

use super::*;

/// A good body with these fields set; null removes.
fn with(changes: Value) -> Value {
    let mut body = json!({
        "kb_id": 1, "dest_table": "orders", "interval_secs": 60,
        "source": {"kind": "postgres", "connection_ref": "erp", "table": "orders", "cursor_column": "id"},
    });
    for (name, value) in changes.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

fn parse(changes: Value) -> SyncRequest {
    SyncRequest::parse(&with(changes.clone()))
        .unwrap_or_else(|problem| panic!("{changes}: {}", problem.detail()))
}

#[track_caller]
fn refused(problem: Problem, code: &str, pointers: &[&str]) {
    let found: Vec<_> = problem.errors().iter().map(|e| &*e.pointer).collect();
    assert_eq!((problem.code(), &found[..]), (code, pointers));
    assert_eq!(problem.status().as_u16(), 400);
}

#[track_caller]
fn refused_with(changes: Value, code: &str, pointers: &[&str]) {
    refused(
        SyncRequest::parse(&with(changes)).unwrap_err(),
        code,
        pointers,
    );
}

#[test]
fn optional_fields_that_are_absent_or_null_have_their_defaults() {
    let sync = parse(json!({}));
    let names = [
        "name",
        "mode",
        "pacing",
        "batch_rows",
        "placement",
        "key_columns",
        "enabled",
        "schedule",
        "existing_dest",
        "start_cursor",
        "initial_cursor",
    ];
    let nulls = names.map(|name| (name.to_owned(), Value::Null));
    assert_eq!(parse(Value::Object(nulls.into_iter().collect())), sync);
    assert_eq!(
        (sync.mode, &sync.schedule),
        (SyncMode::Append, &Schedule::Interval)
    );
    assert_eq!(
        (sync.enabled, sync.batch_rows, sync.interval_secs),
        (true, 5_000, 60)
    );
    assert_eq!((sync.start(), sync.existing_dest), (None, None));
}

#[test]
fn every_field_arrives() {
    let int = |value: &str| json!({"kind": "int", "value": value});
    assert_eq!(parse(json!({"mode": "create"})).mode, SyncMode::Append);
    assert_eq!(parse(json!({"mode": "replace"})).mode, SyncMode::Replace);
    assert_eq!(
        parse(json!({"mode": "upsert", "key_columns": ["b", "a"]})).key_columns,
        ["b", "a"]
    );
    assert!(!parse(json!({"enabled": false})).enabled);
    let sync =
        parse(json!({"existing_dest": "adopt", "name": "n", "pacing": {"max_rows_per_sec": 5}}));
    assert_eq!(sync.existing_dest, Some(ExistingDest::Adopt));
    assert_eq!(
        (sync.name.as_deref(), sync.pacing.max_rows_per_sec),
        (Some("n"), 5)
    );
    let (start, pointer) = parse(json!({"start_cursor": int("7")})).start().unwrap();
    assert_eq!(
        (start.landed, pointer),
        (Some(0), "/start_cursor"),
        "inclusive"
    );
    let (behind, pointer) = parse(json!({"initial_cursor": int("7")})).start().unwrap();
    assert_eq!(
        (behind.landed, pointer),
        (None, "/initial_cursor"),
        "exclusive"
    );
}

#[test]
fn an_interval_is_a_second_at_least_and_needed_unless_there_is_another_schedule() {
    for wrong in [json!(0), json!(-1), json!(i64::from(i32::MAX) + 1)] {
        refused_with(
            json!({"interval_secs": wrong}),
            "invalid_interval",
            &["/interval_secs"],
        );
    }
    for wrong in [json!("60"), json!(1.5), Value::Null] {
        refused_with(
            json!({"interval_secs": wrong}),
            "invalid_request",
            &["/interval_secs"],
        );
    }
    let schedule = json!({"kind": "interval"});
    refused_with(
        json!({"interval_secs": null, "schedule": schedule}),
        "invalid_request",
        &["/interval_secs"],
    );
    let manual = parse(json!({"interval_secs": null, "schedule": {"kind": "manual"}}));
    assert_eq!(
        (manual.interval_secs, manual.schedule),
        (0, Schedule::Manual)
    );
}

#[test]
fn a_cron_schedule_is_checked_where_it_is_wrong() {
    let cron = |more: Value| {
        let mut schedule = json!({"kind": "cron", "expression": "0 3 * * *"});
        for (name, value) in more.as_object().expect("an object") {
            schedule[name] = value.clone();
        }
        json!({"interval_secs": null, "schedule": schedule})
    };
    let sync = parse(cron(json!({"time_zone": "Europe/Berlin"})));
    assert!(matches!(sync.schedule, Schedule::Cron(_)));
    for (more, pointer) in [
        (json!({"expression": "0 25 * * *"}), "/schedule/expression"),
        (json!({"expression": "0 3 * *"}), "/schedule/expression"),
        (json!({"expression": 5}), "/schedule/expression"),
        (json!({"expression": null}), "/schedule/expression"),
        (json!({"time_zone": "Berlin"}), "/schedule/time_zone"),
        (json!({"time_zone": 1}), "/schedule/time_zone"),
        (json!({"kind": "hourly"}), "/schedule/kind"),
        (json!({"kind": null}), "/schedule/kind"),
    ] {
        refused_with(cron(more), "invalid_request", &[pointer]);
    }
}

#[test]
fn modes_and_cursors_have_codes_of_their_own() {
    let int = json!({"kind": "int", "value": "7"});
    refused_with(json!({"mode": "merge"}), "invalid_mode", &["/mode"]);
    refused_with(
        json!({"mode": "upsert"}),
        "key_columns_required",
        &["/key_columns"],
    );
    let both = json!({"start_cursor": int, "initial_cursor": int});
    refused_with(both, "invalid_cursor", &["/initial_cursor"]);
    for name in ["start_cursor", "initial_cursor"] {
        let pointer = format!("/{name}");
        refused_with(
            json!({"mode": "replace", name: int}),
            "invalid_cursor",
            &[&pointer],
        );
        let value = format!("/{name}/value");
        let wrong = json!({"kind": "int", "value": "x"});
        refused_with(json!({name: wrong}), "invalid_cursor", &[&value]);
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let body = json!({"source": {"kind": 1}, "enabled": 1, "existing_dest": "drop", "name": ""});
    let wrong = [
        "/kb_id",
        "/dest_table",
        "/source/kind",
        "/source/connection_ref",
        "/source/table",
        "/source/cursor_column",
        "/interval_secs",
        "/name",
        "/enabled",
        "/existing_dest",
    ];
    refused(
        SyncRequest::parse(&body).unwrap_err(),
        "invalid_request",
        &wrong,
    );
}

#[test]
fn a_change_says_only_what_changes() {
    assert_eq!(
        change(&json!({"name": null, "dest_table": "x"})).unwrap(),
        SyncChange::default()
    );
    let changed =
        change(&json!({"enabled": false, "interval_secs": 5, "batch_rows": 0, "pacing": {}}))
            .unwrap();
    assert_eq!(
        (changed.enabled, changed.interval_secs, changed.batch_rows),
        (Some(false), Some(5), Some(5_000))
    );
    assert_eq!(changed.pacing, Some(Pacing::default()));
    for (body, code, pointer) in [
        (
            json!({"interval_secs": 0}),
            "invalid_interval",
            "/interval_secs",
        ),
        (json!({"enabled": "no"}), "invalid_request", "/enabled"),
        (
            json!({"schedule": {"kind": "x"}}),
            "invalid_request",
            "/schedule/kind",
        ),
        (
            json!({"pacing": {"batch_delay_ms": -1}}),
            "invalid_request",
            "/pacing/batch_delay_ms",
        ),
        (json!([]), "invalid_request", ""),
    ] {
        refused(change(&body).unwrap_err(), code, &[pointer]);
    }
}
