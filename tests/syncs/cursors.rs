//! Where runs start: cursors that are given, set by hand, and forgotten.

use serde_json::json;

use super::*;

fn int(value: i64) -> Value {
    json!({"kind": "int", "value": value.to_string()})
}

/// Rows with ids from `first` to 100.
fn from(first: i64) -> (i64, i64, i64) {
    let (n, d, s) = ids(100);
    let (n0, d0, s0) = ids(first - 1);
    (n - n0, d - d0, s - s0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_cursor_includes_its_value_and_an_initial_cursor_does_not() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    for (name, first) in [("start_cursor", 90), ("initial_cursor", 91)] {
        let id = create(&host, order(&host, kb, name, json!({name: int(90)}))).await;
        run(&host, &id).await;
        assert_eq!(landed(&host, kb, name).await, from(first), "{name}");
        assert_eq!(run(&host, &id).await["rows_emitted"], 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_set_only_while_nothing_can_run() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let slowly = json!({"batch_rows": 10, "pacing": {"batch_delay_ms": 300}});
    let id = create(&host, order(&host, kb, "d", slowly)).await;
    let enabled = put_cursor(&host, &id, int(5)).await;
    assert_eq!(
        (enabled.status, &enabled.json["code"]),
        (409, &json!("sync_enabled"))
    );
    let job = begin(&host, &id).await;
    patch(&host, &id, json!({"enabled": false})).await;
    let running = put_cursor(&host, &id, int(5)).await;
    assert_eq!(
        (running.status, &running.json["code"]),
        (409, &json!("run_active"))
    );
    assert_eq!(
        host.ended(&job).await["state"],
        "completed",
        "disabling lets it finish"
    );
    assert_eq!(put_cursor(&host, &id, int(5)).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_set_by_hand_is_where_the_next_run_goes_on() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({}))).await;
    assert_eq!(cursor(&host, &id).await, Value::Null);
    run(&host, &id).await;
    assert_eq!(
        (
            &cursor(&host, &id).await["kind"],
            &cursor(&host, &id).await["value"]
        ),
        (&json!("int"), &json!("100"))
    );
    patch(&host, &id, json!({"enabled": false})).await;
    assert_eq!(
        view(&host, &id).await["sync"]["has_cursor"],
        true,
        "disabling keeps it"
    );
    assert_eq!(put_cursor(&host, &id, int(90)).await.status, 204);
    assert_eq!(cursor(&host, &id).await, int(90));
    patch(&host, &id, json!({"enabled": true})).await;
    let job = run(&host, &id).await;
    assert_eq!(
        (&job["mode"], &job["rows_emitted"]),
        (&json!("append"), &json!(10))
    );
    assert_eq!(
        landed(&host, kb, "d").await.0,
        110,
        "what was asked for twice is there twice"
    );
    assert_eq!(run(&host, &id).await["rows_emitted"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_reset_everything_is_read_again_and_nothing_is_doubled() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({}))).await;
    run(&host, &id).await;
    let reply = act(&host, &id, "/reset").await;
    assert_eq!(reply.status, 204, "{}", reply.json);
    assert_eq!(
        landed(&host, kb, "d").await,
        ids(100),
        "the table stays until the next run"
    );
    let view_after = view(&host, &id).await;
    assert_eq!(
        (
            &view_after["sync"]["has_cursor"],
            &view_after["stats"]["rows_total"]
        ),
        (&json!(false), &json!(100))
    );
    host.sql("delete from t where id > 80").await;
    assert_eq!(run(&host, &id).await["rows_emitted"], 80);
    assert_eq!(landed(&host, kb, "d").await, ids(80), "swapped");
    insert(&host, 81, 90).await;
    assert_eq!(run(&host, &id).await["mode"], "append");
    assert_eq!(landed(&host, kb, "d").await, ids(90));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_that_drops_the_table_stops_the_run_and_the_next_one_creates() {
    let host = Host::start_with(&[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let slowly = json!({"batch_rows": 5, "pacing": {"batch_delay_ms": 100}});
    let id = create(&host, order(&host, kb, "d", slowly)).await;
    let job = begin(&host, &id).await;
    host.wait_for(&job, |view| view["rows_emitted"].as_i64() >= Some(10))
        .await;
    let reply = host
        .post(&path(&host, &id, "/reset"), json!({"drop_dest": true}))
        .await;
    assert_eq!(reply.status, 204, "{}", reply.json);
    assert_eq!(host.job_view(&job).await["state"], "stopped");
    let kb_path = format!("/orgs/{}/k2/{kb}", host.org);
    assert_eq!(host.get(&kb_path).await.json["table_count"], 0);
    patch(&host, &id, json!({"pacing": {}})).await;
    assert_eq!(run(&host, &id).await["mode"], "create");
    assert_eq!(landed(&host, kb, "d").await, ids(100));
}
