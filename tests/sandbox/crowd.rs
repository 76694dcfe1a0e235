//! Two hundred jobs at once, most of them hostile: the good ones land every row, and nothing is left in memory.

use futures::future::join_all;
use serde_json::{Value, json};
use sluice::cluster::Cluster;

use crate::harness::guest::described;
use crate::harness::{Host, Source};

/// What the hostile ones do, so often, and how each of them ends.
const HOSTILE: [(&str, usize, &str); 16] = [
    ("spin", 3, "failed"),
    ("open:spin", 2, "failed"),
    ("allocate", 10, "failed"),
    ("open:allocate", 10, "failed"),
    ("recurse", 10, "failed"),
    ("trap", 15, "failed"),
    ("key:trap", 10, "failed"),
    ("announce:huge", 10, "failed"),
    ("warnings:huge", 10, "failed"),
    ("huge-answer", 10, "failed"),
    ("huge-digest", 10, "failed"),
    ("unknown-handle", 10, "failed"),
    ("leak-bytes", 10, "completed"),
    ("leak-projections", 10, "completed"),
    ("log-flood", 10, "completed"),
    ("many-warnings", 10, "completed"),
];
const GOOD_GUESTS: usize = 25;
const GOOD_TABLES: usize = 25;
const TABLE_ROWS: usize = 5_000;

/// The bound on what two crowds may leave behind, each of which may hold 128 MiB a job: allocators keep some of what many threads
/// had at once.
const LEFT_MIB: u64 = 400;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_jobs_of_which_most_are_hostile() {
    let cluster = Cluster::start_with(&["max_connections=250"], &[]).expect("installed");
    let plugins = tempfile::tempdir().expect("a temporary folder");
    let evil = plugins.path().join("evil.wasm");
    std::fs::write(evil, described("evil", "1", "none")).expect("writable");
    let host = Host::start_on(
        Source::connect(cluster.dsn("postgres")).await,
        &[
            ("SLUICE_PLUGINS_DIR", plugins.path().to_str().expect("text")),
            ("SLUICE_GUEST__CPU_SECS", "1"),
            ("SLUICE_JOBS__MAX_RUNNING", "200"),
        ],
    )
    .await;
    let dsn = host.source.dsn();
    host.set_connections(&json!({"src": {"kind": "postgres", "dsn": dsn, "max_sessions": 200}}));
    host.sql(&format!(
        "create table t (id bigint primary key, s text); insert into t select g, md5(g::text) from generate_series(1, {TABLE_ROWS}) g"
    ))
    .await;
    let kb = host.kb().await;
    let fresh = host.process.resident_mib();
    let mut resident = Vec::new();
    for round in 0..2 {
        crowd(&host, kb, round).await;
        resident.push(host.process.resident_mib());
    }
    println!("{fresh} MiB fresh, {resident:?} MiB after each crowd");
    assert!(resident[1] < fresh + LEFT_MIB, "{fresh} {resident:?}");
    assert_eq!(host.get("/readyz").await.status, 200);
    host.until_no_sessions(std::time::Duration::from_secs(10))
        .await;
}

async fn crowd(host: &Host, kb: i64, round: usize) {
    let guest = |table: &str, dest: &str| {
        let more = json!({"batch_rows": 100, "source": {"kind": "evil"}});
        host.request(kb, dest, (table, "id"), more)
    };
    let mut requests = Vec::new();
    for (table, times, state) in HOSTILE {
        for number in 0..times {
            let dest = format!("{}_{round}_{number}", table.replace(['-', ':'], "_"));
            requests.push((guest(table, &dest), state, None));
        }
    }
    assert_eq!(requests.len(), 150);
    for number in 0..GOOD_GUESTS {
        let dest = format!("good_{round}_{number}");
        requests.push((guest("good", &dest), "completed", Some((dest, 500))));
    }
    for number in 0..GOOD_TABLES {
        let dest = format!("t_{round}_{number}");
        let request = host.request(kb, &dest, ("t", "id"), json!({"batch_rows": 500}));
        requests.push((request, "completed", Some((dest, TABLE_ROWS))));
    }
    requests.sort_by_key(|(request, ..)| mixed(request));
    let jobs = requests
        .into_iter()
        .map(|(request, state, landed)| async move {
            let view = host.job(request).await;
            assert_eq!(view["state"], state, "{view}");
            if let Some((dest, rows)) = landed {
                let sum = rows * (rows + 1) / 2;
                assert_eq!(
                    host.landed_sums(kb, &dest, "id").await,
                    format!("{rows} {rows} {sum}")
                );
            }
        });
    join_all(jobs).await;
}

/// An order that mixes them, the same each time.
fn mixed(request: &Value) -> String {
    let dest = request["dest_table"].as_str().unwrap_or_default();
    dest.chars().rev().collect()
}
