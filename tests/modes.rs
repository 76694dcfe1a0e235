//! What create, append, replace and upsert promise, and what can be a source.

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind};

fn in_mode(mut request: Value, mode: &str) -> Value {
    request["mode"] = mode.into();
    request
}

/// Ten pages, a while apart.
fn slowly(mut request: Value) -> Value {
    request["batch_rows"] = json!(10);
    request["pacing"] = json!({"batch_delay_ms": 60});
    request
}

async fn count(host: &Host, kb: i64, table: &str) -> i64 {
    let rows = host
        .query(kb, &format!("select count(*) as n from {table}"))
        .await;
    rows[0]["n"].as_i64().expect("a count")
}

async fn completes(host: &Host, request: Value) -> Value {
    let job = host.job(request).await;
    assert_eq!(job["state"], "completed", "{job}");
    job
}

async fn refused(host: &Host, request: Value, code: &str) {
    let reply = host.post(&host.connector_path("/jobs"), request).await;
    assert_eq!(
        (reply.status, &reply.json["code"]),
        (422, &json!(code)),
        "{}",
        reply.json
    );
}

async fn create_wants_no_table_and_append_wants_one(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql("create table t (id int primary key); insert into t select g from generate_series(1, 100) g")
        .await;
    let kb = host.kb().await;
    let request = host.read(kb, "dest", "t", "id");
    refused(
        &host,
        in_mode(request.clone(), "append"),
        "dest_table_not_found",
    )
    .await;
    completes(&host, request.clone()).await;
    refused(&host, request.clone(), "dest_table_exists").await;
    completes(&host, in_mode(request.clone(), "append")).await;
    assert_eq!(
        count(&host, kb, "dest").await,
        200,
        "the same rows, for they were asked for twice"
    );
    let other = host.kb().await;
    completes(&host, host.read(other, "dest", "t", "id")).await;
}

async fn of_two_creates_at_once_one_has_the_table(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql("create table t (id int primary key); insert into t select g from generate_series(1, 100) g")
        .await;
    let kb = host.kb().await;
    let first = host
        .dispatch(slowly(host.read(kb, "dest", "t", "id")))
        .await;
    let second = host
        .dispatch(slowly(host.read(kb, "dest", "t", "id")))
        .await;
    let jobs = [host.ended(&first).await, host.ended(&second).await];
    let failed: Vec<_> = jobs.iter().filter(|job| job["state"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{jobs:?}");
    assert_eq!(
        failed[0]["error"]["code"], "dest_table_exists",
        "{}",
        failed[0]
    );
    assert_eq!(failed[0]["error"]["failure"], "config", "{}", failed[0]);
    assert_eq!(count(&host, kb, "dest").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn replace_is_seen_at_its_end_and_not_before() {
    let host = Host::start().await;
    host.sql(
        "create table old (id int primary key); insert into old select generate_series(1, 7);
         create table new (name text, id bigint primary key, at timestamptz);
         insert into new select 'n', g, now() from generate_series(1, 100) g;
         create table bad (id int primary key, d date);
         insert into bad select g, case g when 100 then 'infinity' else '2026-01-01'::date end from generate_series(1, 100) g;
         create table empty (id int primary key)",
    )
    .await;
    let kb = host.kb().await;
    completes(
        &host,
        in_mode(host.read(kb, "dest", "old", "id"), "replace"),
    )
    .await;
    assert_eq!(
        count(&host, kb, "dest").await,
        7,
        "a replace of no table creates it"
    );

    // A failed one leaves the old table as it is.
    let failed = host
        .job(in_mode(
            slowly(host.read(kb, "dest", "bad", "id")),
            "replace",
        ))
        .await;
    assert_eq!(
        (&failed["state"], &failed["rows_emitted"]),
        (&json!("failed"), &json!(0)),
        "{failed}"
    );
    assert_eq!(count(&host, kb, "dest").await, 7);

    let job = host
        .dispatch(in_mode(
            slowly(host.read(kb, "dest", "new", "id")),
            "replace",
        ))
        .await;
    loop {
        let before = host.job_view(&job).await;
        let rows = count(&host, kb, "dest").await;
        if before["state"] == "completed" {
            assert_eq!(rows, 100);
            break;
        }
        assert_ne!(before["state"], "failed", "{before}");
        assert!(rows == 7 || rows == 100, "{rows} rows are of neither table");
    }
    let columns = host.query(kb, "select * from dest where id = 3").await;
    assert_eq!(columns[0]["name"], "n");
    completes(
        &host,
        in_mode(host.read(kb, "dest", "empty", "id"), "replace"),
    )
    .await;
    assert_eq!(host.query(kb, "select * from dest").await, json!([]));
}

async fn upsert_merges_by_key_and_makes_the_table_if_there_is_none(kind: Kind) {
    let mut host = Host::of(kind).await;
    host.sql(
        "create table t (k text, v int, at int, note text); create index on t (at);
         insert into t select concat('k', g), 0, g, 'n' from generate_series(1, 100) g",
    )
    .await;
    let kb = host.kb().await;
    let mut request = in_mode(slowly(host.read(kb, "dest", "t", "at")), "upsert");
    let reply = host
        .post(&host.connector_path("/jobs"), request.clone())
        .await;
    assert_eq!(
        (
            reply.status,
            &reply.json["code"],
            &reply.json["errors"][0]["pointer"]
        ),
        (400, &json!("key_columns_required"), &json!("/key_columns")),
        "{}",
        reply.json
    );
    request["key_columns"] = json!(["k"]);
    request["source"]["columns"] = json!(["v"]);
    assert_eq!(completes(&host, request.clone()).await["rows_emitted"], 100);

    // Changed rows, a new one, and one key twice among the pages, killed in the middle.
    host.sql(
        "update t set v = 1, at = at + 1000 where at <= 60; insert into t values ('new', 1, 2000, ''), ('k1', 2, 3000, '')",
    )
    .await;
    let job = host.dispatch(request.clone()).await;
    host.wait_for(&job, |view| view["batches"].as_i64() > Some(1))
        .await;
    host.crash_and_restart(&[]);
    let job = host.ended(&job).await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(102)),
        "{job}"
    );
    let sums = "select count(*) as n, count(distinct k) as keys, sum(v) as v from dest";
    let expected = json!({"n": 101, "keys": 101, "v": 62});
    assert_eq!(host.query(kb, sums).await[0], expected);
    completes(&host, request).await;
    assert_eq!(host.query(kb, sums).await[0], expected, "again the same");
}

async fn an_append_that_does_not_fit_names_the_column(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, a int); insert into t values (1, 1);
         create table retyped (id int primary key, a text); insert into retyped values (2, 'x');
         create table wider (id int primary key, a int, b text); insert into wider values (3, 3, 'b');
         create table narrower (id int primary key); insert into narrower values (4);
         create table reordered (a int, id int primary key); insert into reordered values (50, 5)",
    )
    .await;
    let kb = host.kb().await;
    completes(&host, host.read(kb, "dest", "t", "id")).await;
    let job = host
        .job(in_mode(host.read(kb, "dest", "retyped", "id"), "append"))
        .await;
    assert_eq!(job["error"]["code"], "column_mismatch", "{job}");
    assert_eq!(job["error"]["failure"], "config", "{job}");
    let detail = job["error"]["detail"].as_str().expect("a sentence");
    for word in ["\"a\"", "\"dest\"", "integer", "string", "replace"] {
        assert!(detail.contains(word), "{detail}");
    }
    let mut without = host.read(kb, "dest", "wider", "id");
    without["source"]["columns"] = json!(["id", "a"]);
    completes(&host, in_mode(without, "append")).await;
    for table in ["narrower", "reordered"] {
        completes(&host, in_mode(host.read(kb, "dest", table, "id"), "append")).await;
    }
    let rows = host.query(kb, "select id, a from dest order by id").await;
    let expected =
        json!([{"id": 1, "a": 1}, {"id": 3, "a": 3}, {"id": 4, "a": null}, {"id": 5, "a": 50}]);
    assert_eq!(rows, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_partitions_parents_and_other_schemas_are_sources() {
    let host = Host::start().await;
    host.sql(
        "create schema \"Sales\"; create table \"Sales\".t (id int primary key, v text);
         insert into \"Sales\".t select g, 'v' || g from generate_series(1, 100) g;
         create view v as select id, v, id % 7 as m from \"Sales\".t;
         create materialized view mv as select * from v;
         create table part (id int, v text, primary key (id)) partition by range (id);
         create table part_low partition of part for values from (minvalue) to (50);
         create table part_high partition of part for values from (50) to (maxvalue);
         insert into part select * from \"Sales\".t;
         create table parent (id int primary key, v text); create table child () inherits (parent);
         insert into parent select * from \"Sales\".t where id <= 50; insert into child select * from \"Sales\".t where id > 40 and id <> 50;
         delete from child where id <= 50",
    )
    .await;
    let kb = host.kb().await;
    for (schema, table, cursor) in [
        (Some("Sales"), "t", "id"),
        (None, "v", "id"),
        (None, "v", "m"),
        (Some("public"), "mv", "m"),
        (None, "part", "id"),
        (None, "part", "v"),
        (None, "parent", "id"),
    ] {
        for batch_rows in [7, 0] {
            let dest = format!("{table}_{cursor}_{batch_rows}");
            let mut request = host.read(kb, &dest, table, cursor);
            request["batch_rows"] = batch_rows.into();
            request["pacing"] = json!({"batch_delay_ms": batch_rows / 7});
            if let Some(schema) = schema {
                request["source"]["schema"] = schema.into();
            }
            completes(&host, request).await;
            let landed = format!(
                "select count(*) as n, count(distinct id) as ids, count(distinct v) as vs from {dest}"
            );
            assert_eq!(
                host.query(kb, &landed).await[0],
                json!({"n": 100, "ids": 100, "vs": 100}),
                "{dest}"
            );
        }
    }
}

async fn a_projection_has_its_columns_the_cursor_and_the_key(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (k int primary key, a text, c int, z text, b text);
         insert into t select g, 'a', g / 3, '{}', 'b' from generate_series(1, 10) g",
    )
    .await;
    let kb = host.kb().await;
    for (n, (columns, landed)) in [
        (json!(["b", "a"]), vec!["b", "a", "c", "k"]),
        (json!(["c"]), vec!["c", "k"]),
        (json!(["k", "c", "a"]), vec!["k", "c", "a"]),
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = host.read(kb, &format!("p{n}"), "t", "c");
        request["source"]["columns"] = columns;
        assert_eq!(completes(&host, request).await["rows_emitted"], 10);
        let path = format!("/orgs/{}/k2/{kb}/query", host.org);
        let reply = host
            .post(&path, json!({"sql": format!("select * from p{n}")}))
            .await;
        let row = reply.json["rows"][0].as_object().expect("a row");
        let (mut names, mut landed) = (row.keys().collect::<Vec<_>>(), landed);
        names.sort();
        landed.sort_unstable();
        assert_eq!(names, landed);
    }
}

on_each_kind!(
    create_wants_no_table_and_append_wants_one,
    of_two_creates_at_once_one_has_the_table,
    upsert_merges_by_key_and_makes_the_table_if_there_is_none,
    an_append_that_does_not_fit_names_the_column,
    a_projection_has_its_columns_the_cursor_and_the_key,
);
