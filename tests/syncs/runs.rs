//! What the runs of a sync do with the dest table, and when they come.

use serde_json::json;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_creates_and_later_ones_append_what_came() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({}))).await;
    assert_eq!(run(&host, &id).await["mode"], "create");
    assert_eq!(run(&host, &id).await["rows_emitted"], 0);
    insert(&host, 101, 150).await;
    let third = run(&host, &id).await;
    assert_eq!(
        (&third["mode"], &third["rows_emitted"]),
        (&json!("append"), &json!(50))
    );
    assert_eq!(landed(&host, kb, "d").await, ids(150));
    let view = view(&host, &id).await;
    assert_eq!(
        view["stats"],
        json!({"runs_total": 3, "runs_completed": 3, "runs_failed": 0, "rows_total": 150})
    );
    assert_eq!(view["sync"]["has_cursor"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_of_a_replace_sync_swaps_the_table() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", json!({"mode": "replace"}))).await;
    for last in [100, 60, 60] {
        host.sql(&format!("delete from t where id > {last}")).await;
        let job = run(&host, &id).await;
        assert_eq!(
            (&job["mode"], &job["rows_emitted"]),
            (&json!("replace"), &json!(last))
        );
        assert_eq!(landed(&host, kb, "d").await, ids(last));
    }
    host.sql("delete from t").await;
    assert_eq!(run(&host, &id).await["rows_emitted"], 0);
    assert_eq!(
        host.query(kb, "select count(*) as n from d").await[0]["n"],
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_sync_has_the_last_version_of_each_row() {
    let host = Host::start().await;
    host.sql(&format!(
        "{SOURCE}; alter table t add at int; update t set at = id"
    ))
    .await;
    let kb = host.kb().await;
    let by_key =
        json!({"mode": "upsert", "key_columns": ["id"], "source": {"cursor_column": "at"}});
    let id = create(&host, order(&host, kb, "d", by_key)).await;
    for (changed, rows) in [(0, 100), (30, 30), (0, 0)] {
        let update = format!("update t set v = 'new', at = 1000 + id where id <= {changed}");
        host.sql(&update).await;
        let job = run(&host, &id).await;
        assert_eq!(
            (&job["mode"], &job["rows_emitted"]),
            (&json!("upsert"), &json!(rows))
        );
        assert_eq!(landed(&host, kb, "d").await, ids(100));
    }
    let new = host
        .query(kb, "select count(*) as n from d where v = 'new'")
        .await;
    assert_eq!(new[0]["n"], 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_come_by_themselves_and_survive_a_crash_of_the_host() {
    let mut host = Host::start_with(&[EVERY_SECOND]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let id = create(&host, order(&host, kb, "d", every(1))).await;
    until(&host, &id, |view| {
        view["stats"]["runs_completed"].as_i64() >= Some(2)
    })
    .await;
    host.crash_and_restart(&[EVERY_SECOND]);
    insert(&host, 101, 120).await;
    let before = view(&host, &id).await["stats"]["runs_total"].as_i64();
    let after = until(&host, &id, |view| {
        view["stats"]["rows_total"] == 120
            && view["stats"]["runs_total"].as_i64() >= before.map(|n| n + 2)
    })
    .await;
    assert!(after["stats"]["runs_total"].as_i64() >= Some(4), "{after}");
    assert_eq!(landed(&host, kb, "d").await, ids(120));
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_keep_their_interval_and_never_overlap() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let punctual = create(&host, order(&host, kb, "punctual", every(1))).await;
    // Each run takes two intervals.
    let mut slow = order(&host, kb, "slow", every(1));
    merge(
        &mut slow,
        json!({"mode": "replace", "batch_rows": 20, "pacing": {"batch_delay_ms": 500}}),
    );
    let slow = create(&host, slow).await;
    until(&host, &slow, |view| {
        view["stats"]["runs_completed"].as_i64() >= Some(3)
    })
    .await;
    let times = |view: &Value, name: &str| -> Vec<chrono::DateTime<chrono::Utc>> {
        let runs = view["recent_runs"].as_array().expect("runs").iter();
        let ended = runs.filter(|run| !run["finished_at"].is_null());
        ended
            .map(|run| run[name].as_str().expect("a time").parse().expect("a time"))
            .collect()
    };
    let view_of_slow = view(&host, &slow).await;
    let (created, finished) = (
        times(&view_of_slow, "created_at"),
        times(&view_of_slow, "finished_at"),
    );
    for (later, before) in created.iter().zip(&finished[1..]) {
        assert!(
            later >= before,
            "a run began at {later} before the end at {before}"
        );
    }
    let created = times(&view(&host, &punctual).await, "created_at");
    let span = (created[0] - created[created.len() - 1]).as_seconds_f64();
    // The first may have been late; the others make up for nothing.
    let intervals = (created.len() - 1) as f64;
    assert!(
        span > intervals - 1.0,
        "{intervals} intervals took {span} s"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_there_is_refused_adopted_or_replaced() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    for (word, rows) in [("adopt", 110), ("replace", 100)] {
        host.job(
            json!({"kb_id": kb, "dest_table": word, "source": order(&host, kb, "", json!({}))["source"],
                        "cursor": {"kind": "int", "value": "90"}}),
        )
        .await;
        let plain = host
            .post(
                &host.connector_path("/syncs"),
                order(&host, kb, word, json!({})),
            )
            .await;
        assert_eq!(
            (plain.status, &plain.json["code"]),
            (422, &json!("dest_table_exists"))
        );
        let id = create(
            &host,
            order(&host, kb, word, json!({"existing_dest": word})),
        )
        .await;
        run(&host, &id).await;
        assert_eq!(landed(&host, kb, word).await.0, rows, "{word}");
        insert(&host, 101, 105).await;
        assert_eq!(run(&host, &id).await["mode"], "append");
        assert_eq!(landed(&host, kb, word).await.0, rows + 5, "{word}");
        host.sql("delete from t where id > 100").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cron_sync_waits_for_its_time_and_a_manual_one_for_ever() {
    let host = Host::start_with(&[EVERY_SECOND]).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let yearly = json!({"kind": "cron", "expression": "0 3 1 1 *", "time_zone": "Europe/Berlin"});
    let cron = create(&host, order(&host, kb, "cron", json!({"schedule": yearly}))).await;
    let manual = create(&host, order(&host, kb, "manual", json!({}))).await;
    let clock = create(&host, order(&host, kb, "clock", every(1))).await;
    until(&host, &clock, |view| {
        view["stats"]["runs_total"].as_i64() >= Some(3)
    })
    .await;
    let view_of_cron = view(&host, &cron).await;
    assert_eq!(view_of_cron["stats"]["runs_total"], 0);
    assert_eq!(view_of_cron["sync"]["schedule"], yearly);
    let next = view_of_cron["sync"]["next_run_at"]
        .as_str()
        .expect("a time");
    assert!(next.ends_with("-01-01T02:00:00Z"), "{next}");
    let view_of_manual = view(&host, &manual).await;
    assert_eq!(
        (
            &view_of_manual["stats"]["runs_total"],
            &view_of_manual["sync"]["next_run_at"]
        ),
        (&json!(0), &Value::Null)
    );
}
