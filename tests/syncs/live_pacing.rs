//! A change of a sync's pacing takes effect in the run that is under way.

use serde_json::json;

use super::*;

const ROWS: i64 = 3_000;
const MANY: i64 = 200_000;

async fn host_with_rows(kind: Kind) -> (Host, i64) {
    let host = Host::of_with(kind, &[("SLUICE_JOBS__COMMIT_MS", "50")]).await;
    host.sql(&format!("{SOURCE}; delete from t")).await;
    insert(&host, 1, ROWS).await;
    let kb = host.kb().await;
    (host, kb)
}

async fn a_run_that_crawls_is_let_go_at_once(kind: Kind) {
    let (host, kb) = host_with_rows(kind).await;
    // Would wait for an hour between batches.
    for pacing in [
        json!({"batch_delay_ms": 3_600_000}),
        json!({"max_rows_per_sec": 1}),
    ] {
        let table = format!(
            "d{}",
            pacing["max_rows_per_sec"].as_i64().unwrap_or_default()
        );
        let id = create(
            &host,
            order(
                &host,
                kb,
                &table,
                json!({"batch_rows": 100, "pacing": pacing}),
            ),
        )
        .await;
        let job = begin(&host, &id).await;
        host.wait_for(&job, |view| view["rows_emitted"].as_i64() >= Some(1))
            .await;
        patch(&host, &id, json!({"pacing": {}})).await;
        let job = host.ended(&job).await;
        assert_eq!(
            (&job["state"], &job["attempt"]),
            (&json!("completed"), &json!(1)),
            "{job}"
        );
        assert_eq!(job["rows_emitted"], ROWS);
        assert_eq!(
            landed(&host, kb, &table).await,
            ids(ROWS),
            "nothing twice, nothing lost"
        );
    }
}

async fn a_run_that_goes_too_fast_is_slowed_down_and_keeps_nothing_open(kind: Kind) {
    let (host, kb) = host_with_rows(kind).await;
    // Read in so many pages that there is time to change the pace of a stream that is open.
    insert(&host, ROWS + 1, MANY).await;
    let id = create(&host, order(&host, kb, "d", json!({"batch_rows": 10}))).await;
    let job = begin(&host, &id).await;
    host.wait_for(&job, |view| view["rows_emitted"].as_i64() >= Some(100))
        .await;
    patch(&host, &id, json!({"pacing": {"batch_delay_ms": 2_000}})).await;
    // From some moment on there is a session, and no statement and no transaction in it.
    let start = Instant::now();
    loop {
        let open = host.source.open_of(&job).await;
        if (open.sessions, open.oldest) == (1, None) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{open:?} stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(host.job_view(&job).await["state"], "running");
    patch(&host, &id, json!({"pacing": {}})).await;
    assert_eq!(host.ended(&job).await["state"], "completed");
    assert_eq!(
        landed(&host, kb, "d").await,
        ids(MANY),
        "nothing twice, nothing lost"
    );
}

on_each_kind!(
    a_run_that_crawls_is_let_go_at_once,
    a_run_that_goes_too_fast_is_slowed_down_and_keeps_nothing_open,
);
