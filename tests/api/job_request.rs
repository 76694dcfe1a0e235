//! POST jobs: what is taken, and every code with which it is not. Each wrong value of each field is tested beside the parser.

use serde_json::{Value, json};

use super::{assert_problem, assert_wrong, orders, request};
use crate::harness::Host;

#[tokio::test(flavor = "multi_thread")]
async fn every_field_of_the_contract_is_taken_and_obeyed() {
    let host = Host::start().await;
    orders(&host, 100).await;
    let kb = host.kb().await;
    let job = host
        .job(json!({
            "kb_id": kb.to_string(),
            "dest_table": "all of \"it\" 🦀",
            "source": {
                "kind": "postgres", "connection_ref": "src", "schema": "public", "table": "orders",
                "cursor_column": "id", "columns": ["id"], "later": 1,
            },
            "mode": "create", "batch_rows": 7, "placement": "local", "key_columns": ["id"],
            "cursor": {"kind": "int", "value": "90"},
            "pacing": {"batch_delay_ms": 1, "max_rows_per_sec": 100_000, "max_dop": 2, "read_uncommitted": true},
            "of_a_newer_client": {},
        }))
        .await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(10)),
        "{job}"
    );
    assert_eq!(
        (&job["batch_rows"], &job["mode"], &job["kind"]),
        (&json!(7), &json!("create"), &json!("extract"))
    );
    assert_eq!(job["source"]["columns"], json!(["id"]));
    assert_eq!(job["pacing"]["max_dop"], 2);
    let rows = host
        .query(
            kb,
            "select min(id) as low, max(id) as high from \"all of \"\"it\"\" 🦀\"",
        )
        .await;
    assert_eq!(rows, json!([{"low": 91, "high": 100}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_names_every_wrong_place() {
    let host = Host::start().await;
    let jobs = host.connector_path("/jobs");
    for body in ["", "{", "not json", "\u{feff}{}", "{\"kb_id\": 1,}"] {
        let raw = host
            .client()
            .post(host.url(&jobs))
            .bearer_auth(&host.key)
            .body(body);
        assert_wrong(&host.send(raw).await, "invalid_request", &[""]);
    }
    let missing = ["/kb_id", "/dest_table", "/source"];
    assert_wrong(
        &host.post(&jobs, json!({})).await,
        "invalid_request",
        &missing,
    );
    for (pointer, value, code) in [
        ("/kb_id", json!("x"), "invalid_request"),
        ("/dest_table", json!("a\nb"), "invalid_request"),
        ("/source/kind", json!(1), "invalid_request"),
        ("/source/table", json!(""), "invalid_request"),
        ("/batch_rows", json!(-1), "invalid_request"),
        ("/batch_rows", json!(1_000_001), "invalid_request"),
        ("/mode", json!("merge"), "invalid_mode"),
        ("/placement", json!("moon"), "invalid_placement"),
        ("/pacing", json!(true), "invalid_request"),
        ("/cursor", json!("5"), "invalid_request"),
        ("/key_columns", json!("id"), "invalid_request"),
    ] {
        let mut body = request(1);
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        body.pointer_mut(parent).expect("an object")[name] = value;
        assert_wrong(&host.post(&jobs, body).await, code, &[pointer]);
    }
    let mut body = request(1);
    body["cursor"] = json!({"kind": "int", "value": "x"});
    assert_wrong(
        &host.post(&jobs, body.clone()).await,
        "invalid_cursor",
        &["/cursor/value"],
    );
    body["cursor"] = json!({"kind": "int", "value": "1"});
    body["mode"] = json!("replace");
    assert_wrong(
        &host.post(&jobs, body).await,
        "invalid_cursor",
        &["/cursor"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_not_found() {
    let host = Host::start().await;
    let kb = host.kb().await;
    for connector in ["none", "jobs'--"] {
        let path = format!("/orgs/{}/connectors/{connector}/jobs", host.org);
        assert_problem(
            &host.post(&path, request(kb)).await,
            404,
            "connector_not_found",
        );
    }
    for id in [json!(kb + 1_000), json!(-1), json!("9223372036854775807")] {
        let mut body = request(kb);
        body["kb_id"] = id;
        let reply = host.post(&host.connector_path("/jobs"), body).await;
        assert_problem(&reply, 404, "kb_not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_with_its_reason() {
    let host = Host::start().await;
    orders(&host, 1).await;
    let kb = host.kb().await;
    host.set_connections(&json!({
        "src": {"kind": "postgres", "dsn": host.source.dsn()},
        "broken": {"kind": "postgres", "dsn": "canary ="},
    }));
    let refused = async |change: fn(&mut Value), code: &str, says: &str| {
        let mut body = request(kb);
        change(&mut body);
        let reply = host.post(&host.connector_path("/jobs"), body).await;
        assert_problem(&reply, 422, code);
        let detail = reply.json["detail"].as_str().expect("text");
        assert!(
            detail.contains(says) && !detail.contains("canary"),
            "{detail}"
        );
    };
    refused(
        |body| body["source"]["kind"] = json!("oracle"),
        "source_unsupported",
        "postgres",
    )
    .await;
    refused(
        |body| body["source"]["connection_ref"] = json!("none"),
        "connection_not_found",
        "src",
    )
    .await;
    refused(
        |body| body["source"]["connection_ref"] = json!("broken"),
        "connection_not_found",
        "broken",
    )
    .await;
    refused(
        |body| body["mode"] = json!("append"),
        "dest_table_not_found",
        "orders",
    )
    .await;
    let job = host.job(request(kb)).await;
    assert_eq!(job["state"], "completed", "{job}");
    refused(|_| {}, "dest_table_exists", "orders").await;
    refused(
        |body| body["mode"] = Value::Null,
        "dest_table_exists",
        "orders",
    )
    .await;

    std::fs::write(host.data.path().join("connections.json"), "{").expect("writable");
    refused(
        |body| body["dest_table"] = json!("other"),
        "connection_not_found",
        "connections.json",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_values_are_never_sql() {
    let host = Host::start().await;
    let evil = "x\"; drop table victim; --";
    host.sql(&format!(
        "create table victim (id int); create table \"{0}\" (\"{0}\" text primary key); insert into \"{0}\" values ('a'), ('b''c')",
        evil.replace('"', "\"\"")
    ))
    .await;
    let kb = host.kb().await;
    let body = json!({
        "kb_id": kb, "dest_table": evil,
        "source": {"kind": "postgres", "connection_ref": "src", "table": evil, "cursor_column": evil, "columns": [evil]},
    });
    let job = host.job(body.clone()).await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(2)),
        "{job}"
    );
    let mut resumed = body;
    resumed["mode"] = json!("append");
    resumed["cursor"] = json!({"kind": "text", "value": "a'; drop table victim; --"});
    let job = host.job(resumed).await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(1)),
        "{job}"
    );
    let list = format!(
        "/orgs/{}/connectors/jobs?dest_table=x%27%20or%201=1--",
        host.org
    );
    assert_eq!(host.get(&list).await.json["jobs"], json!([]));
    assert_eq!(host.text("select count(*)::text from victim").await, "0");
}
