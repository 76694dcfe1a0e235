//! Any name that a source can have works, and no name and no value is ever a piece of a statement.

use serde_json::json;

use crate::harness::{Host, Kind, on_each_kind, quoted};

const NAMES: &[&str] = &[
    "Mixed Case",
    "dotted.name.x",
    "quo\"te",
    "brack[et]s",
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
    "x]; drop table canary; --",
    "x\" union select secret from canary; --",
    "$$; delete from canary; $$",
    "t\" where false; truncate canary; select \"",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk",
    "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
    "../../etc/passwd",
    "null",
];

/// What may not change: the names of all tables, and the rows of the canary.
async fn state(host: &Host) -> Vec<String> {
    let tables = match host.source.kind() {
        Kind::Postgres => "select relname::text from pg_class where oid > 16384",
        Kind::SqlServer => "select name from sys.objects where type in ('U', 'V')",
    };
    let mut state = host.source.texts(tables).await;
    state.extend(host.source.texts("select secret from canary").await);
    state
}

async fn with_canary(kind: Kind) -> Host {
    let host = Host::of_with(kind, &[("SLUICE_JOBS__MAX_ATTEMPTS", "1")]).await;
    host.sql("create table canary (secret text); insert into canary values ('one'), ('two')")
        .await;
    host
}

/// A text in SQL. T-SQL takes a backslash as it is, and so does Postgres.
fn literal(kind: Kind, text: &str) -> String {
    let unicode = match kind {
        Kind::Postgres => "",
        Kind::SqlServer => "N",
    };
    format!("{unicode}'{}'", text.replace('\'', "''"))
}

/// Texts are compared by their code points.
fn binary(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => "collate \"C\"",
        Kind::SqlServer => "collate Latin1_General_100_BIN2",
    }
}

/// A schema with a table whose key has two columns, all of the same name; on Postgres it is the name of a type and of a value of
/// it, too.
fn named(kind: Kind, name: &str) -> String {
    let q = quoted(name);
    let key = quoted(&format!("k{}", name.chars().take(12).collect::<String>()));
    let text = literal(kind, name);
    let (types, of) = match kind {
        Kind::Postgres => (
            format!("create type public.{q} as enum ('x', {text});"),
            format!("public.{q}"),
        ),
        Kind::SqlServer => (String::new(), "nvarchar(70)".to_owned()),
    };
    format!(
        "create schema {q}; {types}
         create table {q}.{q} ({q} int, {key} {of}, \"v\" text, primary key ({q}, {key}));
         insert into {q}.{q} select g, cast(case g % 2 when 0 then 'x' else {text} end as {of}), 'v' from generate_series(1, 20) g"
    )
}

async fn every_name_is_a_name_everywhere(kind: Kind) {
    let host = with_canary(kind).await;
    let kb = host.kb().await;
    for name in NAMES {
        host.sql(&named(kind, name)).await;
    }
    let before = state(&host).await;
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
    assert_eq!(state(&host).await, before, "the source changed");
}

async fn names_that_do_not_exist_are_not_run_either(kind: Kind) {
    let host = with_canary(kind).await;
    let collate = binary(kind);
    host.sql(&format!("create table t (id int primary key, v text {collate}); insert into t values (1, 'a'), (2, 'b')")).await;
    let kb = host.kb().await;
    let before = state(&host).await;
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
        let code = match (kind, field) {
            (Kind::SqlServer, "schema" | "table") => "208",
            _ => "not_found",
        };
        assert_eq!(job["error"]["code"], code, "{field} {name}: {job}");
    }
    assert_eq!(state(&host).await, before, "the source changed");
}

async fn cursor_values_are_values(kind: Kind) {
    let host = with_canary(kind).await;
    let (collate, crabs) = (binary(kind), literal(kind, &"🦀".repeat(16)));
    host.sql(&format!(
        "create table t (id int primary key, v text {collate});
         insert into t values (1, ''), (2, 'zzz'), (3, {crabs})"
    ))
    .await;
    let kb = host.kb().await;
    let before = state(&host).await;
    for (n, name) in NAMES.iter().enumerate() {
        let after = literal(kind, name);
        let after = format!("select cast(count(*) as varchar(9)) from t where v > {after}");
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
    assert_eq!(state(&host).await, before, "the source changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_differ_in_case_only_are_told_apart_or_refused_by_name() {
    let host = with_canary(Kind::Postgres).await;
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

on_each_kind!(
    every_name_is_a_name_everywhere,
    names_that_do_not_exist_are_not_run_either,
    cursor_values_are_values,
);
