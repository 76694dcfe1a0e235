//! Jobs after they were taken: one, many, and stopped.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{assert_problem, assert_wrong, orders, request};
use crate::harness::Host;

/// A request that stays queued or running until it is stopped.
fn endless(kb: i64, table: &str) -> Value {
    let mut body = request(kb);
    body["dest_table"] = json!(table);
    body["batch_rows"] = json!(1);
    body["pacing"] = json!({"batch_delay_ms": 600_000});
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_has_every_field_of_the_contract() {
    let host = Host::start().await;
    orders(&host, 10).await;
    let kb = host.kb().await;
    let job = host.job(request(kb)).await;
    for name in [
        "id",
        "connector_id",
        "kb_uid",
        "dest_table",
        "mode",
        "state",
        "rows_emitted",
        "created_at",
        "updated_at",
        "started_at",
        "finished_at",
        "duration_ms",
        "rows_per_sec",
        "kind",
        "source",
        "batch_rows",
        "batches",
        "bytes",
        "throttled_ms",
        "attempt",
        "warnings",
    ] {
        assert!(!job[name].is_null(), "{name}: {job}");
    }
    for name in ["sync_id", "message", "error", "pacing"] {
        assert_eq!(job.get(name), Some(&Value::Null), "{name}: {job}");
    }
    for name in ["created_at", "updated_at", "started_at", "finished_at"] {
        assert!(
            job[name].as_str().is_some_and(|at| at.ends_with('Z')),
            "{name}: {job}"
        );
    }

    let mut missing = request(kb);
    missing["dest_table"] = json!("other");
    missing["source"]["table"] = json!("not there");
    let job = host.job(missing).await;
    assert_eq!(
        (&job["state"], &job["error"]["failure"]),
        (&json!("failed"), &json!("config")),
        "{job}"
    );
    assert_eq!(job["message"], job["error"]["detail"]);
    assert!(
        job["message"]
            .as_str()
            .is_some_and(|text| text.contains("not there")),
        "{job}"
    );

    let unknown = host.get(&host.connector_path("/jobs/none")).await;
    assert_problem(&unknown, 404, "job_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_get_is_answered_when_the_state_changes() {
    let host = Host::start().await;
    orders(&host, 10).await;
    let kb = host.kb().await;
    let id = host.dispatch(endless(kb, "slow")).await;
    host.wait_for(&id, |job| job["state"] == "running").await;
    let path = host.connector_path(&format!("/jobs/{id}"));

    let start = Instant::now();
    let same = host.get(&format!("{path}?wait_ms=300")).await;
    assert_eq!(same.json["state"], "running");
    assert!(same.json["duration_ms"].is_i64());
    assert!(start.elapsed() >= Duration::from_millis(300));

    let start = Instant::now();
    let waiting = format!("{path}?wait_ms=30000");
    let stop = format!("{path}/stop");
    let (changed, stopped) = tokio::join!(host.get(&waiting), host.post(&stop, json!({})));
    assert_eq!(
        (&changed.json["state"], stopped.status),
        (&json!("stopped"), 200)
    );
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );

    let start = Instant::now();
    assert_eq!(host.get(&waiting).await.json["state"], "stopped");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "a final job is answered at once"
    );
    for wrong in ["-1", "30001", "soon"] {
        let reply = host.get(&format!("{path}?wait_ms={wrong}")).await;
        assert_wrong(&reply, "invalid_request", &["/wait_ms"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_twice_is_the_same_as_once() {
    let host = Host::start().await;
    orders(&host, 10).await;
    let kb = host.kb().await;
    let id = host.dispatch(endless(kb, "slow")).await;
    let stop = host.connector_path(&format!("/jobs/{id}/stop"));
    for body in [None, None, Some("{}"), Some("not json")] {
        let request = host.client().post(host.url(&stop)).bearer_auth(&host.key);
        let request = match body {
            Some(body) => request.body(body),
            None => request,
        };
        let reply = host.send(request).await;
        assert_eq!(
            (reply.status, reply.json),
            (200, json!({"job_id": id, "state": "stopped"}))
        );
    }
    let done = host.job(request(kb)).await;
    let stop = host.connector_path(&format!(
        "/jobs/{}/stop",
        done["id"].as_str().expect("an id")
    ));
    assert_eq!(host.post(&stop, json!({})).await.json["state"], "completed");
    let unknown = host.connector_path("/jobs/none/stop");
    assert_problem(&host.post(&unknown, json!({})).await, 404, "job_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_paged() {
    let host = Host::start().await;
    orders(&host, 3).await;
    let kb = host.kb().await;
    let mut ids = Vec::new();
    for table in ["a", "b", "c"] {
        let mut body = request(kb);
        body["dest_table"] = json!(table);
        ids.push(host.job(body).await["id"].clone());
    }
    ids.reverse();
    let list = async |query: &str| {
        let reply = host
            .get(&format!("/orgs/{}/connectors/jobs?{query}", host.org))
            .await;
        assert_eq!(reply.status, 200, "{query}: {}", reply.json);
        reply.json
    };
    let listed = |page: &Value| -> Vec<Value> {
        page["jobs"]
            .as_array()
            .expect("jobs")
            .iter()
            .map(|job| job["id"].clone())
            .collect()
    };
    let all = list("").await;
    assert_eq!(
        (listed(&all), &all["next_page_token"]),
        (ids.clone(), &Value::Null)
    );
    let created = all["jobs"][1]["created_at"].as_str().expect("a time");
    for (query, expected) in [
        (format!("connector_id={}", host.connector), &ids[..]),
        ("connector_id=none".into(), &[]),
        (format!("kb_id={kb}&state=completed"), &ids[..]),
        ("state=failed&state=completed".into(), &ids[..]),
        ("state=failed&state=stopped".into(), &[]),
        ("kb_id=0".into(), &[]),
        ("dest_table=b".into(), &ids[1..2]),
        (format!("created_after={created}"), &ids[..1]),
        (format!("created_before={created}"), &ids[2..]),
    ] {
        assert_eq!(listed(&list(&query).await), expected, "{query}");
    }
    let first = list("state=completed&limit=2").await;
    assert_eq!(listed(&first), ids[..2]);
    let token = first["next_page_token"].as_str().expect("one more");
    let last = list(&format!("limit=2&state=completed&page_token={token}")).await;
    assert_eq!(
        (listed(&last), &last["next_page_token"]),
        (ids[2..].to_vec(), &Value::Null)
    );

    for (query, pointer) in [
        (format!("state=failed&page_token={token}"), "/page_token"),
        ("page_token=x".into(), "/page_token"),
        ("limit=0".into(), "/limit"),
        ("limit=201".into(), "/limit"),
        ("state=done".into(), "/state"),
        ("kb_id=one".into(), "/kb_id"),
        ("created_after=yesterday".into(), "/created_after"),
        ("created_before=2026-01-31".into(), "/created_before"),
    ] {
        let reply = host
            .get(&format!("/orgs/{}/connectors/jobs?{query}", host.org))
            .await;
        assert_wrong(&reply, "invalid_request", &[pointer]);
    }
}
