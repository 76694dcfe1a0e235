//! POST stop: final at once, and nothing of the job goes on, here or on the source.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind, parquet_files};

const SOURCE: &str = "create table t (id bigint primary key, s text); \
     insert into t select g, concat('a text of some length ', g) from generate_series(1, 300000) g";
/// What API.md promises.
const SESSIONS_END: Duration = Duration::from_secs(5);
const OFTEN: (&str, &str) = ("SLUICE_JOBS__COMMIT_MS", "20");

/// Stops a job, twice, and answers its view.
async fn stopped(host: &Host, id: &str) -> Value {
    for _ in 0..2 {
        let reply = host.stop(id).await;
        assert_eq!(
            (reply.status, &reply.json["state"]),
            (200, &json!("stopped")),
            "{reply:?}"
        );
    }
    let view = host.job_view(id).await;
    assert_eq!(view["state"], "stopped");
    assert!(view["finished_at"].is_string(), "{view}");
    view
}

async fn rows(host: &Host, kb: i64, table: &str) -> Value {
    host.query(kb, &format!("select count(*) as n from {table}"))
        .await[0]["n"]
        .clone()
}

async fn rows_that_landed_stay_are_counted_and_nothing_lands_afterwards(kind: Kind) {
    let host = Host::of_with(kind, &[OFTEN]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    for (number, (batch_rows, delay)) in [(1_000, 0), (100, 5), (20_000, 50), (1, 0), (5, 0)]
        .into_iter()
        .enumerate()
    {
        let table = format!("t{number}");
        let more = json!({"batch_rows": batch_rows, "pacing": {"batch_delay_ms": delay}});
        let id = host
            .dispatch(host.request(kb, &table, ("t", "id"), more))
            .await;
        host.wait_for(&id, |view| view["rows_emitted"].as_u64() > Some(0))
            .await;
        let view = stopped(&host, &id).await;
        let landed = rows(&host, kb, &table).await;
        assert_eq!(view["rows_emitted"], landed, "{view}");
        assert_ne!(landed, 300_000, "it was stopped too late to show anything");
        host.until_no_sessions(SESSIONS_END).await;
        assert_eq!(rows(&host, kb, &table).await, landed);
        assert_eq!(
            host.job_view(&id).await,
            view,
            "a final view stays as it is"
        );
    }
}

async fn a_statement_on_the_source_ends_with_the_job(kind: Kind) {
    let host = Host::of(kind).await;
    host.slow_view().await;
    let kb = host.kb().await;
    for delay in [0, 10] {
        let more = json!({"pacing": {"batch_delay_ms": delay}});
        let id = host
            .dispatch(host.request(kb, "t", ("slow", "id"), more))
            .await;
        host.until_busy().await;
        let start = Instant::now();
        let view = stopped(&host, &id).await;
        assert!(start.elapsed() < Duration::from_secs(1), "at once");
        assert_eq!(view["rows_emitted"], 0);
        host.until_no_sessions(SESSIONS_END).await;
    }
}

async fn a_queued_job_that_is_stopped_never_runs(kind: Kind) {
    let host = Host::of_with(kind, &[("SLUICE_JOBS__MAX_RUNNING", "1")]).await;
    host.sql(
        "create table t (id bigint primary key); insert into t select g from generate_series(1, 1000) g",
    )
    .await;
    let kb = host.kb().await;
    let slow = json!({"batch_rows": 10, "pacing": {"batch_delay_ms": 20}});
    let first = host
        .dispatch(host.request(kb, "first", ("t", "id"), slow))
        .await;
    host.wait_for(&first, |view| view["state"] == "running")
        .await;
    let second = host
        .dispatch(host.request(kb, "second", ("t", "id"), json!({})))
        .await;
    let third = host
        .dispatch(host.request(kb, "third", ("t", "id"), json!({})))
        .await;
    let view = stopped(&host, &second).await;
    assert_eq!(view["started_at"], Value::Null, "{view}");
    stopped(&host, &first).await;
    assert_eq!(host.ended(&third).await["state"], "completed");
    let tables = host
        .get(&format!("/orgs/{}/k2/{kb}/schema", host.org))
        .await
        .json
        .to_string();
    assert!(
        tables.contains("\"third\"") && !tables.contains("\"second\""),
        "{tables}"
    );
}

async fn a_stopped_replace_leaves_the_old_table_and_no_files(kind: Kind) {
    let host = Host::of_with(kind, &[OFTEN]).await;
    host.sql(SOURCE).await;
    host.sql("create table old (id bigint primary key); insert into old select g from generate_series(1, 10) g")
        .await;
    let kb = host.kb().await;
    host.job(host.request(kb, "t", ("old", "id"), json!({})))
        .await;
    let files = parquet_files(host.data.path());
    let more = json!({"mode": "replace", "batch_rows": 1000, "pacing": {"batch_delay_ms": 5}});
    let id = host
        .dispatch(host.request(kb, "t", ("t", "id"), more))
        .await;
    until(|| parquet_files(host.data.path()) > files).await;
    let view = stopped(&host, &id).await;
    assert_eq!(view["rows_emitted"], 0);
    assert_eq!(rows(&host, kb, "t").await, 10);
    until(|| parquet_files(host.data.path()) == files).await;
}

async fn until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

on_each_kind!(
    rows_that_landed_stay_are_counted_and_nothing_lands_afterwards,
    a_queued_job_that_is_stopped_never_runs,
    a_stopped_replace_leaves_the_old_table_and_no_files,
    a_statement_on_the_source_ends_with_the_job,
);
