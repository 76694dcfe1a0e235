//! Syncs on the real binary: what their runs do, when they run, and what operators can do to them.

mod bad_requests;
mod cursors;
mod edits;
mod failures;
mod live_pacing;
mod runs;
mod views;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Host, Kind, Reply, merge, on_each_kind};

/// Runs must come without anybody asking.
const EVERY_SECOND: (&str, &str) = ("SLUICE_SCHEDULE__TICK_SECS", "1");
const PATIENCE: Duration = Duration::from_secs(60);
const SOURCE: &str = "create table t (id int primary key, v text); insert into t select g, concat('v', g) from generate_series(1, 100) g";

/// A request for a sync of a table of `src` that runs by hand only; `more` adds to it or overrides it.
fn order(host: &Host, kb: i64, dest_table: &str, more: Value) -> Value {
    let mut request = host.read(kb, dest_table, "t", "id");
    merge(&mut request, json!({"schedule": {"kind": "manual"}}));
    merge(&mut request, more);
    request
}

fn every(secs: u32) -> Value {
    json!({"interval_secs": secs, "schedule": {"kind": "interval"}})
}

async fn create(host: &Host, request: Value) -> String {
    let reply = host.post(&host.connector_path("/syncs"), request).await;
    assert_eq!(reply.status, 201, "{}", reply.json);
    reply.json["sync_id"].as_str().expect("an id").to_owned()
}

fn path(host: &Host, id: &str, rest: &str) -> String {
    host.connector_path(&format!("/syncs/{id}{rest}"))
}

/// `{sync, stats, recent_runs}`
async fn view(host: &Host, id: &str) -> Value {
    let reply = host.get(&path(host, id, "")).await;
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json
}

async fn patch(host: &Host, id: &str, change: Value) {
    let reply = host.patch(&path(host, id, ""), change).await;
    assert_eq!(reply.status, 204, "{}", reply.json);
}

/// A request without a body.
async fn act(host: &Host, id: &str, action: &str) -> Reply {
    let url = host.url(&path(host, id, action));
    host.send(host.client().post(url).bearer_auth(&host.key))
        .await
}

async fn put_cursor(host: &Host, id: &str, cursor: Value) -> Reply {
    let url = host.url(&path(host, id, "/cursor"));
    let request = host.client().put(url).bearer_auth(&host.key);
    host.send(request.json(&json!({"cursor": cursor}))).await
}

async fn cursor(host: &Host, id: &str) -> Value {
    let reply = host.get(&path(host, id, "/cursor")).await;
    assert_eq!(reply.status, 200, "{}", reply.json);
    reply.json["cursor"].clone()
}

/// Starts a run and answers its job.
async fn begin(host: &Host, id: &str) -> String {
    let reply = act(host, id, "/run").await;
    assert_eq!(reply.status, 202, "{}", reply.json);
    assert_eq!(
        (&reply.json["sync_id"], &reply.json["dispatched"]),
        (&json!(id), &json!(true))
    );
    reply.json["job_id"].as_str().expect("an id").to_owned()
}

/// Runs a sync once and answers the job's view; it has completed.
async fn run(host: &Host, id: &str) -> Value {
    let job = host.ended(&begin(host, id).await).await;
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(job["sync_id"], id);
    job
}

/// The first view of a sync that satisfies a condition.
async fn until(host: &Host, id: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let view = view(host, id).await;
        if condition(&view) {
            return view;
        }
        assert!(start.elapsed() < PATIENCE, "waited too long: {view}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rows, distinct ids and their sum.
async fn landed(host: &Host, kb: i64, table: &str) -> (i64, i64, i64) {
    let sql = format!("select count(*) as n, count(distinct id) as d, sum(id) as s from {table}");
    let row = &host.query(kb, &sql).await[0];
    let number = |name: &str| match &row[name] {
        Value::String(text) => text.parse().expect("a number"),
        number => number.as_i64().expect("a number"),
    };
    (number("n"), number("d"), number("s"))
}

/// What [`landed`] answers for ids from 1.
fn ids(last: i64) -> (i64, i64, i64) {
    (last, last, last * (last + 1) / 2)
}

async fn insert(host: &Host, from: i64, to: i64) {
    host.sql(&format!(
        "insert into t select g, concat('v', g) from generate_series({from}, {to}) g"
    ))
    .await;
}
