//! Every request for a sync that cannot be: its status, its code, and where it is wrong.

use serde_json::json;

use super::*;

#[track_caller]
fn assert_refused(reply: &Reply, status: u16, code: &str, pointer: Option<&str>) {
    let json = &reply.json;
    assert_eq!(
        (reply.status, &json["code"]),
        (status, &json!(code)),
        "{json}"
    );
    if let Some(pointer) = pointer {
        assert_eq!(json["errors"][0]["pointer"], pointer, "{json}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_is_refused_where_it_is_wrong() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    host.job(host.read(kb, "there", "t", "id")).await;
    create(&host, order(&host, kb, "taken", json!({}))).await;
    let int = |value: &str| json!({"kind": "int", "value": value});
    let uuid = json!({"kind": "uuid", "value": "0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e"});
    let source = |field: &str, value: &str| json!({"source": {field: value}});
    for (change, status, code, pointer) in [
        (
            json!({"kb_id": null}),
            400,
            "invalid_request",
            Some("/kb_id"),
        ),
        (
            json!({"dest_table": ""}),
            400,
            "invalid_request",
            Some("/dest_table"),
        ),
        (
            json!({"source": null}),
            400,
            "invalid_request",
            Some("/source"),
        ),
        (
            json!({"schedule": null}),
            400,
            "invalid_request",
            Some("/interval_secs"),
        ),
        (
            json!({"interval_secs": 0}),
            400,
            "invalid_interval",
            Some("/interval_secs"),
        ),
        (
            json!({"interval_secs": "1"}),
            400,
            "invalid_request",
            Some("/interval_secs"),
        ),
        (
            json!({"schedule": {"kind": "cron", "expression": "x"}}),
            400,
            "invalid_request",
            Some("/schedule/expression"),
        ),
        (
            json!({"schedule": {"kind": "cron", "expression": "0 0 * * *", "time_zone": "x"}}),
            400,
            "invalid_request",
            Some("/schedule/time_zone"),
        ),
        (json!({"mode": "merge"}), 400, "invalid_mode", Some("/mode")),
        (
            json!({"mode": "upsert"}),
            400,
            "key_columns_required",
            Some("/key_columns"),
        ),
        (
            json!({"placement": "moon"}),
            400,
            "invalid_placement",
            Some("/placement"),
        ),
        (
            json!({"existing_dest": "drop"}),
            400,
            "invalid_request",
            Some("/existing_dest"),
        ),
        (
            json!({"start_cursor": int("x")}),
            400,
            "invalid_cursor",
            Some("/start_cursor/value"),
        ),
        (
            json!({"start_cursor": uuid}),
            400,
            "invalid_cursor",
            Some("/start_cursor"),
        ),
        (
            json!({"initial_cursor": uuid}),
            400,
            "invalid_cursor",
            Some("/initial_cursor"),
        ),
        (
            json!({"mode": "replace", "start_cursor": int("1")}),
            400,
            "invalid_cursor",
            Some("/start_cursor"),
        ),
        (json!({"kb_id": 999_999}), 404, "kb_not_found", None),
        (source("kind", "oracle"), 422, "source_unsupported", None),
        (
            source("connection_ref", "nowhere"),
            422,
            "connection_not_found",
            None,
        ),
        (
            json!({"dest_table": "there"}),
            422,
            "dest_table_exists",
            None,
        ),
        (
            json!({"dest_table": "taken"}),
            422,
            "dest_table_exists",
            None,
        ),
    ] {
        let request = order(&host, kb, "d", change.clone());
        let reply = host.post(&host.connector_path("/syncs"), request).await;
        println!("{change}");
        assert_refused(&reply, status, code, pointer);
    }
    let elsewhere = format!("/orgs/{}/connectors/nobody/syncs", host.org);
    let reply = host
        .post(&elsewhere, order(&host, kb, "d", json!({})))
        .await;
    assert_refused(&reply, 404, "connector_not_found", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_a_sync_is_checked() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({"enabled": false}))).await;
    for (body, code, pointer) in [
        (
            json!({"interval_secs": 0}),
            "invalid_interval",
            "/interval_secs",
        ),
        (
            json!({"schedule": {"kind": "interval"}}),
            "invalid_interval",
            "/interval_secs",
        ),
        (json!({"enabled": 1}), "invalid_request", "/enabled"),
        (json!({"batch_rows": -1}), "invalid_request", "/batch_rows"),
        (
            json!({"pacing": {"max_dop": "x"}}),
            "invalid_request",
            "/pacing/max_dop",
        ),
        (
            json!({"schedule": {"kind": "cron"}}),
            "invalid_request",
            "/schedule/expression",
        ),
    ] {
        let reply = host.patch(&path(&host, &id, ""), body).await;
        assert_refused(&reply, 400, code, Some(pointer));
    }
    let reply = host
        .post(&path(&host, &id, "/reset"), json!({"drop_dest": "yes"}))
        .await;
    assert_refused(&reply, 400, "invalid_request", Some("/drop_dest"));
    let reply = act(&host, &id, "/run").await;
    assert_refused(&reply, 422, "sync_disabled", None);
    for (cursor, pointer) in [
        (Value::Null, "/cursor"),
        (json!({"kind": "int", "value": "x"}), "/cursor/value"),
        (json!({"kind": "date", "value": "2026-01-31"}), "/cursor"),
    ] {
        let code = if cursor.is_null() {
            "invalid_request"
        } else {
            "invalid_cursor"
        };
        assert_refused(
            &put_cursor(&host, &id, cursor).await,
            400,
            code,
            Some(pointer),
        );
    }
    let replace = create(
        &host,
        order(&host, kb, "r", json!({"mode": "replace", "enabled": false})),
    )
    .await;
    let reply = put_cursor(&host, &replace, json!({"kind": "int", "value": "1"})).await;
    assert_refused(&reply, 400, "invalid_cursor", None);
    for query in [
        "enabled=maybe",
        "stalled=1",
        "kb_id=x",
        "limit=0",
        "page_token=x",
    ] {
        let reply = host
            .get(&format!("/orgs/{}/connectors/syncs?{query}", host.org))
            .await;
        assert_refused(&reply, 400, "invalid_request", None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_not_there_is_not_found() {
    let host = Host::start().await;
    let id = "00000000000000000000000000000000";
    let mut replies = vec![
        host.patch(&path(&host, id, ""), json!({})).await,
        host.delete(&path(&host, id, "")).await,
    ];
    for rest in ["", "/runs", "/cursor"] {
        replies.push(host.get(&path(&host, id, rest)).await);
    }
    for action in ["/run", "/reset"] {
        replies.push(act(&host, id, action).await);
    }
    replies.push(put_cursor(&host, id, json!({"kind": "int", "value": "1"})).await);
    for reply in replies {
        assert_refused(&reply, 404, "sync_not_found", None);
    }
}
