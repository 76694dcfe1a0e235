//! Trouble that passes: the job is tried again, and every row is there once.

use std::time::Duration;

use serde_json::json;
use tds_server::Fault;

use crate::harness::{Host, Kind};

const ROWS: usize = 500;
const SOURCE: &str = "create table t (id int primary key, s nvarchar(40));
    insert into t select g, concat('row ', g) from generate_series(1, 500) g";

async fn host() -> Option<Host> {
    let host = Host::of_with(
        Kind::SqlServer,
        &[("SLUICE_JOBS__COMMIT_MS", "20"), ("SLUICE_LOG", "debug")],
    )
    .await;
    host.source.stand_in()?;
    host.sql(SOURCE).await;
    Some(host)
}

/// Deadlock victim, lock timeout, snapshot conflict, moved scan; failover, throttling, shortage.
const PASSING: [i32; 10] = [
    1205, 1222, 3960, 601, 40197, 40501, 40613, 10928, 10929, 49918,
];

#[tokio::test(flavor = "multi_thread")]
async fn errors_that_pass_are_met_again_and_said_by_number() {
    let Some(host) = host().await else { return };
    let server = host.source.stand_in().expect("asked before");
    let kb = host.kb().await;
    for number in PASSING {
        server
            .faults()
            .push(Fault::error_after(70, number).on("top (1000000)"));
        let dest = format!("t{number}");
        let more = json!({"batch_rows": 50});
        let id = host
            .dispatch(host.request(kb, &dest, ("t", "id"), more))
            .await;
        let between = host
            .wait_for(&id, |view| {
                view["error"].is_object() || view["state"] == "completed"
            })
            .await;
        assert_eq!(
            (&between["error"]["code"], &between["error"]["failure"]),
            (&json!(number.to_string()), &json!("source")),
            "{between}"
        );
        let view = host.ended(&id).await;
        assert_eq!(
            (&view["state"], &view["rows_emitted"], &view["attempt"]),
            (&json!("completed"), &json!(ROWS), &json!(2)),
            "{number}: {view}"
        );
        let landed = host.landed_sums(kb, &dest, "id").await;
        assert_eq!(landed, host.source_sums("t", "id").await, "{number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_ends_in_its_middle_is_an_error_and_never_the_end() {
    let Some(host) = host().await else { return };
    let server = host.source.stand_in().expect("asked before");
    let kb = host.kb().await;
    for (n, delay) in [0, 1, 0, 1].into_iter().enumerate() {
        let fault = match n {
            0 | 1 => Fault::hangup(30),
            _ => Fault::truncate(30),
        };
        server.faults().push(fault.on(if delay == 0 {
            "top (1000000)"
        } else {
            "top (50)"
        }));
        let dest = format!("t{n}");
        let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": delay}});
        let view = host.job(host.request(kb, &dest, ("t", "id"), more)).await;
        assert_eq!(
            (&view["state"], &view["rows_emitted"], &view["attempt"]),
            (&json!("completed"), &json!(ROWS), &json!(2)),
            "{view}"
        );
        let landed = host.landed_sums(kb, &dest, "id").await;
        assert_eq!(landed, host.source_sums("t", "id").await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_ended_on_the_server_too() {
    let Some(host) = host().await else { return };
    let server = host.source.stand_in().expect("asked before");
    host.set_connections(&json!({"src": {
        "kind": "sql_server", "dsn": host.source.dsn(), "statement_timeout_ms": 300
    }}));
    server
        .faults()
        .push(Fault::delay(Duration::from_secs(3600)).on("[t]"));
    let kb = host.kb().await;
    let id = host.dispatch(host.read(kb, "t", "t", "id")).await;
    let between = host
        .wait_for(&id, |view| {
            view["error"].is_object() || view["state"] == "completed"
        })
        .await;
    assert_eq!(between["error"]["code"], "timeout", "{between}");
    let view = host.ended(&id).await;
    assert_eq!(view["rows_emitted"], ROWS, "{view}");
    assert!(!server.cancels().is_empty(), "the server was told");
    host.until_no_sessions(Duration::from_secs(5)).await;
}
