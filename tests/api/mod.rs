//! The contract of the REST API, field by field and code by code, on the real binary.

mod access;
mod browse;
mod job_request;
mod job_views;
mod kbs;

use serde_json::{Value, json};

use crate::harness::{Host, Reply};

/// A request for a job that can run on [`orders`].
fn request(kb: i64) -> Value {
    json!({
        "kb_id": kb,
        "dest_table": "orders",
        "source": {"kind": "postgres", "connection_ref": "src", "table": "orders", "cursor_column": "id"},
    })
}

/// The table that [`request`] reads.
async fn orders(host: &Host, rows: u32) {
    host.sql(&format!(
        "create table orders (id bigint primary key, name text);
         insert into orders select g, 'n' || g from generate_series(1, {rows}) g"
    ))
    .await;
}

/// An error has one form, whatever it is about.
#[track_caller]
fn assert_problem(reply: &Reply, status: u16, code: &str) {
    let json = &reply.json;
    assert_eq!(
        (reply.status, json["code"].as_str()),
        (status, Some(code)),
        "{json}"
    );
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    assert_eq!(json["status"], status);
    assert_eq!(json["type"], "about:blank");
    assert!(
        json["title"].is_string() && json["instance"].is_string(),
        "{json}"
    );
    assert!(
        json["detail"]
            .as_str()
            .is_some_and(|detail| !detail.is_empty()),
        "{json}"
    );
    assert_eq!(json["message"], json["detail"]);
    assert_eq!(
        json["request_id"],
        reply.headers["x-request-id"].to_str().expect("text")
    );
}

/// The request is wrong at exactly these places.
#[track_caller]
fn assert_wrong(reply: &Reply, code: &str, pointers: &[&str]) {
    assert_problem(reply, 400, code);
    let errors = reply.json["errors"].as_array().expect("errors");
    let found: Vec<_> = errors.iter().map(|error| &error["pointer"]).collect();
    assert_eq!(found, pointers, "{}", reply.json);
    assert!(errors.iter().all(|error| error["detail"].is_string()));
}
