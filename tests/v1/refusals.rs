//! Every request for a sync that cannot be: its status, its code, and where it is wrong.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_cannot_be_is_refused_where_it_is_wrong() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let dsn = host.source.dsn().to_owned();
    let entry = json!({"kind": "postgres", "dsn": dsn});
    host.set_connections(&json!({"src": entry, "other": entry}));
    let sources = good(host.get("/api/v1/connectors?type=source").await, 200);
    let other = number(&sources["data"][0]["id"]);
    let keyed = model(&host, json!({"table": "t", "primary_key": "id"})).await;
    let bare = model(&host, json!({"table": "t"})).await;
    let wide = model(&host, json!({"table": "t", "primary_key": ["id", "v"]})).await;
    let kb = host.kb().await;
    host.job(host.read(kb, "there", "t", "id")).await;
    let taken = json!({"destination_id": kb, "stream_name": "taken"});
    create(&host, order(&host, keyed, taken).await).await;
    let wrong = Some("invalid_request");
    for (change, status, code, pointer) in [
        (
            json!({"source_id": null}),
            400,
            wrong,
            Some("/sync/source_id"),
        ),
        (
            json!({"destination_id": "x"}),
            400,
            wrong,
            Some("/sync/destination_id"),
        ),
        (
            json!({"model_id": null}),
            400,
            wrong,
            Some("/sync/model_id"),
        ),
        (
            json!({"schedule_type": null}),
            400,
            wrong,
            Some("/sync/schedule_type"),
        ),
        (
            json!({"schedule_type": "hourly"}),
            400,
            wrong,
            Some("/sync/schedule_type"),
        ),
        (
            json!({"configuration": null}),
            400,
            wrong,
            Some("/sync/configuration"),
        ),
        (
            json!({"configuration": "x"}),
            400,
            wrong,
            Some("/sync/configuration"),
        ),
        (
            json!({"stream_name": null}),
            400,
            wrong,
            Some("/sync/stream_name"),
        ),
        (
            json!({"sync_mode": "mirror"}),
            400,
            Some("invalid_mode"),
            Some("/sync/sync_mode"),
        ),
        (
            json!({"schedule_type": "automated", "sync_interval": null}),
            400,
            wrong,
            Some("/sync/sync_interval"),
        ),
        (
            json!({"schedule_type": "automated", "sync_interval": -1}),
            400,
            Some("invalid_interval"),
            Some("/sync/sync_interval"),
        ),
        (
            json!({"sync_interval_unit": "years"}),
            400,
            wrong,
            Some("/sync/sync_interval_unit"),
        ),
        (
            json!({"schedule_type": "cron_expression", "cron_expression": "x"}),
            400,
            wrong,
            Some("/sync/cron_expression"),
        ),
        (
            json!({"model_id": bare}),
            400,
            wrong,
            Some("/sync/cursor_field"),
        ),
        (
            json!({"model_id": wide}),
            400,
            wrong,
            Some("/sync/cursor_field"),
        ),
        (
            json!({"model_id": bare, "sync_mode": "full_refresh"}),
            400,
            wrong,
            Some("/sync/cursor_field"),
        ),
        (
            json!({"source_id": 999}),
            404,
            Some("connector_not_found"),
            None,
        ),
        (
            json!({"destination_id": 999}),
            404,
            Some("kb_not_found"),
            None,
        ),
        (json!({"model_id": 999}), 404, Some("model_not_found"), None),
        (
            json!({"source_id": other}),
            422,
            Some("model_mismatch"),
            Some("/sync/model_id"),
        ),
        (
            json!({"stream_name": "there"}),
            422,
            Some("dest_table_exists"),
            None,
        ),
        (
            json!({"stream_name": "taken"}),
            422,
            Some("dest_table_exists"),
            None,
        ),
    ] {
        let mut body = order(&host, keyed, json!({"destination_id": kb})).await;
        merge(&mut body["sync"], change.clone());
        println!("{change}");
        refused(
            &host.post("/api/v1/syncs", body).await,
            status,
            code.expect("a code"),
            pointer,
        );
    }
    let body = order(&host, keyed, json!({})).await;
    host.set_connections(&json!({}));
    let reply = host.post("/api/v1/syncs", body).await;
    refused(&reply, 422, "connection_not_found", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_not_there_is_not_found() {
    let host = Host::start().await;
    for id in ["999", "x"] {
        let sync = format!("/api/v1/syncs/{id}");
        let replies = [
            host.get(&sync).await,
            host.delete(&sync).await,
            host.get(&format!("{sync}/sync_runs")).await,
            host.patch(&format!("{sync}/enable"), json!({"enable": true}))
                .await,
            host.delete(&format!("/api/v1/schedule_syncs/{id}")).await,
        ];
        for reply in replies {
            refused(&reply, 404, "sync_not_found", None);
        }
    }
    let nowhere = json!({"schedule_sync": {"sync_id": 999}});
    refused(
        &host.post("/api/v1/schedule_syncs", nowhere).await,
        404,
        "sync_not_found",
        None,
    );
    let nothing = host.post("/api/v1/schedule_syncs", json!({})).await;
    refused(&nothing, 400, "invalid_request", Some("/schedule_sync"));
    refused(
        &put(&host, &json!({"id": 999}), json!({})).await,
        404,
        "sync_not_found",
        None,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_without_a_key() {
    let host = Host::start().await;
    for path in [
        "connectors",
        "models",
        "models/1",
        "syncs",
        "syncs/1",
        "syncs/1/sync_runs",
    ] {
        let request = host.client().get(host.url(&format!("/api/v1/{path}")));
        refused(&host.send(request).await, 401, "unauthorized", None);
    }
    for path in ["models", "syncs", "schedule_syncs"] {
        let request = host.client().post(host.url(&format!("/api/v1/{path}")));
        refused(
            &host.send(request.json(&json!({}))).await,
            401,
            "unauthorized",
            None,
        );
    }
}
