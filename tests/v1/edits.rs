//! What PUT can change, and what it cannot.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_put_changes_when_runs_come() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(&host, json!({"table": "t", "primary_key": "id"})).await;
    let sync = create(&host, order(&host, model, json!({})).await).await;
    let id = sync["attributes"]["sync_id"].as_str().expect("an id");
    let other_form = host.connector_path(&format!("/syncs/{id}"));
    let ordinary = async || good(host.get(&other_form).await, 200)["sync"].clone();

    let same = good(put(&host, &sync, sync["attributes"].clone()).await, 200)["data"].clone();
    for (name, value) in sync["attributes"].as_object().expect("fields") {
        if name != "updated_at" {
            assert_eq!(same["attributes"][name], *value, "{name}");
        }
    }
    let change =
        json!({"schedule_type": "interval", "sync_interval": 3, "sync_interval_unit": "days"});
    let changed = good(put(&host, &sync, change).await, 200);
    assert_eq!(changed["data"]["attributes"]["schedule_type"], "interval");
    let seen = ordinary().await;
    assert_eq!(
        (&seen["interval_secs"], &seen["schedule"]["kind"]),
        (&json!(259_200), &json!("interval"))
    );

    let change = json!({"schedule_type": "cron_expression", "cron_expression": "30 2 * * *", "name": "n", "configuration": {}});
    let changed = good(put(&host, &sync, change).await, 200)["data"].clone();
    assert_eq!(changed["attributes"]["cron_expression"], "30 2 * * *");
    assert_eq!(changed["attributes"]["configuration"], json!({}));
    let seen = ordinary().await;
    assert_eq!(
        seen["schedule"],
        json!({"kind": "cron", "expression": "30 2 * * *", "time_zone": "UTC"})
    );
    assert_eq!(seen["name"], "n");

    let zoned = json!({"schedule": {"kind": "cron", "expression": "30 2 * * *", "time_zone": "Europe/Berlin"}});
    assert_eq!(host.patch(&other_form, zoned).await.status, 204);
    good(put(&host, &sync, json!({"name": "m"})).await, 200);
    assert_eq!(ordinary().await["schedule"]["time_zone"], "Europe/Berlin");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sync_reads_and_writes_stays() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(&host, json!({"table": "t", "primary_key": "id"})).await;
    let sync = create(&host, order(&host, model, json!({})).await).await;
    for (change, pointer) in [
        (json!({"source_id": 99}), "/sync/source_id"),
        (json!({"destination_id": 99}), "/sync/destination_id"),
        (json!({"model_id": 99}), "/sync/model_id"),
        (json!({"stream_name": "e"}), "/sync/stream_name"),
        (json!({"sync_mode": "full_refresh"}), "/sync/sync_mode"),
        (json!({"cursor_field": "v"}), "/sync/cursor_field"),
    ] {
        refused(
            &put(&host, &sync, change).await,
            422,
            "immutable_field",
            Some(pointer),
        );
    }
    for (change, code, pointer) in [
        (
            json!({"sync_interval": 0, "schedule_type": "interval"}),
            "invalid_interval",
            "/sync/sync_interval",
        ),
        (
            json!({"schedule_type": "never"}),
            "invalid_request",
            "/sync/schedule_type",
        ),
        (
            json!({"schedule_type": "cron_expression"}),
            "invalid_request",
            "/sync/cron_expression",
        ),
        (json!({"sync_mode": "x"}), "invalid_mode", "/sync/sync_mode"),
        (json!({"name": ""}), "invalid_request", "/sync/name"),
    ] {
        refused(&put(&host, &sync, change).await, 400, code, Some(pointer));
    }
    let reply = host.patch(&path(&sync, "/enable"), json!({})).await;
    refused(&reply, 400, "invalid_request", Some("/enable"));
}
