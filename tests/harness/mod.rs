//! A real host process on a data folder of its own, a source of its own, and a client.
//! Everything ends with the test, however that ends.

pub mod guest;
pub mod plugin;
pub mod process;
pub mod proxy;
pub mod source;
pub mod sync;

use std::path::Path;
use std::time::{Duration, Instant};

use rand::RngExt;
use serde_json::{Value, json};
use tempfile::TempDir;

pub use process::Process;
pub use proxy::{Fault, Proxy};
pub(crate) use source::on_each_kind;
pub use source::{Kind, Source};
pub use sync::Sync;

/// Longer than any job of a test takes on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An answer of the API.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub json: Value,
    pub headers: reqwest::header::HeaderMap,
}

/// A running host with one connection, `src`, to a database of its own.
pub struct Host {
    pub key: String,
    pub org: String,
    pub connector: String,
    pub source: Source,
    pub process: Process,
    pub data: TempDir,
    client: reqwest::Client,
}

impl Host {
    pub async fn start() -> Self {
        Self::of(Kind::Postgres).await
    }

    /// With a source of that kind.
    pub async fn of(kind: Kind) -> Self {
        Self::of_with(kind, &[]).await
    }

    /// With more settings, as variables: `("SLUICE_JOBS__MAX_RUNNING", "1")`.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::of_with(Kind::Postgres, settings).await
    }

    pub async fn of_with(kind: Kind, settings: &[(&str, &str)]) -> Self {
        Self::start_on(Source::create(kind).await, settings).await
    }

    /// On a database of the test's own.
    pub async fn start_on(source: Source, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        write_connections(
            data.path(),
            &json!({"src": {"kind": source.kind().name(), "dsn": source.dsn()}}),
        );
        let process = Process::start(data.path(), settings);
        let key = process
            .first_key
            .clone()
            .expect("a first start shows a key");
        let connector = process.connector.clone();
        Self {
            key,
            org: "default".into(),
            connector,
            source,
            process,
            data,
            client: reqwest::Client::new(),
        }
    }

    /// Ends the process at once, as a crash does, and starts another on the same folder.
    pub fn crash_and_restart(&mut self, settings: &[(&str, &str)]) {
        self.process.kill();
        self.process = Process::start(self.data.path(), settings);
    }

    /// Replaces `connections.json`.
    pub fn set_connections(&self, connections: &Value) {
        write_connections(self.data.path(), connections);
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.process.address)
    }

    /// `/orgs/{org}/connectors/{connector}` and what follows.
    pub fn connector_path(&self, rest: &str) -> String {
        format!("/orgs/{}/connectors/{}{rest}", self.org, self.connector)
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.client.get(self.url(path)).bearer_auth(&self.key))
            .await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(
            self.client
                .post(self.url(path))
                .bearer_auth(&self.key)
                .json(&body),
        )
        .await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(
            self.client
                .patch(self.url(path))
                .bearer_auth(&self.key)
                .json(&body),
        )
        .await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.client.delete(self.url(path)).bearer_auth(&self.key))
            .await
    }

    /// A request of any form; `client` for what the others do not do.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.expect("the host answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let json = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply {
            status,
            json,
            headers,
        }
    }

    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// A fresh knowledge base.
    pub async fn kb(&self) -> i64 {
        let name = uuid::Uuid::now_v7().simple().to_string();
        let reply = self
            .post(&format!("/orgs/{}/k2", self.org), json!({"name": name}))
            .await;
        reply.json["id"]
            .as_i64()
            .unwrap_or_else(|| panic!("no knowledge base: {reply:?}"))
    }

    /// A job request for a table and a cursor column of `src`; change it where a test needs more.
    pub fn read(&self, kb: i64, dest_table: &str, table: &str, cursor_column: &str) -> Value {
        let kind = self.source.kind().name();
        json!({
            "kb_id": kb, "dest_table": dest_table,
            "source": {"kind": kind, "connection_ref": "src", "table": table, "cursor_column": cursor_column}
        })
    }

    /// The same, with what `more` adds to it or overrides.
    pub fn request(&self, kb: i64, dest_table: &str, source: (&str, &str), more: Value) -> Value {
        let mut request = self.read(kb, dest_table, source.0, source.1);
        merge(&mut request, more);
        request
    }

    /// Stops a job and answers what the API says.
    pub async fn stop(&self, id: &str) -> Reply {
        let path = self.connector_path(&format!("/jobs/{id}/stop"));
        self.post(&path, json!({})).await
    }

    /// Count, distinct count and sum of a column that landed, in the form of [`Host::source_sums`].
    pub async fn landed_sums(&self, kb: i64, table: &str, column: &str) -> String {
        let sql = format!(
            "select count(*) as n, count(distinct {column}) as d, sum({column}) as s from \"{table}\""
        );
        let row = &self.query(kb, &sql).await[0];
        format!("{} {} {}", row["n"], row["d"], row["s"]).replace('"', "")
    }

    pub async fn source_sums(&self, from: &str, column: &str) -> String {
        self.text(&format!(
            "select concat_ws(' ', count(*), count(distinct {column}), sum(cast({column} as bigint))) from {from}"
        ))
        .await
    }

    /// Makes a view, `slow`, of a column `id`, whose one row takes longer than any test.
    pub async fn slow_view(&self) {
        self.sql(match self.source.kind() {
            Kind::Postgres => "create view slow as select 1 as id, pg_sleep(3600)::text as s",
            Kind::SqlServer => "create view slow as select 1 as id, count_big(*) as s from generate_series(cast(1 as bigint), cast(1000000000000 as bigint)) g",
        })
        .await;
    }

    /// Waits until a job's statement runs on the source.
    pub async fn until_busy(&self) {
        let start = Instant::now();
        while self.source.busy_sessions().await == "0" {
            assert!(start.elapsed() < PATIENCE, "no statement runs");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until no job has a session on the source.
    pub async fn until_no_sessions(&self, within: Duration) {
        let start = Instant::now();
        while self.source.job_sessions().await != "0" {
            assert!(start.elapsed() < within, "sessions stay on the source");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Dispatches a job and answers its id.
    pub async fn dispatch(&self, request: Value) -> String {
        let reply = self.post(&self.connector_path("/jobs"), request).await;
        assert_eq!(reply.status, 202, "{}", reply.json);
        reply.json["job_id"].as_str().expect("an id").to_owned()
    }

    /// Dispatches a job, waits for its end and answers its view.
    pub async fn job(&self, request: Value) -> Value {
        let id = self.dispatch(request).await;
        self.ended(&id).await
    }

    pub async fn job_view(&self, id: &str) -> Value {
        self.get(&self.connector_path(&format!("/jobs/{id}")))
            .await
            .json
    }

    /// The view of a job once it is final.
    pub async fn ended(&self, id: &str) -> Value {
        self.wait_for(id, |view| {
            matches!(
                view["state"].as_str(),
                Some("completed" | "failed" | "stopped")
            )
        })
        .await
    }

    /// The first view of a job that satisfies a condition.
    pub async fn wait_for(&self, id: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let view = self.job_view(id).await;
            if condition(&view) {
                return view;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "waited too long for job {id}: {view}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The rows that a query answers.
    pub async fn query(&self, kb: i64, sql: &str) -> Value {
        let reply = self
            .post(
                &format!("/orgs/{}/k2/{kb}/query", self.org),
                json!({"sql": sql}),
            )
            .await;
        assert_eq!(reply.status, 200, "{sql}: {}", reply.json);
        reply.json["rows"].clone()
    }

    /// Runs statements on the source.
    pub async fn sql(&self, sql: &str) {
        self.source.sql(sql).await;
    }

    /// The one text that a query on the source answers.
    pub async fn text(&self, sql: &str) -> String {
        self.source.text(sql).await
    }
}

/// Puts fields into an object, at any depth.
pub fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (key, value) in more {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

/// What a test's chances come from: printed, so that a failure can be met again.
pub fn seed() -> u64 {
    let seed = std::env::var("SLUICE_TEST_SEED").map_or_else(
        |_| rand::rng().random(),
        |seed| seed.parse().expect("a number"),
    );
    let thread = std::thread::current();
    println!(
        "SLUICE_TEST_SEED={seed} {}",
        thread.name().unwrap_or_default()
    );
    seed
}

/// An identifier in SQL, here and on the source.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn write_connections(folder: &Path, connections: &Value) {
    let temporary = folder.join("connections.json.new");
    std::fs::write(&temporary, connections.to_string()).expect("writable");
    std::fs::rename(temporary, folder.join("connections.json")).expect("the same folder");
}

/// Parquet files under a folder, in a table's log or not.
pub fn parquet_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.path() {
            path if path.is_dir() => parquet_files(&path),
            path => usize::from(
                path.extension()
                    .is_some_and(|extension| extension == "parquet"),
            ),
        })
        .sum()
}
