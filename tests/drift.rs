//! A source whose columns change between two jobs: widened where nothing is lost, otherwise a job that names the column.

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind};

/// A table of three rows that landed in `dest`, and what was done to it since.
async fn drifted(kind: Kind, change: &str) -> (Host, i64) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, n int, price numeric(8, 2), name varchar(10));
         insert into t values (1, 10, 1.25, 'a'), (2, 20, 2.50, 'b'), (3, 30, 3.75, 'c')",
    )
    .await;
    let kb = host.kb().await;
    let first = host.job(host.read(kb, "dest", "t", "id")).await;
    assert_eq!(first["state"], "completed", "{first}");
    host.sql(change).await;
    (host, kb)
}

/// A job that goes on behind the three rows.
async fn append(host: &Host, kb: i64, more: Value) -> Value {
    let mut request = host.read(kb, "dest", "t", "id");
    request["mode"] = "append".into();
    request["cursor"] = json!({"kind": "int", "value": "3"});
    for (key, value) in more.as_object().into_iter().flatten() {
        request["source"][key] = value.clone();
    }
    host.job(request).await
}

async fn appended(host: &Host, kb: i64, note: &str) {
    let job = append(host, kb, json!({})).await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(1)),
        "{job}"
    );
    let warnings = job["warnings"].to_string();
    if note.is_empty() {
        assert_eq!(job["warnings"], json!([]), "nothing is done to the table");
    }
    assert!(warnings.contains(note), "{warnings}");
}

async fn stopped(host: &Host, kb: i64, more: Value, words: &[&str]) {
    let job = append(host, kb, more).await;
    assert_eq!(
        (&job["state"], &job["error"]["failure"]),
        (&json!("failed"), &json!("config")),
        "{job}"
    );
    let detail = job["error"]["detail"].as_str().expect("a sentence");
    for word in words {
        assert!(detail.contains(word), "{detail}");
    }
    let rows = host.query(kb, "select count(*) as n from dest").await;
    assert_eq!(rows[0]["n"], 3, "the table is as it was");
}

async fn column(host: &Host, kb: i64, sql: &str) -> Value {
    let rows = host
        .query(kb, &format!("select {sql} as v from dest order by id"))
        .await;
    let rows = rows.as_array().expect("rows");
    rows.iter().map(|row| row["v"].clone()).collect()
}

async fn a_new_column_is_added(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t add at timestamp; insert into t values (4, 40, 4, 'd', '2026-01-01')",
    )
    .await;
    appended(&host, kb, "\\\"at\\\" was added").await;
    let set = column(&host, kb, "at is not null").await;
    assert_eq!(set, json!([false, false, false, true]));
}

async fn a_new_column_that_must_not_be_null_is_added(kind: Kind) {
    let (host, kb) = drifted(kind, "alter table t add flag boolean not null default true; insert into t (id, n, price, name) values (4, 40, 4, 'd')").await;
    appended(&host, kb, "\\\"flag\\\" was added").await;
    let set = column(&host, kb, "flag").await;
    assert_eq!(set, json!([null, null, null, true]));
}

async fn a_dropped_column_is_null_from_then_on(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t drop column n; insert into t values (4, 4, 'd')",
    )
    .await;
    appended(&host, kb, "").await;
    assert_eq!(column(&host, kb, "n").await, json!([10, 20, 30, null]));
}

async fn a_renamed_column_is_a_new_one_and_an_old_one(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t rename column n to amount; insert into t values (4, 40, 4, 'd')",
    )
    .await;
    appended(&host, kb, "\\\"amount\\\" was added").await;
    assert_eq!(column(&host, kb, "n").await, json!([10, 20, 30, null]));
    assert_eq!(
        column(&host, kb, "amount").await,
        json!([null, null, null, 40])
    );
}

async fn a_column_renamed_but_for_case_stops(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t rename column n to \"N\"; insert into t values (4, 40, 4, 'd')",
    )
    .await;
    stopped(&host, kb, json!({}), &["\"N\"", "\"n\"", "mode replace"]).await;
}

async fn a_wider_type_widens_the_column(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t alter column n type bigint; alter table t alter column price type numeric(20, 4);
         alter table t alter column name type text;
         insert into t values (4, 1099511627776, 0.0001, 'a longer name')",
    )
    .await;
    appended(
        &host,
        kb,
        "\\\"n\\\" of the table \\\"dest\\\" was widened from integer to long",
    )
    .await;
    let sums = column(
        &host,
        kb,
        "cast(n as varchar) || ' ' || cast(price as varchar) || name",
    )
    .await;
    let expected = json!([
        "10 1.2500a",
        "20 2.5000b",
        "30 3.7500c",
        "1099511627776 0.0001a longer name"
    ]);
    assert_eq!(sums, expected);
}

async fn a_narrower_type_is_held_by_the_column(kind: Kind) {
    let (host, kb) = drifted(kind, "alter table t alter column n type smallint; alter table t alter column price type numeric(5, 1); insert into t values (4, 40, 4.5, 'd')").await;
    appended(&host, kb, "").await;
    assert_eq!(column(&host, kb, "n").await, json!([10, 20, 30, 40]));
}

async fn another_type_stops(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t alter column n type text; insert into t values (4, 'x', 4, 'd')",
    )
    .await;
    stopped(
        &host,
        kb,
        json!({}),
        &["\"n\"", "integer", "string", "mode replace"],
    )
    .await;
}

/// A column of the source in a sentence.
fn as_said(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "\"n\"",
        Kind::SqlServer => "[n]",
    }
}

async fn a_projected_column_that_is_gone_stops(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t drop column n; insert into t values (4, 4, 'd')",
    )
    .await;
    stopped(&host, kb, json!({"columns": ["id", "n"]}), &[as_said(kind)]).await;
}

async fn a_cursor_column_that_is_gone_stops(kind: Kind) {
    let (host, kb) = drifted(
        kind,
        "alter table t drop column n; insert into t values (4, 4, 'd')",
    )
    .await;
    let mut request = host.read(kb, "dest", "t", "n");
    request["mode"] = "append".into();
    let reply = host
        .post(&host.connector_path("/jobs"), request.clone())
        .await;
    assert_eq!(reply.status, 202, "{}", reply.json);
    let job = host
        .ended(reply.json["job_id"].as_str().expect("an id"))
        .await;
    assert_eq!(
        (&job["state"], &job["error"]["failure"]),
        (&json!("failed"), &json!("config")),
        "{job}"
    );
    let detail = job["error"]["detail"].as_str().expect("a sentence");
    assert!(detail.contains(as_said(kind)), "{detail}");
}

on_each_kind!(
    a_new_column_is_added,
    a_new_column_that_must_not_be_null_is_added,
    a_dropped_column_is_null_from_then_on,
    a_renamed_column_is_a_new_one_and_an_old_one,
    a_column_renamed_but_for_case_stops,
    a_wider_type_widens_the_column,
    a_narrower_type_is_held_by_the_column,
    another_type_stops,
    a_projected_column_that_is_gone_stops,
    a_cursor_column_that_is_gone_stops,
);
