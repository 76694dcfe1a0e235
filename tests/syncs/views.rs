//! What clients see of syncs: fields, lists, pages.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_is_shown_field_by_field() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(
        &host,
        order(
            &host,
            kb,
            "d",
            json!({"interval_secs": 45, "schedule": {"kind": "interval"}, "enabled": false}),
        ),
    )
    .await;
    let view = view(&host, &id).await;
    let sync = view["sync"].as_object().expect("an object");
    for (field, value) in [
        ("id", json!(id)),
        ("connector_id", json!(host.connector)),
        ("source_kind", json!("postgres")),
        ("connection_ref", json!("src")),
        ("source_schema", json!("public")),
        ("source_table", json!("t")),
        ("cursor_column", json!("id")),
        ("dest_table", json!("d")),
        ("interval_secs", json!(45)),
        ("enabled", json!(false)),
        ("has_cursor", json!(false)),
        ("name", Value::Null),
        ("last_run_at", Value::Null),
        ("last_state", Value::Null),
        ("last_success_at", Value::Null),
        ("seconds_since_success", Value::Null),
        ("next_run_at", Value::Null),
        ("stalled", json!(false)),
        ("consecutive_failures", json!(0)),
        ("disabled_reason", Value::Null),
        ("key_columns", json!([])),
        ("pacing", Value::Null),
        ("batch_rows", json!(5_000)),
        ("mode", json!("append")),
        ("schedule", json!({"kind": "interval"})),
        ("warnings", json!([])),
    ] {
        assert_eq!(sync.get(field), Some(&value), "{field}");
    }
    for field in ["kb_uid", "created_at", "updated_at"] {
        assert!(sync[field].is_string(), "{field}");
    }
    assert_eq!(sync.len(), 29, "{sync:?}");
    assert_eq!(
        view["stats"],
        json!({"runs_total": 0, "runs_completed": 0, "runs_failed": 0, "rows_total": 0})
    );
    assert_eq!(view["recent_runs"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_shown_at_its_sync_among_its_runs_and_as_a_job() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({}))).await;
    let other = create(&host, order(&host, kb, "other", json!({}))).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.insert(0, run(&host, &id).await["id"].clone());
    }
    run(&host, &other).await;
    let view = view(&host, &id).await;
    let sync = &view["sync"];
    assert_eq!(
        (&sync["last_state"], &sync["has_cursor"]),
        (&json!("completed"), &json!(true))
    );
    let newest = &view["recent_runs"][0];
    assert_eq!(
        (&sync["last_run_at"], &sync["last_success_at"]),
        (&newest["started_at"], &newest["finished_at"])
    );
    assert!(sync["seconds_since_success"].as_i64() < Some(60), "{sync}");
    let fields = [
        "job_id",
        "state",
        "rows_emitted",
        "created_at",
        "started_at",
        "finished_at",
        "duration_ms",
        "rows_per_sec",
        "message",
    ];
    for field in fields {
        assert!(newest.get(field).is_some(), "{field}");
    }
    let ids_of = |list: &Value, field: &str| -> Vec<Value> {
        list.as_array()
            .expect("a list")
            .iter()
            .map(|item| item[field].clone())
            .collect()
    };
    assert_eq!(ids_of(&view["recent_runs"], "job_id"), jobs);
    let first = host.get(&path(&host, &id, "/runs?limit=2")).await.json;
    let token = first["next_page_token"].as_str().expect("another page");
    let second = host
        .get(&path(
            &host,
            &id,
            &format!("/runs?limit=2&page_token={token}"),
        ))
        .await
        .json;
    let paged = [
        ids_of(&first["runs"], "job_id"),
        ids_of(&second["runs"], "job_id"),
    ]
    .concat();
    assert_eq!(
        (paged, &second["next_page_token"]),
        (jobs.clone(), &Value::Null)
    );
    let listed = host
        .get(&format!("/orgs/{}/connectors/jobs?sync_id={id}", host.org))
        .await
        .json;
    assert_eq!(ids_of(&listed["jobs"], "id"), jobs);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_has_filters_and_pages() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    let (kb, second_kb) = (host.kb().await, host.kb().await);
    let mut all = Vec::new();
    for (number, kb) in [kb, kb, second_kb].into_iter().enumerate() {
        let off = json!({"enabled": number != 1});
        all.insert(
            0,
            create(&host, order(&host, kb, &format!("d{number}"), off)).await,
        );
    }
    let list = async |query: &str| -> (Vec<String>, Value) {
        let reply = host
            .get(&format!("/orgs/{}/connectors/syncs?{query}", host.org))
            .await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.json);
        let syncs = reply.json["syncs"].as_array().expect("a list").iter();
        let ids = syncs.map(|sync| sync["id"].as_str().expect("an id").to_owned());
        (ids.collect(), reply.json["next_page_token"].clone())
    };
    assert_eq!(list("").await, (all.clone(), Value::Null));
    assert_eq!(list("enabled=false").await.0, [all[1].clone()]);
    assert_eq!(
        list("enabled=true").await.0,
        [all[0].clone(), all[2].clone()]
    );
    assert_eq!(
        list(&format!("kb_id={second_kb}")).await.0,
        [all[0].clone()]
    );
    assert_eq!(list("source_kind=postgres&stalled=false").await.0, all);
    assert_eq!(list("source_kind=sql_server").await.0.len(), 0);
    assert_eq!(list("connector_id=nobody").await.0.len(), 0);
    assert_eq!(list("stalled=true").await.0.len(), 0);
    let (first, token) = list("stalled=false&limit=2").await;
    let token = token.as_str().expect("another page").to_owned();
    let (second, end) = list(&format!("stalled=false&limit=2&page_token={token}")).await;
    assert_eq!(([first, second].concat(), end), (all, Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_fails_for_three_intervals_is_stalled() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    let kb = host.kb().await;
    // There is no table to read.
    let id = create(&host, order(&host, kb, "d", every(1))).await;
    until(&host, &id, |view| view["sync"]["stalled"] == true).await;
    let path = format!("/orgs/{}/connectors/syncs?stalled=true", host.org);
    assert_eq!(host.get(&path).await.json["syncs"][0]["id"], id);
}
