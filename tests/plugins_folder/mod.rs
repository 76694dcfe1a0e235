//! The plugins folder of a host that runs: files come, change, break and go, and jobs do not notice.

mod replaced;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::Host;
use crate::harness::guest::described;

/// Milliseconds between two looks at the folder.
const POLL_MS: u64 = 10;
/// Longer than any change takes to be seen on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder that a host follows.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    async fn host(&self, settings: &[(&str, &str)]) -> Host {
        let poll = POLL_MS.to_string();
        let mut all = vec![
            ("SLUICE_PLUGINS_DIR", self.0.path().to_str().expect("text")),
            ("SLUICE_PLUGINS_POLL_MS", &poll),
        ];
        all.extend_from_slice(settings);
        Host::start_with(&all).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Whole, under its name, at once.
    fn put(&self, name: &str, bytes: &[u8]) {
        let hidden = self.path(&format!(".{name}"));
        std::fs::write(&hidden, bytes).expect("writable");
        std::fs::rename(hidden, self.path(name)).expect("the same folder");
    }

    fn remove(&self, name: &str) {
        std::fs::remove_file(self.path(name)).expect("it is there");
    }
}

impl Host {
    async fn plugins(&self) -> Vec<Value> {
        let reply = self.get(&format!("/orgs/{}/plugins", self.org)).await;
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json["plugins"].as_array().expect("a list").clone()
    }

    /// The versions of a file in the list, once they are as wanted.
    async fn until_plugins(&self, origin: &str, are: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let start = Instant::now();
        loop {
            let mut plugins = self.plugins().await;
            plugins.retain(|plugin| plugin["origin"] == origin);
            if are(&plugins) {
                return plugins;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{plugins:#?}\n{}",
                self.process.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn until_serving(&self, origin: &str, version: &str) -> Value {
        let is_it = |plugin: &Value| plugin["state"] == "serving" && plugin["version"] == version;
        let plugins = self
            .until_plugins(origin, |plugins| plugins.iter().any(is_it))
            .await;
        plugins.into_iter().find(is_it).expect("waited for")
    }

    async fn capabilities(&self) -> Value {
        let reply = self.get(&self.connector_path("")).await;
        reply.json["capabilities"].clone()
    }

    /// A job on the guest, of the kind that its file says.
    fn guest_job(&self, kb: i64, dest: &str, kind: &str, more: Value) -> Value {
        let mut request = self.request(kb, dest, ("good-signed", "id"), more);
        request["source"]["kind"] = json!(kind);
        request
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_dropped_replaced_broken_and_removed_while_the_host_runs() {
    let folder = Folder::new();
    let host = folder.host(&[]).await;
    let kb = host.kb().await;
    assert_eq!(
        host.capabilities().await,
        json!([
            "source:postgres",
            "source:sql_server",
            "kb:local",
            "browse:describe"
        ])
    );
    let early = host.guest_job(kb, "early", "evil", json!({}));
    let reply = host
        .post(&host.connector_path("/jobs"), early.clone())
        .await;
    assert_eq!(
        (reply.status, &reply.json["code"]),
        (422, &json!("source_unsupported"))
    );

    folder.put("evil.wasm", &described("evil", "1", "none"));
    let serving = host.until_serving("evil.wasm", "1").await;
    assert_eq!(serving["kind"], "evil");
    assert_eq!(serving["contract"], "sluice:source@0.1.0");
    assert_eq!(
        (&serving["built_in"], &serving["reason"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(serving["digest"].as_str().map(str::len), Some(64));
    assert_eq!(serving["jobs_running"], 0);
    assert!(
        serving["since"]
            .as_str()
            .is_some_and(|since| since.ends_with('Z'))
    );
    assert_eq!(host.capabilities().await[0], "source:evil");
    let view = host.job(early).await;
    assert_eq!(view["warnings"], json!(["all read by 1"]), "{view}");

    folder.put("evil.wasm", b"no component");
    let versions = host
        .until_plugins("evil.wasm", |plugins| plugins.len() == 2)
        .await;
    // What happened last comes first.
    assert_eq!(
        (&versions[0]["state"], &versions[1]["state"]),
        (&json!("refused"), &json!("serving"))
    );
    assert_eq!(
        (&versions[0]["kind"], &versions[0]["contract"]),
        (&Value::Null, &Value::Null)
    );
    let reason = versions[0]["reason"].as_str().expect("a reason");
    assert!(
        reason.starts_with("evil.wasm is not WebAssembly"),
        "{reason}"
    );
    assert!(
        host.process.log().contains(reason),
        "{}",
        host.process.log()
    );
    let view = host
        .job(host.guest_job(kb, "still", "evil", json!({})))
        .await;
    assert_eq!(view["warnings"], json!(["all read by 1"]), "{view}");

    folder.put("evil.wasm", &described("evil", "2", "none"));
    host.until_serving("evil.wasm", "2").await;
    let view = host
        .job(host.guest_job(kb, "later", "evil", json!({})))
        .await;
    assert_eq!(view["warnings"], json!(["all read by 2"]), "{view}");
    assert_eq!(host.landed_sums(kb, "later", "id").await, "500 500 125250");

    folder.remove("evil.wasm");
    host.until_plugins("evil.wasm", <[Value]>::is_empty).await;
    assert_eq!(host.capabilities().await[0], "source:postgres");
    let log = host.process.log();
    for said in ["serves", "was replaced or removed"] {
        assert!(log.contains(said), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_keeps_its_plugin_and_the_next_takes_the_new_one() {
    let folder = Folder::new();
    folder.put("evil.wasm", &described("evil", "1", "none"));
    let host = folder.host(&[]).await;
    let kb = host.kb().await;
    let slow = json!({"batch_rows": 10, "pacing": {"batch_delay_ms": 40}});
    let id = host
        .dispatch(host.guest_job(kb, "slow", "evil", slow))
        .await;
    let landed = |view: &Value| view["rows_emitted"].as_i64() > Some(0);
    host.wait_for(&id, landed).await;

    folder.put("evil.wasm", &described("evil", "2", "none"));
    host.until_serving("evil.wasm", "2").await;
    let versions = host
        .until_plugins("evil.wasm", |plugins| plugins.len() == 2)
        .await;
    let old = versions
        .iter()
        .find(|plugin| plugin["version"] == "1")
        .expect("in use");
    assert_eq!(
        (&old["state"], &old["jobs_running"]),
        (&json!("retired"), &json!(1))
    );
    folder.remove("evil.wasm");
    host.until_plugins("evil.wasm", |plugins| {
        plugins.len() == 1 && plugins[0]["state"] == "retired"
    })
    .await;
    let view = host.ended(&id).await;
    assert_eq!(
        (&view["state"], &view["warnings"]),
        (&json!("completed"), &json!(["all read by 1"])),
        "{view}"
    );
    assert_eq!(host.landed_sums(kb, "slow", "id").await, "500 500 125250");
    host.until_plugins("evil.wasm", <[Value]>::is_empty).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_covers_a_built_in_plugin_until_it_is_removed() {
    let folder = Folder::new();
    let host = folder.host(&[]).await;
    host.sql("create table \"good-signed\" (id bigint primary key); insert into \"good-signed\" values (7)")
        .await;
    let kb = host.kb().await;
    folder.put("mine.wasm", &described("postgres", "mine", "none"));
    host.until_serving("mine.wasm", "mine").await;
    let built_in = host
        .until_plugins("built in", |plugins| plugins.len() == 2)
        .await;
    let covered = built_in
        .iter()
        .find(|plugin| plugin["kind"] == "postgres")
        .expect("listed");
    assert_eq!(covered["state"], "overridden");
    assert_eq!(
        covered["reason"],
        "mine.wasm serves the kind postgres in its place"
    );
    let view = host
        .job(host.guest_job(kb, "covered", "postgres", json!({})))
        .await;
    assert_eq!(view["rows_emitted"], 500, "{view}");
    folder.remove("mine.wasm");
    host.until_plugins("mine.wasm", <[Value]>::is_empty).await;
    let view = host
        .job(host.guest_job(kb, "uncovered", "postgres", json!({})))
        .await;
    assert_eq!(view["rows_emitted"], 1, "{view}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_whose_kind_has_gone_says_what_to_do() {
    let folder = Folder::new();
    folder.put("evil.wasm", &described("evil", "1", "none"));
    let host = folder.host(&[("SLUICE_JOBS__MAX_RUNNING", "1")]).await;
    let kb = host.kb().await;
    let slow = json!({"batch_rows": 10, "pacing": {"batch_delay_ms": 20}});
    let first = host
        .dispatch(host.guest_job(kb, "first", "evil", slow))
        .await;
    let queued = host
        .dispatch(host.guest_job(kb, "queued", "evil", json!({})))
        .await;
    host.wait_for(&first, |view| view["state"] == "running")
        .await;
    folder.remove("evil.wasm");
    assert_eq!(host.ended(&first).await["state"], "completed");
    let view = host.ended(&queued).await;
    let error = &view["error"];
    assert_eq!(
        (&error["failure"], &error["code"], &view["attempt"]),
        (&json!("config"), &json!("source_unsupported"), &json!(1)),
        "{view}"
    );
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("Put its file back into the plugins folder"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_plugins_has_pages_and_needs_rights() {
    let folder = Folder::new();
    folder.put("a.wasm", b"no component");
    let host = folder.host(&[]).await;
    let path = format!("/orgs/{}/plugins", host.org);
    let first = host.get(&format!("{path}?limit=2")).await;
    assert_eq!(first.json["plugins"].as_array().map(Vec::len), Some(2));
    let token = first.json["next_page_token"]
        .as_str()
        .expect("there is more");
    let last = host
        .get(&format!("{path}?limit=2&page_token={token}"))
        .await;
    assert_eq!(last.json["plugins"].as_array().map(Vec::len), Some(1));
    assert_eq!(last.json["next_page_token"], Value::Null);
    assert_eq!(host.get(&format!("{path}?limit=0")).await.status, 400);
    assert_eq!(host.get("/orgs/nobody/plugins").await.status, 403);
}
