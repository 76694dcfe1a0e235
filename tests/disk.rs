//! A disk that is full. A bound on the size of files stands in for it: it gives the same errors, needs no rights, and can
//! be lifted while the host runs.

use serde_json::json;

use crate::harness::Host;

/// Enough for the store and the logs, not for the table.
const FILE_BYTES: u64 = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_said_survived_and_leaves_nothing_twice() {
    let host = Host::start_with(&[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    // Text that does not compress: about 6 MB.
    host.sql("create table t (id bigint primary key, s text); insert into t select g, md5(g::text) from generate_series(1, 150000) g").await;
    let kb = host.kb().await;
    let before = host
        .job(host.request(kb, "before", ("t", "id"), json!({})))
        .await;
    assert_eq!(before["state"], "completed", "{before}");

    host.process.limit_files(Some(FILE_BYTES));
    let id = host
        .dispatch(host.request(
            kb,
            "t",
            ("t", "id"),
            json!({"batch_rows": 50_000, "mode": "replace"}),
        ))
        .await;
    let view = host
        .wait_for(&id, |view| view["attempt"].as_u64() > Some(1))
        .await;
    let error = &view["error"];
    assert_eq!(
        (&error["failure"], &error["code"]),
        (&json!("host"), &json!("disk_full")),
        "{view}"
    );
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(detail.contains("free some space"), "{detail}");
    assert_eq!(view["rows_emitted"], 0);
    // What is there can still be read.
    assert_eq!(
        host.landed_sums(kb, "before", "id").await,
        host.source_sums("t", "id").await
    );

    host.process.limit_files(None);
    let view = host.ended(&id).await;
    assert_eq!(
        (&view["state"], &view["error"]),
        (&json!("completed"), &json!(null)),
        "{view}"
    );
    assert_eq!(
        host.landed_sums(kb, "t", "id").await,
        host.source_sums("t", "id").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_cannot_be_written_is_waited_for_in_peace() {
    let settings = [
        ("SLUICE_JOBS__COMMIT_MS", "20"),
        ("SLUICE_JOBS__LEASE_SECS", "2"),
    ];
    let host = Host::start_with(&settings).await;
    host.sql(
        "create table t (id bigint primary key); insert into t select generate_series(1, 20000)",
    )
    .await;
    let kb = host.kb().await;
    let paced = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 10}});
    let id = host
        .dispatch(host.request(kb, "t", ("t", "id"), paced))
        .await;
    host.wait_for(&id, |view| view["rows_emitted"].as_u64() > Some(0))
        .await;

    host.process.limit_files(Some(1));
    // The job cannot even be put back: its lease runs out, and then it cannot be claimed.
    let failed = |log: &str| log.matches("cannot look for jobs").count() >= 4;
    host.wait_for(&id, |_| failed(&host.process.log())).await;
    let starts = host.process.log().matches("job starts").count();
    assert!(starts <= 2, "{starts} starts without a store");
    assert_eq!(host.get("/livez").await.status, 200);

    host.process.limit_files(None);
    let view = host.ended(&id).await;
    assert_eq!(view["state"], "completed", "{view}");
    assert_eq!(
        host.landed_sums(kb, "t", "id").await,
        host.source_sums("t", "id").await
    );
}
