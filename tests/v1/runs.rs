//! What the runs of these syncs land, for each kind of model and each mode.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refresh_swaps_the_table() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(&host, json!({"table": "t", "primary_key": ["id", "v"]})).await;
    let sync = create(
        &host,
        order(&host, model, json!({"sync_mode": "full_refresh"})).await,
    )
    .await;
    assert_eq!(sync["attributes"]["cursor_field"], "id");
    assert_eq!(run(&host, &sync).await["mode"], "replace");
    host.sql("delete from t where id > 10").await;
    run(&host, &sync).await;
    assert_eq!(landed(&host, &sync).await, (json!(10), json!(55)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_sync_of_a_table_with_a_key_merges() {
    let host = Host::start().await;
    host.sql("create table t (id int primary key, v int); insert into t select g, g from generate_series(1, 100) g")
        .await;
    let model = model(
        &host,
        json!({"table": "t", "schema": "public", "primary_key": "id"}),
    )
    .await;
    let sync = create(
        &host,
        order(&host, model, json!({"cursor_field": "v"})).await,
    )
    .await;
    assert_eq!(run(&host, &sync).await["mode"], "upsert");
    host.sql("update t set v = 101 where id = 1; insert into t values (101, 102)")
        .await;
    assert_eq!(run(&host, &sync).await["rows_emitted"], 2);
    assert_eq!(landed(&host, &sync).await, (json!(101), json!(5151)));
    let kb = number(&sync["attributes"]["destination_id"]);
    assert_eq!(
        host.query(kb, "select v from d where id = 1").await,
        json!([{"v": 101}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incremental_sync_of_a_query_without_a_key_appends() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(
        &host,
        json!({"query": "select id, upper(v) as w from t where id <> 7"}),
    )
    .await;
    let sync = create(
        &host,
        order(&host, model, json!({"cursor_field": "id"})).await,
    )
    .await;
    let job = run(&host, &sync).await;
    assert_eq!(
        (&job["mode"], &job["rows_emitted"]),
        (&json!("create"), &json!(99))
    );
    host.sql("insert into t values (101, 'x')").await;
    let job = run(&host, &sync).await;
    assert_eq!(
        (&job["mode"], &job["rows_emitted"]),
        (&json!("append"), &json!(1))
    );
    assert_eq!(landed(&host, &sync).await, (json!(100), json!(5144)));
    let kb = number(&sync["attributes"]["destination_id"]);
    assert_eq!(
        host.query(kb, "select w from d where id = 101").await,
        json!([{"w": "X"}])
    );

    let runs = good(host.get(&path(&sync, "/sync_runs")).await, 200);
    let rows = |index: usize| &runs["data"][index]["attributes"]["total_rows"];
    assert_eq!(
        (runs["meta"]["total_count"].as_i64(), rows(0), rows(1)),
        (Some(2), &json!(1), &json!(99))
    );
    assert_eq!(runs["data"][0]["attributes"]["status"], "success");
    assert_eq!(runs["data"][0]["id"], job["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_show_all_syncs() {
    let mut host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(&host, json!({"table": "t", "primary_key": "id"})).await;
    let automated = json!({"schedule_type": "automated", "name": "n"});
    let ours = create(&host, order(&host, model, automated).await).await;
    let attributes = &ours["attributes"];
    assert_eq!(
        (&ours["type"], ours["id"].is_i64()),
        (&json!("syncs"), true)
    );
    for (name, value) in [
        ("source_id", json!(source(&host).await)),
        ("model_id", json!(model)),
        ("schedule_type", json!("automated")),
        ("configuration", json!({"any": ["thing"]})),
        ("stream_name", json!("d")),
        ("sync_mode", json!("incremental")),
        ("sync_interval", json!(45)),
        ("sync_interval_unit", json!("minutes")),
        ("cron_expression", Value::Null),
        ("cursor_field", json!("id")),
        ("name", json!("n")),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let id = attributes["sync_id"].as_str().expect("an id");
    let other_form = host.connector_path(&format!("/syncs/{id}"));
    let ordinary = good(host.get(&other_form).await, 200)["sync"].clone();
    for (name, value) in [
        ("interval_secs", json!(2700)),
        ("mode", json!("upsert")),
        ("key_columns", json!(["id"])),
        ("source_table", json!("t")),
        ("dest_table", json!("d")),
    ] {
        assert_eq!(ordinary[name], value, "{name}");
    }

    let kb = host.kb().await;
    let mut request = host.read(kb, "e", "t", "id");
    merge(
        &mut request,
        json!({"interval_secs": 90, "enabled": false, "mode": "replace"}),
    );
    let made = good(
        host.post(&host.connector_path("/syncs"), request).await,
        201,
    );
    let list = good(host.get("/api/v1/syncs").await, 200);
    assert_eq!(list["meta"]["total_count"], 2);
    assert_eq!(list["data"][1]["id"], ours["id"]);
    let theirs = &list["data"][0]["attributes"];
    for (name, value) in [
        ("sync_id", made["sync_id"].clone()),
        ("model_id", Value::Null),
        ("destination_id", json!(kb)),
        ("schedule_type", json!("interval")),
        ("sync_interval", json!(90)),
        ("sync_interval_unit", json!("seconds")),
        ("sync_mode", json!("full_refresh")),
        ("configuration", json!({})),
        ("status", json!("disabled")),
    ] {
        assert_eq!(theirs[name], value, "{name}");
    }
    host.patch(&other_form, json!({"interval_secs": 7200}))
        .await;
    let changed = good(host.get(&path(&ours, "")).await, 200);
    assert_eq!(changed["data"]["attributes"]["sync_interval"], 2);
    assert_eq!(changed["data"]["attributes"]["sync_interval_unit"], "hours");

    host.crash_and_restart(&[]);
    let again = good(host.get("/api/v1/syncs?per_page=1&page=2").await, 200);
    assert_eq!(again["data"][0]["id"], ours["id"]);
    assert_eq!(host.delete(&path(&ours, "")).await.status, 204);
    refused(&host.get(&other_form).await, 404, "sync_not_found", None);
    let next = create(
        &host,
        order(&host, model, json!({"schedule_type": "manual"})).await,
    )
    .await;
    assert!(number(&next["id"]) > number(&list["data"][0]["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_says_how_it_is_doing() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let model = model(&host, json!({"table": "t", "primary_key": "id"})).await;
    let sync = create(&host, order(&host, model, json!({})).await).await;
    assert_eq!(sync["attributes"]["status"], "pending");
    run(&host, &sync).await;
    assert_eq!(status(&host, &sync).await, "healthy");
    host.sql("alter table t rename to gone").await;
    let started = good(start(&host, &sync).await, 200);
    let job = host
        .ended(started["data"]["id"].as_str().expect("an id"))
        .await;
    assert_eq!(job["state"], "failed");
    assert_eq!(status(&host, &sync).await, "failed");
    let runs = good(host.get(&path(&sync, "/sync_runs")).await, 200);
    assert_eq!(runs["data"][0]["attributes"]["status"], "failed");
    assert!(runs["data"][0]["attributes"]["error"].is_string(), "{runs}");
    let off = host
        .patch(&path(&sync, "/enable"), json!({"enable": false}))
        .await;
    assert_eq!(good(off, 200)["data"]["attributes"]["status"], "disabled");
    refused(&start(&host, &sync).await, 422, "sync_disabled", None);
    let on = host
        .patch(&path(&sync, "/enable"), json!({"enable": true}))
        .await;
    assert_eq!(good(on, 200)["data"]["attributes"]["status"], "healthy");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_cancelled_by_the_number_of_its_sync() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let slow = "select id, pg_sleep(0.2)::text as s from t";
    let model = model(&host, json!({"query": slow})).await;
    let sync = create(
        &host,
        order(&host, model, json!({"cursor_field": "id"})).await,
    )
    .await;
    let started = good(start(&host, &sync).await, 200);
    refused(&start(&host, &sync).await, 422, "run_active", None);
    let cancel = format!("/api/v1/schedule_syncs/{}", sync["id"]);
    let cancelled = good(host.delete(&cancel).await, 200);
    assert_eq!(cancelled["data"]["id"], started["data"]["id"]);
    assert_eq!(cancelled["data"]["attributes"]["status"], "canceled");
    let nothing = good(host.delete(&cancel).await, 200);
    assert_eq!(nothing["data"], Value::Null);
    assert_eq!(status(&host, &sync).await, "pending");
}
