//! SIGTERM, and two processes on one data folder.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Host, Kind, Process, on_each_kind, parquet_files};

const ROWS: u64 = 20_000;
const SOURCE: &str = "create table t (id bigint primary key, s text); \
     insert into t select g, concat('row number ', g, ' of many') from generate_series(1, 20000) g";
/// Leases that do not run out within a test.
const LONG_LEASES: (&str, &str) = ("SLUICE_JOBS__LEASE_SECS", "600");
const OFTEN: (&str, &str) = ("SLUICE_JOBS__COMMIT_MS", "50");

async fn assert_landed(host: &Host, kb: i64, id: &str, dest: &str) {
    let view = host.ended(id).await;
    assert_eq!(view["state"], "completed", "{view}");
    assert_eq!(
        (&view["rows_emitted"], &view["attempt"]),
        (&json!(ROWS), &json!(1)),
        "{view}"
    );
    assert_eq!(
        host.landed_sums(kb, dest, "id").await,
        host.source_sums("t", "id").await
    );
}

/// Waits until so many files have been begun.
async fn until_staged(data: &Path, count: usize) {
    let start = Instant::now();
    while parquet_files(data) < count {
        assert!(start.elapsed() < Duration::from_secs(30), "no job writes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn on_sigterm_jobs_take_a_checkpoint_and_the_next_start_finishes_them(kind: Kind) {
    // No commit but the one at the stop.
    let settings = [LONG_LEASES, ("SLUICE_JOBS__COMMIT_MS", "3600000")];
    let mut host = Host::of_with(kind, &settings).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let paced = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 15}});
    let mut ids = Vec::new();
    for (dest, mode) in [("a", "create"), ("b", "create"), ("c", "replace")] {
        let mut more = paced.clone();
        more["mode"] = mode.into();
        ids.push((
            host.dispatch(host.request(kb, dest, ("t", "id"), more))
                .await,
            dest,
        ));
    }
    for (id, _) in &ids {
        host.wait_for(id, |view| view["state"] == "running").await;
    }
    // Nothing is committed, so only the staged files tell that pages have come.
    until_staged(host.data.path(), ids.len()).await;
    let start = Instant::now();
    assert!(host.process.terminate().success());
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{}",
        host.process.log()
    );
    let log = host.process.log();
    assert_eq!(log.matches("goes back to the queue").count(), 3, "{log}");
    host.until_no_sessions(Duration::from_secs(5)).await;

    host.process = Process::start(host.data.path(), &settings);
    let resumed = host.job_view(&ids[0].0).await;
    let rows = resumed["rows_emitted"].as_u64().expect("a count");
    assert!((1..ROWS).contains(&rows), "{resumed}");
    for (id, dest) in &ids {
        assert_landed(&host, kb, id, dest).await;
    }
}

async fn neither_a_slow_source_nor_a_slow_client_keeps_the_host_from_ending(kind: Kind) {
    let mut host = Host::of(kind).await;
    host.slow_view().await;
    let kb = host.kb().await;
    host.dispatch(host.request(kb, "t", ("slow", "id"), json!({})))
        .await;
    host.until_busy().await;
    let mut client = TcpStream::connect(&host.process.address).expect("it listens");
    client.write_all(b"GET /livez HTTP/1.1\r\n").expect("open");
    // The request has to be seen before the signal: another one, on the same listener, was answered after it came.
    assert_eq!(host.get("/livez").await.status, 200);
    let start = Instant::now();
    assert!(host.process.terminate().success());
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{}",
        host.process.log()
    );
    host.until_no_sessions(Duration::from_secs(10)).await;
}

async fn two_processes_share_a_folder_and_one_takes_over_from_the_other(kind: Kind) {
    let settings = [LONG_LEASES, OFTEN, ("SLUICE_JOBS__MAX_RUNNING", "2")];
    let mut host = Host::of_with(kind, &settings).await;
    let other = Process::start(host.data.path(), &settings);
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let mut quick = Vec::new();
    for number in 0..6 {
        let dest = format!("quick{number}");
        let more = json!({"batch_rows": 500, "pacing": {"batch_delay_ms": 10}});
        quick.push((
            host.dispatch(host.request(kb, &dest, ("t", "id"), more))
                .await,
            dest,
        ));
    }
    for (id, dest) in &quick {
        assert_landed(&host, kb, id, dest).await;
        let logs = [host.process.log(), other.log()].concat();
        let starts = logs
            .lines()
            .filter(|line| line.contains("job starts") && line.contains(id.as_str()));
        assert_eq!(starts.count(), 1, "one run each: {logs}");
    }
    for log in [host.process.log(), other.log()] {
        assert!(log.contains("job starts"), "both work: {log}");
    }

    let mut long = Vec::new();
    for number in 0..4 {
        let dest = format!("long{number}");
        let more = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 10}});
        long.push((
            host.dispatch(host.request(kb, &dest, ("t", "id"), more))
                .await,
            dest,
        ));
    }
    for (id, _) in &long {
        host.wait_for(id, |view| view["rows_emitted"].as_u64() > Some(0))
            .await;
    }
    host.process.kill();
    host.process = other;
    for (id, dest) in &long {
        assert_landed(&host, kb, id, dest).await;
    }
    let log = host.process.log();
    assert!(log.contains("took over the jobs"), "{log}");
}

on_each_kind!(
    on_sigterm_jobs_take_a_checkpoint_and_the_next_start_finishes_them,
    neither_a_slow_source_nor_a_slow_client_keeps_the_host_from_ending,
    two_processes_share_a_folder_and_one_takes_over_from_the_other,
);
