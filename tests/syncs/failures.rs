//! Runs that fail, and runs that are stopped.

use serde_json::json;

use super::*;

/// Three failures are the end here, and nothing waits for long.
const SETTINGS: [(&str, &str); 3] = [
    EVERY_SECOND,
    ("SLUICE_SCHEDULE__BACKOFF_CAP_SECS", "2"),
    ("SLUICE_SCHEDULE__DISABLE_AFTER", "3"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_whose_table_vanished_says_so_backs_off_and_recovers_when_it_is_back() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", every(1))).await;
    until(&host, &id, |view| {
        view["stats"]["runs_completed"].as_i64() >= Some(1)
    })
    .await;
    host.sql("alter table t rename to gone").await;
    let failing = until(&host, &id, |view| {
        view["sync"]["consecutive_failures"].as_i64() >= Some(2)
    })
    .await;
    let run = failing["recent_runs"]
        .as_array()
        .expect("runs")
        .iter()
        .find(|run| run["state"] == "failed");
    let message = run.expect("a failed run")["message"]
        .as_str()
        .expect("a message");
    assert!(message.contains("\"t\""), "{message}");
    let next = failing["sync"]["next_run_at"]
        .as_str()
        .expect("a time")
        .parse::<chrono::DateTime<chrono::Utc>>();
    let last = failing["recent_runs"][0]["created_at"]
        .as_str()
        .expect("a time")
        .parse::<chrono::DateTime<chrono::Utc>>();
    let waits = (next.expect("a time") - last.expect("a time")).as_seconds_f64();
    assert!(waits > 2.5, "{waits} s after two failures");
    host.sql("alter table gone rename to t").await;
    insert(&host, 101, 110).await;
    let back = until(&host, &id, |view| view["stats"]["rows_total"] == 110).await;
    assert_eq!(back["sync"]["enabled"], true);
    assert_eq!(landed(&host, kb, "d").await, ids(110));
    until(&host, &id, |view| view["sync"]["consecutive_failures"] == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_failures_disable_a_sync_with_the_reason_and_enabling_it_goes_on() {
    let host = Host::start_with(&SETTINGS).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", every(1))).await;
    until(&host, &id, |view| {
        view["stats"]["runs_completed"].as_i64() >= Some(1)
    })
    .await;
    host.sql("alter table t rename to gone").await;
    let disabled = until(&host, &id, |view| view["sync"]["enabled"] == false).await;
    let sync = &disabled["sync"];
    let reason = sync["disabled_reason"].as_str().expect("a reason");
    assert!(
        reason.contains("3 failed") && reason.contains("\"t\"") && reason.contains("enable"),
        "{reason}"
    );
    assert_eq!(
        (&sync["has_cursor"], &sync["next_run_at"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(disabled["stats"]["runs_failed"], 3);
    let refused = act(&host, &id, "/run").await;
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (422, &json!("sync_disabled"))
    );
    host.sql("alter table gone rename to t").await;
    insert(&host, 101, 110).await;
    patch(&host, &id, json!({"enabled": true})).await;
    let enabled = until(&host, &id, |view| view["stats"]["rows_total"] == 110).await;
    assert_eq!(enabled["sync"]["disabled_reason"], Value::Null);
    assert_eq!(landed(&host, kb, "d").await, ids(110));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_stop_is_no_failure_and_what_landed_counts() {
    let host = Host::start_with(&[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let slowly = json!({"batch_rows": 5, "pacing": {"batch_delay_ms": 100}});
    let id = create(&host, order(&host, kb, "d", slowly)).await;
    let job = begin(&host, &id).await;
    let refused = act(&host, &id, "/run").await;
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (422, &json!("run_active"))
    );
    host.wait_for(&job, |view| view["rows_emitted"].as_i64() >= Some(10))
        .await;
    assert_eq!(host.stop(&job).await.status, 200);
    let stopped = view(&host, &id).await;
    assert_eq!(
        (
            &stopped["sync"]["last_state"],
            &stopped["sync"]["consecutive_failures"]
        ),
        (&json!("stopped"), &json!(0))
    );
    assert_eq!(
        (
            &stopped["stats"]["runs_failed"],
            &stopped["stats"]["runs_completed"]
        ),
        (&json!(0), &json!(0))
    );
    let rows = host.job_view(&job).await["rows_emitted"].clone();
    assert_eq!(stopped["stats"]["rows_total"], rows);
    patch(&host, &id, json!({"pacing": {}})).await;
    run(&host, &id).await;
    assert_eq!(landed(&host, kb, "d").await, ids(100));
    assert_eq!(view(&host, &id).await["stats"]["rows_total"], 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_whose_knowledge_base_is_gone_fails_and_says_so() {
    let host = Host::start_with(&SETTINGS).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({}))).await;
    run(&host, &id).await;
    assert_eq!(
        host.delete(&format!("/orgs/{}/k2/{kb}", host.org))
            .await
            .status,
        204
    );
    let refused = act(&host, &id, "/run").await;
    assert_eq!(
        (refused.status, &refused.json["code"]),
        (404, &json!("kb_not_found"))
    );
    patch(&host, &id, every(1)).await;
    let disabled = until(&host, &id, |view| view["sync"]["enabled"] == false).await;
    let reason = disabled["sync"]["disabled_reason"]
        .as_str()
        .expect("a reason");
    assert!(reason.contains("knowledge base"), "{reason}");
    assert_eq!(disabled["stats"]["runs_failed"], 3);
}
