//! Any name that a source can have works, and no name and no value is ever a piece of a statement.

use serde_json::json;

use crate::harness::{Host, quoted};

const NAMES: &[&str] = &[
    "Mixed Case",
    "dotted.name.x",
    "quo\"te",
    "it's",
    "naïve 🦀 日本",
    "select",
    "back\\slash",
    " spaces ",
    "$1",
    "%s %n %%",
    "--",
    "/*",
    "a;b",
    "x\"; drop table canary; --",
    "x'; drop table canary; --",
    "x\" union select secret from canary; --",
    "$$; delete from canary; $$",
    "t\" where false; truncate canary; select \"",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk",
    "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    "../../etc/passwd",
    "null",
];

/// What may not change: every relation, and the rows of the canary.
const STATE: &str = "select (select count(*) from canary)::text || ' ' || (select string_agg(relname, ',' order by oid) from pg_class where oid > 16384)";

async fn with_canary() -> Host {
    let host = Host::start_with(&[("SLUICE_JOBS__MAX_ATTEMPTS", "1")]).await;
    host.sql("create table canary (secret text); insert into canary values ('one'), ('two')")
        .await;
    host
}

#[tokio::test(flavor = "multi_thread")]
async fn every_name_is_a_name_everywhere() {
    let host = with_canary().await;
    let kb = host.kb().await;
    for name in NAMES {
        let q = quoted(name);
        host.sql(&format!(
            "create schema {q}; create type public.{q} as enum ('x', {text});
             create table {q}.{q} ({q} int, {key} public.{q}, \"v\" text, primary key ({q}, {key}));
             insert into {q}.{q} select g, case g % 2 when 0 then 'x'::public.{q} else {text}::public.{q} end, 'v' from generate_series(1, 20) g",
            key = quoted(&format!("k{}", &name[..name.char_indices().nth(12).map_or(name.len(), |(at, _)| at)])),
            text = format_args!("$v${name}$v$"),
        ))
        .await;
    }
    let before = host.text(STATE).await;
    let mut jobs = Vec::new();
    for name in NAMES {
        let mut request = host.read(kb, name, name, name);
        request["source"]["schema"] = json!(name);
        request["source"]["columns"] = json!([name, "v"]);
        request["batch_rows"] = json!(7);
        request["pacing"] = json!({"batch_delay_ms": 1});
        jobs.push((name, host.dispatch(request).await));
    }
    for (name, job) in jobs {
        let job = host.ended(&job).await;
        assert_eq!(job["state"], "completed", "{name}: {job}");
        let q = quoted(name);
        let sql = format!("select count(*) as n, count(distinct {q}) as ids from {q}");
        assert_eq!(
            host.query(kb, &sql).await[0],
            json!({"n": 20, "ids": 20}),
            "{name}"
        );
        let path = format!(
            "/browse/columns?connection_ref=src&schema={0}&table={0}",
            encoded(name)
        );
        let columns = host.get(&host.connector_path(&path)).await;
        assert_eq!(
            columns.json["columns"][0]["name"], *name,
            "{}",
            columns.json
        );
    }
    assert_eq!(host.text(STATE).await, before, "the source changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_exist_are_not_run_either() {
    let host = with_canary().await;
    host.sql("create table t (id int primary key, v text collate \"C\"); insert into t values (1, 'a'), (2, 'b')").await;
    let kb = host.kb().await;
    let before = host.text(STATE).await;
    let mut jobs = Vec::new();
    for name in NAMES {
        for field in [
            "schema",
            "table",
            "cursor_column",
            "columns",
            "connection_ref",
            "kind",
        ] {
            let mut request = host.read(kb, "never", "t", "id");
            request["source"][field] = match field {
                "columns" => json!([name]),
                _ => json!(name),
            };
            let reply = host.post(&host.connector_path("/jobs"), request).await;
            match reply.json["job_id"].as_str() {
                Some(id) => jobs.push((name, field, id.to_owned())),
                None => assert_eq!(reply.status, 422, "{field} {name}: {}", reply.json),
            }
        }
    }
    for (name, field, job) in jobs {
        let job = host.ended(&job).await;
        assert_eq!(job["state"], "failed", "{field} {name}: {job}");
        assert_eq!(job["error"]["failure"], "config", "{field} {name}: {job}");
        assert_eq!(job["error"]["code"], "not_found", "{field} {name}: {job}");
    }
    assert_eq!(host.text(STATE).await, before, "the source changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn cursor_values_are_values() {
    let host = with_canary().await;
    host.sql(
        "create table t (id int primary key, v text collate \"C\");
         insert into t values (1, ''), (2, 'zzz'), (3, '🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀')",
    )
    .await;
    let kb = host.kb().await;
    let before = host.text(STATE).await;
    for (n, name) in NAMES.iter().enumerate() {
        let after = format!("select count(*)::text from t where v > $v${name}$v$");
        let after: i64 = host.text(&after).await.parse().expect("a number");
        let mut request = host.read(kb, &format!("t{n}"), "t", "v");
        request["cursor"] = json!({"kind": "text", "value": name});
        request["dest_table"] = json!(format!("t{n}"));
        let job = host.job(request.clone()).await;
        assert_eq!(
            (&job["state"], &job["rows_emitted"]),
            (&json!("completed"), &json!(after)),
            "{name}: {job}"
        );
        // As a key of another type, and on a column of one.
        request["dest_table"] = json!("never");
        let mut key = request.clone();
        key["cursor"]["tie"] = json!([{"kind": "text", "value": name}]);
        request["source"]["cursor_column"] = json!("id");
        for request in [key, request] {
            let reply = host.post(&host.connector_path("/jobs"), request).await;
            assert_eq!(
                (reply.status, &reply.json["code"]),
                (400, &json!("invalid_cursor")),
                "{name}: {}",
                reply.json
            );
        }
    }
    assert_eq!(host.text(STATE).await, before, "the source changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_differ_in_case_only_are_told_apart_or_refused_by_name() {
    let host = with_canary().await;
    host.sql("create table t (id int primary key, \"Name\" text, name text); insert into t values (1, 'a', 'b')").await;
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "t", "id")).await;
    if job["state"] == "completed" {
        let rows = host.query(kb, "select \"Name\", name from t").await;
        assert_eq!(rows, json!([{"Name": "a", "name": "b"}]));
    } else {
        assert_eq!(job["error"]["failure"], "config", "{job}");
        assert!(
            job["message"]
                .as_str()
                .expect("a sentence")
                .contains("\"name\""),
            "{job}"
        );
    }
}

/// For a query string.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}
