//! A source whose connection breaks, anywhere: the job is tried again and ends with exactly the source's rows.

use std::time::Duration;

use serde_json::{Value, json};
use sluice::cluster::Cluster;

use crate::harness::{Fault, Host, Kind, Proxy, Source, on_each_kind};

const SOURCE: &str = "
    create table t (id bigint primary key, grp int, s text);
    insert into t select g, g / 50, concat('a text of some length ', g) from generate_series(1, 20000) g;
    create table keyless (id bigint, grp int, s text);
    insert into keyless select id, grp, s from t;
    create index on keyless (grp);";

/// The table is about a megabyte on the wire, in whatever pages.
/// Table, cursor column, rows per batch, milliseconds between batches, what happens to each connection in turn, and by how
/// many milliseconds its bytes are late.
type Case = (&'static str, &'static str, u32, u32, Vec<Fault>, u64);

async fn a_result_that_is_cut_delayed_or_truncated_lands_whole(kind: Kind) {
    use Fault::{Cut, Silence, Truncate};
    let host = Host::of_with(
        kind,
        &[
            ("SLUICE_JOBS__COMMIT_MS", "20"),
            ("SLUICE_JOBS__MAX_RUNNING", "16"),
        ],
    )
    .await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let random = |below: usize| rand::random_range(0..below);
    // Login, catalog, the middle of rows, the end of rows; twice for a resumed read.
    let cases: [Case; 11] = [
        ("t", "id", 500, 0, vec![Cut(100)], 0),
        ("t", "id", 500, 0, vec![Cut(3_000 + random(3_000))], 0),
        (
            "t",
            "id",
            500,
            0,
            vec![Cut(10_000 + random(900_000)), Cut(10_000 + random(300_000))],
            0,
        ),
        (
            "t",
            "id",
            7,
            0,
            vec![Truncate(10_000 + random(900_000)), Truncate(200_000)],
            0,
        ),
        (
            "t",
            "id",
            2_000,
            10,
            vec![Truncate(10_000 + random(900_000)), Cut(200_000)],
            0,
        ),
        (
            "keyless",
            "grp",
            500,
            0,
            vec![Cut(10_000 + random(900_000)), Truncate(100_000)],
            0,
        ),
        (
            "keyless",
            "grp",
            900,
            10,
            vec![Truncate(10_000 + random(900_000)), Cut(100_000)],
            0,
        ),
        (
            "keyless",
            "grp",
            5_000,
            0,
            vec![Truncate(900_000 + random(100_000))],
            0,
        ),
        ("t", "id", 5_000, 0, vec![Silence(300_000)], 0),
        ("keyless", "grp", 5_000, 10, vec![Silence(300_000)], 0),
        ("t", "id", 5_000, 0, vec![], 5),
    ];
    let (mut proxies, mut connections) = (Vec::new(), json!({}));
    for (number, case) in cases.iter().enumerate() {
        let proxy = Proxy::start(host.source.port(), &case.4, Duration::from_millis(case.5)).await;
        connections[format!("c{number}")] = json!({
            "kind": kind.name(), "dsn": host.source.dsn_at(proxy.port), "statement_timeout_ms": 1000
        });
        proxies.push(proxy);
    }
    host.set_connections(&connections);
    let mut ids = Vec::new();
    for (number, (table, cursor, batch_rows, delay, ..)) in cases.iter().enumerate() {
        let more = json!({
            "batch_rows": batch_rows, "pacing": {"batch_delay_ms": delay},
            "source": {"connection_ref": format!("c{number}")}
        });
        ids.push(
            host.dispatch(host.request(kb, &format!("t{number}"), (table, cursor), more))
                .await,
        );
    }
    for (number, (id, case)) in ids.iter().zip(&cases).enumerate() {
        let view = host.ended(id).await;
        assert_landed(&host, kb, &format!("t{number}"), &view).await;
        assert_eq!(view["attempt"], 1 + case.4.len(), "case {number}: {view}");
        assert_eq!(
            proxies[number].left(),
            0,
            "case {number}: a fault met nobody"
        );
    }
    host.until_no_sessions(Duration::from_secs(10)).await;
}

async fn assert_landed(host: &Host, kb: i64, table: &str, view: &Value) {
    assert_eq!(view["state"], "completed", "{view}");
    assert_eq!(view["rows_emitted"], 20_000, "{view}");
    let landed = host.landed_sums(kb, table, "id").await;
    assert_eq!(landed, host.source_sums("t", "id").await, "{view}");
}

async fn sessions_that_the_server_ends_are_opened_again(kind: Kind) {
    let host = Host::of_with(kind, &[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    for (table, cursor, delay) in [("t", "id", 10), ("keyless", "grp", 10), ("t", "id", 0)] {
        let dest = format!("{table}{delay}");
        let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": delay}});
        let id = host
            .dispatch(host.request(kb, &dest, (table, cursor), more))
            .await;
        host.wait_for(&id, |view| view["rows_emitted"].as_u64() > Some(0))
            .await;
        let ended = host.source.end_job_sessions().await;
        let between = host
            .wait_for(&id, |view| {
                view["state"] != "running" || view["attempt"] == 2
            })
            .await;
        let view = host.ended(&id).await;
        assert_landed(&host, kb, &dest, &view).await;
        if delay > 0 {
            // An unpaced job may have everything in its socket by then.
            assert_eq!((ended, &view["attempt"]), (1, &json!(2)), "{view}");
            assert_eq!(
                between["error"]["failure"], "source",
                "the reason is seen while it waits: {between}"
            );
        }
    }
}

/// Only failures in a row that land nothing are too many.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_gets_on_is_not_given_up_however_often_it_is_cut() {
    let settings = [
        ("SLUICE_JOBS__COMMIT_MS", "20"),
        ("SLUICE_JOBS__MAX_ATTEMPTS", "2"),
    ];
    let host = Host::start_with(&settings).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": 10}});
    let request = host.request(kb, "t", ("t", "id"), more);
    let id = host.dispatch(request).await;
    let mut landed = 0;
    for attempt in 1..=3 {
        host.wait_for(&id, |view| {
            view["state"] == "running" && view["rows_emitted"].as_u64() > Some(landed)
        })
        .await;
        assert_eq!(host.source.end_job_sessions().await, 1);
        let view = host
            .wait_for(&id, |view| {
                view["state"] != "running" || view["attempt"] != attempt
            })
            .await;
        landed = view["rows_emitted"].as_u64().expect("a count");
    }
    let view = host.ended(&id).await;
    assert_landed(&host, kb, "t", &view).await;
    assert_eq!(view["attempt"], 4, "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_and_comes_back_is_read_to_the_end() {
    let mut cluster = Cluster::start().expect("PostgreSQL's server programs are installed");
    let source = Source::connect(cluster.dsn("postgres")).await;
    let host = Host::start_on(source, &[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    host.sql("checkpoint").await;
    let sums = host.source_sums("t", "id").await;
    let kb = host.kb().await;
    let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": 10}});
    let id = host
        .dispatch(host.request(kb, "t", ("t", "id"), more))
        .await;
    host.wait_for(&id, |view| view["rows_emitted"].as_u64() > Some(0))
        .await;
    cluster.stop_immediate().expect("it runs");
    // Down for more than one attempt.
    let view = host
        .wait_for(&id, |view| view["attempt"].as_u64() > Some(2))
        .await;
    assert_eq!(view["error"]["failure"], "source", "{view}");
    cluster.restart().expect("it ran");
    let view = host.ended(&id).await;
    assert_eq!(
        (&view["state"], &view["error"]),
        (&json!("completed"), &Value::Null),
        "{view}"
    );
    assert_eq!(host.landed_sums(kb, "t", "id").await, sums);
}

on_each_kind!(
    a_result_that_is_cut_delayed_or_truncated_lands_whole,
    sessions_that_the_server_ends_are_opened_again,
);
