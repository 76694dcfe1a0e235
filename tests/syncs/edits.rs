//! Changing and removing syncs.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let host = Host::start().await;
    let kb = host.kb().await;
    let id = create(
        &host,
        order(&host, kb, "d", json!({"name": "one", "interval_secs": 60})),
    )
    .await;
    let before = view(&host, &id).await["sync"].clone();
    patch(&host, &id, json!({})).await;
    patch(
        &host,
        &id,
        json!({"batch_rows": 7, "name": "two", "interval_secs": 90, "dest_table": "other"}),
    )
    .await;
    patch(
        &host,
        &id,
        json!({"pacing": {"max_rows_per_sec": 5}, "enabled": false}),
    )
    .await;
    patch(
        &host,
        &id,
        json!({"schedule": {"kind": "cron", "expression": "5 4 * * *"}}),
    )
    .await;
    let mut expected = before.clone();
    merge(
        &mut expected,
        json!({
            "batch_rows": 7, "name": "two", "interval_secs": 90, "enabled": false,
            "pacing": {"max_rows_per_sec": 5, "batch_delay_ms": 0, "max_dop": 0, "read_uncommitted": false},
            "schedule": {"kind": "cron", "expression": "5 4 * * *", "time_zone": "UTC"},
        }),
    );
    let after = view(&host, &id).await["sync"].clone();
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);
    assert!(after["updated_at"].as_str() > before["updated_at"].as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shorter_interval_takes_effect_at_once() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", every(100_000))).await;
    until(&host, &id, |view| view["stats"]["runs_completed"] == 1).await;
    patch(&host, &id, json!({"interval_secs": 1})).await;
    until(&host, &id, |view| {
        view["stats"]["runs_completed"].as_i64() >= Some(3)
    })
    .await;
    patch(&host, &id, json!({"enabled": false})).await;
    let disabled = until(&host, &id, |view| view["sync"]["last_state"] == "completed").await;
    assert_eq!(disabled["sync"]["next_run_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_a_sync_stops_its_run_and_keeps_its_table() {
    let host = Host::start_with(&[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let slowly = json!({"batch_rows": 5, "pacing": {"batch_delay_ms": 100}});
    let id = create(&host, order(&host, kb, "d", slowly)).await;
    let job = begin(&host, &id).await;
    host.wait_for(&job, |view| view["rows_emitted"].as_i64() >= Some(10))
        .await;
    assert_eq!(host.delete(&path(&host, &id, "")).await.status, 204);
    let job = host.job_view(&job).await;
    assert_eq!(job["state"], "stopped");
    assert_eq!(json!(landed(&host, kb, "d").await.0), job["rows_emitted"]);
    for reply in [
        host.get(&path(&host, &id, "")).await,
        host.delete(&path(&host, &id, "")).await,
    ] {
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (404, &json!("sync_not_found"))
        );
    }
    // The name is free again for a sync that says what to do with the table.
    create(
        &host,
        order(&host, kb, "d", json!({"existing_dest": "replace"})),
    )
    .await;
    host.until_no_sessions(Duration::from_secs(5)).await;
}
