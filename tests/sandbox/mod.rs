//! A guest that breaks every rule, as jobs of a real host: each fails alone, and the host serves on.

mod canary;
mod crowd;

use serde_json::json;

use crate::harness::Host;
use crate::harness::guest::component;

/// What the guest does, and the code that its job ends with.
const FAULTS: [(&str, &str); 31] = [
    ("trap", "trap"),
    ("recurse", "trap"),
    ("allocate", "memory_limit"),
    ("spin", "cpu_limit"),
    ("spin-in-open", "cpu_limit"),
    ("wrong-columns", "wrong_columns"),
    ("fewer-columns", "wrong_columns"),
    ("too-many-rows", "bad_answer"),
    ("no-columns", "bad_answer"),
    ("long-name", "bad_answer"),
    ("same-names", "bad_answer"),
    ("cursor-back", "cursor_went_back"),
    ("huge-cursor", "limit_exceeded"),
    ("huge-answer", "limit_exceeded"),
    ("endless-empty", "bad_answer"),
    ("wait-forever", "endless_wait"),
    ("open:trap", "trap"),
    ("open:allocate", "memory_limit"),
    ("announce:recurse", "trap"),
    ("announce:huge", "limit_exceeded"),
    ("announce:many", "bad_answer"),
    ("announce:nul", "bad_answer"),
    ("key:trap", "trap"),
    ("key:range", "bad_answer"),
    ("key:huge", "limit_exceeded"),
    ("warnings:trap", "trap"),
    ("warnings:huge", "limit_exceeded"),
    ("huge-digest", "limit_exceeded"),
    ("many-ties", "limit_exceeded"),
    ("unknown-handle", "bad_answer"),
    ("handle-of-a-connection", "bad_answer"),
];

/// Strange, but within the rules: they end by themselves.
const HARMLESS: [&str; 10] = [
    "leak-handles",
    "leak-bytes",
    "many-warnings",
    "out-of-range",
    "log-flood",
    "session",
    "leak-slices",
    "leak-projections",
    "many-indices",
    "huge-statements",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_plugin_fails_its_own_jobs_and_nobody_elses() {
    let plugins = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(plugins.path().join("misbehaving.wasm"), component()).expect("writable");
    std::fs::write(plugins.path().join("broken.wasm"), "no component").expect("writable");
    let host = Host::start_with(&[
        ("SLUICE_PLUGINS_DIR", plugins.path().to_str().expect("text")),
        ("SLUICE_GUEST__CPU_SECS", "1"),
        ("SLUICE_GUEST__WAIT_SECS", "1"),
        ("SLUICE_JOBS__MAX_RUNNING", "6"),
    ])
    .await;
    host.sql(
        "create table t (id bigint primary key); insert into t select generate_series(1, 20000)",
    )
    .await;
    let kb = host.kb().await;
    let paced = json!({"batch_rows": 200, "pacing": {"batch_delay_ms": 20}});
    let bystander = host
        .dispatch(host.request(kb, "bystander", ("t", "id"), paced))
        .await;

    let guest = |table: &str| {
        let dest = table.replace(['-', ':'], "_");
        let more = json!({"batch_rows": 100, "source": {"kind": "misbehaving"}});
        host.request(kb, &dest, (table, "id"), more)
    };
    let mut faults = Vec::new();
    for (table, code) in FAULTS {
        faults.push((table, code, host.dispatch(guest(table)).await));
    }
    for (table, code, id) in faults {
        let view = host.ended(&id).await;
        assert_eq!(view["state"], "failed", "{table}: {view}");
        assert_eq!(
            (&view["error"]["failure"], &view["error"]["code"]),
            (&json!("plugin"), &json!(code)),
            "{table}: {view}"
        );
        assert_eq!(
            (&view["attempt"], &view["rows_emitted"]),
            (&json!(1), &json!(0)),
            "{table}: {view}"
        );
        let detail = view["error"]["detail"].as_str().expect("a sentence");
        assert!(
            detail.contains("misbehaving 0.1.0 (misbehaving.wasm)"),
            "{table}: {detail}"
        );
    }
    for table in HARMLESS {
        let view = host.job(guest(table)).await;
        assert_eq!(view["state"], "completed", "{table}: {view}");
    }
    for table in ["error", "huge-error", "open:error"] {
        let view = host.job(guest(table)).await;
        assert_eq!(view["error"]["failure"], "config", "{view}");
        assert!(view.to_string().len() < 50_000, "{table}");
    }

    for table in ["good", "good-rows"] {
        let view = host.job(guest(table)).await;
        assert_eq!(
            (&view["state"], &view["rows_emitted"]),
            (&json!("completed"), &json!(500)),
            "{view}"
        );
        let landed = host.landed_sums(kb, &table.replace('-', "_"), "id").await;
        assert_eq!(landed, "500 500 125250");
    }
    let view = host.ended(&bystander).await;
    assert_eq!(view["state"], "completed", "{view}");
    assert_eq!(
        host.landed_sums(kb, "bystander", "id").await,
        host.source_sums("t", "id").await
    );
    assert_eq!(host.get("/readyz").await.status, 200);
    host.until_no_sessions(std::time::Duration::from_secs(10))
        .await;
}
