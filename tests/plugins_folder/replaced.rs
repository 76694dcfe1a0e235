//! A plugin that is replaced again and again under jobs that read with it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::Folder;
use crate::harness::guest::{described, variant};

/// The bound on what 300 replaced versions may leave in memory. One version holds about 1 MiB of machine code.
const LEFT_MIB: u64 = 64;

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_replacements_lose_no_job_and_leave_nothing() {
    let versions = [1, 2].map(|number| variant(&described("evil", "1", "none"), number));
    let folder = Folder::new();
    folder.put("evil.wasm", &versions[0]);
    let host = folder.host(&[("SLUICE_JOBS__MAX_RUNNING", "8")]).await;
    let max_sessions =
        json!({"src": {"kind": "postgres", "dsn": host.source.dsn(), "max_sessions": 8}});
    host.set_connections(&max_sessions);
    let kb = host.kb().await;

    let has_ended = AtomicBool::new(false);
    let worker = async |number: usize| {
        let mut jobs = 0;
        while !has_ended.load(Ordering::Relaxed) {
            let dest = format!("t{number}_{jobs}");
            let slow = json!({"batch_rows": 20, "pacing": {"batch_delay_ms": 20}});
            let view = host.job(host.guest_job(kb, &dest, "evil", slow)).await;
            assert_eq!(
                (&view["state"], &view["attempt"]),
                (&json!("completed"), &json!(1)),
                "{view}"
            );
            assert_eq!(host.landed_sums(kb, &dest, "id").await, "500 500 125250");
            jobs += 1;
        }
        jobs
    };
    let replace = async {
        let mut settled = 0;
        for number in 1..=300 {
            let before = host.until_serving("evil.wasm", "1").await["digest"].clone();
            folder.put("evil.wasm", &versions[number % 2]);
            host.until_plugins("evil.wasm", |plugins| {
                plugins
                    .iter()
                    .any(|plugin| plugin["state"] == "serving" && plugin["digest"] != before)
            })
            .await;
            if number == 50 {
                settled = host.process.resident_mib();
            }
        }
        has_ended.store(true, Ordering::Relaxed);
        settled
    };
    let workers = futures::future::join_all((0..8).map(worker));
    let (settled, jobs) = tokio::join!(replace, workers);
    let after = host.process.resident_mib();
    println!(
        "{} jobs; {settled} MiB after 50 replacements, {after} MiB after 300",
        jobs.iter().sum::<i32>()
    );

    let left = host
        .until_plugins("evil.wasm", |plugins| plugins.len() == 1)
        .await;
    assert_eq!(
        (&left[0]["state"], &left[0]["jobs_running"]),
        (&json!("serving"), &json!(0))
    );
    assert!(
        after < settled + LEFT_MIB,
        "{settled} MiB grew to {after} MiB"
    );
    assert_eq!(
        compiled_files(host.data.path()),
        4,
        "two built in, two of the file"
    );
    assert_eq!(host.get("/readyz").await.status, 200);
}

fn compiled_files(data: &Path) -> usize {
    let entries = std::fs::read_dir(data.join("compiled")).expect("the cache");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    names
        .filter(|name| name.to_string_lossy().ends_with(".cwasm"))
        .count()
}
