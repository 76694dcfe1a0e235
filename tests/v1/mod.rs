//! The AI Squared form of the API on the real binary: numbers that stay, models, and syncs that are those of the other form.

mod edits;
mod models;
mod refusals;
mod runs;

use serde_json::{Value, json};

use crate::harness::{Host, Reply, merge};

const SOURCE: &str = "create table t (id int primary key, v text); insert into t select g, 'v' || g from generate_series(1, 100) g";

/// The number of the source `src`.
async fn source(host: &Host) -> i64 {
    let list = good(host.get("/api/v1/connectors?type=source").await, 200);
    let sources = list["data"].as_array().expect("a list");
    let named = |source: &&Value| source["attributes"]["name"] == "src";
    number(&sources.iter().find(named).expect("src")["id"])
}

/// A model of `src`; its number.
async fn model(host: &Host, fields: Value) -> i64 {
    let mut model = json!({"connector_id": source(host).await, "name": "m"});
    merge(&mut model, fields);
    let made = good(
        host.post("/api/v1/models", json!({ "model": model })).await,
        201,
    );
    number(&made["data"]["id"])
}

/// A request for a sync into a fresh knowledge base that runs by hand only; `more` adds to it or overrides it.
async fn order(host: &Host, model: i64, more: Value) -> Value {
    let mut sync = json!({
        "source_id": source(host).await, "destination_id": host.kb().await, "model_id": model, "schedule_type": "manual",
        "configuration": {"any": ["thing"]}, "stream_name": "d", "sync_mode": "incremental", "sync_interval": 45,
        "sync_interval_unit": "minutes",
    });
    merge(&mut sync, more);
    json!({ "sync": sync })
}

/// A sync; its resource.
async fn create(host: &Host, order: Value) -> Value {
    good(host.post("/api/v1/syncs", order).await, 200)
}

fn path(sync: &Value, rest: &str) -> String {
    format!("/api/v1/syncs/{}{rest}", sync["id"])
}

async fn put(host: &Host, sync: &Value, change: Value) -> Reply {
    let request = host.client().put(host.url(&path(sync, "")));
    let body = json!({ "sync": change });
    host.send(request.bearer_auth(&host.key).json(&body)).await
}

async fn start(host: &Host, sync: &Value) -> Reply {
    let body = json!({"schedule_sync": {"sync_id": sync["id"]}});
    host.post("/api/v1/schedule_syncs", body).await
}

/// Runs a sync once and answers the job's view; it has completed.
async fn run(host: &Host, sync: &Value) -> Value {
    let started = good(start(host, sync).await, 200);
    let job = host
        .ended(started["data"]["id"].as_str().expect("an id"))
        .await;
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(job["sync_id"], sync["attributes"]["sync_id"]);
    job
}

async fn status(host: &Host, sync: &Value) -> Value {
    let view = good(host.get(&path(sync, "")).await, 200);
    view["data"]["attributes"]["status"].clone()
}

/// Rows and the sum of their ids.
async fn landed(host: &Host, sync: &Value) -> (Value, Value) {
    let kb = sync["attributes"]["destination_id"]
        .as_i64()
        .expect("a number");
    let rows = host
        .query(kb, "select count(*) as n, sum(id) as s from d")
        .await;
    (rows[0]["n"].clone(), rows[0]["s"].clone())
}

#[track_caller]
fn good(reply: Reply, status: u16) -> Value {
    assert_eq!(reply.status, status, "{}", reply.json);
    reply.json
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str, pointer: Option<&str>) {
    let json = &reply.json;
    assert_eq!(
        (reply.status, &json["code"]),
        (status, &json!(code)),
        "{json}"
    );
    assert_eq!(reply.headers["content-type"], "application/problem+json");
    if let Some(pointer) = pointer {
        assert_eq!(json["errors"][0]["pointer"], pointer, "{json}");
    }
}

/// A number, or one as text.
fn number(id: &Value) -> i64 {
    let text = id.as_str().map(str::to_owned);
    let text = text.unwrap_or_else(|| id.to_string());
    text.parse().expect("a number")
}
