//! A host with a sync of each kind, an application that writes to its source, and at the end the question whether every
//! row is where it must be, as often as it must be.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::compare::differences;
use super::kinds::{CAP, KINDS, Kind, PACED, TABLES};
use super::outcome::{Outcome, commits};
use super::writer::Writers;
use crate::harness::{Host, Source, seed};

/// Every second each sync has its turn, and commits are as many as the disk can take.
pub const SETTINGS: [(&str, &str); 5] = [
    ("SLUICE_SCHEDULE__TICK_SECS", "1"),
    ("SLUICE_JOBS__COMMIT_MS", "20"),
    ("SLUICE_JOBS__MAX_RUNNING", "8"),
    // A source that breaks all the time is no reason to give up.
    ("SLUICE_JOBS__MAX_ATTEMPTS", "1000"),
    // All rows of a table at once.
    ("SLUICE_QUERY__MAX_ROWS", "100000000"),
];

/// Without a row, and not idle either: a failed attempt may wait for its next one.
const LONGEST_REST: Duration = Duration::from_secs(120);
/// What API.md promises.
const SESSIONS_END: Duration = Duration::from_secs(5);

pub struct Soak {
    pub host: Host,
    pub random: StdRng,
    pub kb: i64,
    syncs: Vec<(&'static Kind, String)>,
    writers: Option<Writers>,
}

/// Since when nothing has landed.
struct Patience {
    since: Instant,
    landed: u64,
}

impl Patience {
    fn new(landed: u64) -> Self {
        Self {
            since: Instant::now(),
            landed,
        }
    }
}

impl Soak {
    pub async fn start_directly(settings: &[(&str, &str)]) -> Self {
        let source = Source::create(crate::harness::Kind::Postgres).await;
        let dsn = source.dsn().to_owned();
        Self::start(source, &dsn, settings).await
    }

    /// `dsn` is what the host knows of the source's address.
    pub async fn start(source: Source, dsn: &str, settings: &[(&str, &str)]) -> Self {
        let mut random = StdRng::seed_from_u64(seed());
        let host = Host::start_on(source, settings).await;
        host.set_connections(&json!({"src": {
            "kind": "postgres", "dsn": dsn, "max_sessions": KINDS.len() + 2, "statement_timeout_ms": 2_000
        }}));
        host.sql(TABLES).await;
        let kb = host.kb().await;
        let mut syncs = Vec::new();
        for kind in &KINDS {
            syncs.push((kind, create_sync(&host, kb, kind).await));
        }
        let writers = Writers::start(host.source.dsn(), &mut random).await;
        Self {
            host,
            random,
            kb,
            syncs,
            writers: Some(writers),
        }
    }

    /// Lets the application end, waits until no run finds anything any more, and compares.
    ///
    /// # Panics
    /// A run failed, or a promise about idle syncs is not kept.
    pub async fn settle(&mut self) -> Outcome {
        let writers = self.writers.take().expect("it settles once");
        let transactions = writers.stop().await;
        let quiet_since = Utc::now();
        let mut patience = Patience::new(0);
        while let Some(restless) = self.restless(quiet_since).await {
            let landed = self.landed_in_all().await;
            self.be_patient(&mut patience, landed, &restless).await;
        }
        let mut outcome = Outcome {
            rows: 0,
            commits: commits(&self.host.data.path().join("kb")),
            transactions,
            differences: Vec::new(),
        };
        for (kind, sync) in &self.syncs {
            self.compare(kind, sync, &mut outcome).await;
        }
        self.put_to_rest().await;
        outcome
    }

    /// A sync that has not had two idle runs since then, if there is one.
    async fn restless(&self, since: DateTime<Utc>) -> Option<Value> {
        for (kind, id) in &self.syncs {
            let view = self.sync_view(id).await;
            assert_eq!(view["sync"]["enabled"], true, "{view}");
            let runs = runs_since(&view, since);
            // One that is under way is neither: on a busy machine one always is.
            let ended = runs.iter().filter(|run| run["finished_at"].is_string());
            let idle = ended.take(2).filter(|run| {
                run["state"] == "completed" && (run["rows_emitted"] == 0 || !kind.appends)
            });
            if idle.count() < 2 {
                return Some(view);
            }
        }
        None
    }

    async fn compare(&self, kind: &Kind, sync: &str, outcome: &mut Outcome) {
        let owed = self.host.source.texts(kind.owed).await;
        let allowed = match kind.allowed {
            Some(allowed) => self.host.source.texts(allowed).await,
            None => Vec::new(),
        };
        let landed = self.landed(kind, kind.name).await;
        outcome.rows += landed.len();
        let found = differences(&owed, &allowed, &landed);
        outcome
            .differences
            .extend(found.iter().map(|found| format!("{}: {found}", kind.name)));
        let view = self.sync_view(sync).await;
        if !found.is_empty() {
            // The next one will want to know where the sync stood, and what its last groups hold.
            let (table, column) = kind.source;
            let groups = format!(
                "select concat_ws(' ', {column}, count(*)) from {table} group by {column} order by {column} desc limit 5"
            );
            let groups = self.host.source.texts(&groups).await;
            println!("{}: {groups:?} {view}", kind.name);
        }
        let is_merged = (kind.request)().get("mode").is_some();
        if !is_merged {
            // Counted once each, whoever brought the commit to its end.
            assert_eq!(view["stats"]["rows_total"], landed.len(), "{view}");
        }
        assert_eq!(view["stats"]["runs_failed"], 0, "{view}");
    }

    /// The rows of a dest table as texts.
    pub async fn landed(&self, kind: &Kind, dest_table: &str) -> Vec<String> {
        let sql = format!("select {} as r from {dest_table}", kind.landed_row);
        let rows = self.host.query(self.kb, &sql).await;
        let rows = rows.as_array().expect("rows").iter();
        rows.map(|row| row["r"].as_str().expect("text").to_owned())
            .collect()
    }

    async fn put_to_rest(&self) {
        for (_, id) in &self.syncs {
            let path = self.sync_path(id);
            let reply = self.host.patch(&path, json!({"enabled": false})).await;
            assert_eq!(reply.status, 204, "{}", reply.json);
        }
        self.host.until_no_sessions(SESSIONS_END).await;
    }

    /// Gives the paced sync more than a second's rows, and lets it land them without a disturbance.
    pub async fn pace_for_a_while(&self) {
        let since = Utc::now();
        let paced = self.syncs.iter().find(|(kind, _)| kind.name == PACED);
        let (_, id) = paced.expect("one is");
        // The run that was killed most may have a backlog, and a watermark from before the rows to come.
        self.runs_until(id, since, |runs| !runs.is_empty()).await;
        let rows = CAP * 4;
        self.host
            .sql(&format!(
                "insert into serials (note) select md5(g::text) from generate_series(1, {rows}) g"
            ))
            .await;
        let has_landed = |runs: &[Value]| {
            let landed: u64 = runs.iter().map(rows_of).sum();
            landed >= rows.into() && runs[0]["state"] == "completed"
        };
        let paced = self.runs_until(id, since, has_landed).await;
        for run in paced.iter().filter(|run| run["state"] == "completed") {
            let seconds = run["duration_ms"].as_u64().expect("it ended") / 1_000 + 1;
            assert!(rows_of(run) <= u64::from(CAP) * seconds, "{run}");
        }
    }

    /// The runs of a sync that were begun after a moment, once they are as they should be.
    async fn runs_until(
        &self,
        id: &str,
        since: DateTime<Utc>,
        are_right: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let mut patience = Patience::new(0);
        loop {
            let view = self.sync_view(id).await;
            let runs = runs_since(&view, since);
            if are_right(&runs) {
                return runs;
            }
            let landed = view["stats"]["rows_total"].as_u64().expect("a count");
            self.be_patient(&mut patience, landed, &view).await;
        }
    }

    /// Rows landed so far; those that land with every run do not count.
    pub async fn landed_in_all(&self) -> u64 {
        let mut rows = 0;
        for (_, id) in self.syncs.iter().filter(|(kind, _)| kind.appends) {
            let view = self.sync_view(id).await;
            rows += view["stats"]["rows_total"].as_u64().expect("a count");
        }
        rows
    }

    /// Waits a moment for a sync that is not where it should be.
    ///
    /// # Panics
    /// For too long nothing more has landed. A backlog may take its time: a paced run that was killed a thousand times
    /// has one.
    async fn be_patient(&self, patience: &mut Patience, landed: u64, with: &Value) {
        if landed > patience.landed {
            *patience = Patience::new(landed);
        }
        let is_over = patience.since.elapsed() > LONGEST_REST;
        assert!(!is_over, "{with}\n{}", self.host.process.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    async fn sync_view(&self, id: &str) -> Value {
        let reply = self.host.get(&self.sync_path(id)).await;
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json
    }

    fn sync_path(&self, id: &str) -> String {
        self.host.connector_path(&format!("/syncs/{id}"))
    }
}

async fn create_sync(host: &Host, kb: i64, kind: &Kind) -> String {
    let mut request = host.read(kb, kind.name, kind.source.0, kind.source.1);
    request["interval_secs"] = json!(1);
    let more = (kind.request)();
    for (key, value) in more.as_object().expect("fields") {
        request[key] = value.clone();
    }
    let reply = host.post(&host.connector_path("/syncs"), request).await;
    assert_eq!(reply.status, 201, "{}", reply.json);
    reply.json["sync_id"].as_str().expect("an id").to_owned()
}

/// Runs that were begun after a moment, newest first.
fn runs_since(view: &Value, since: DateTime<Utc>) -> Vec<Value> {
    let runs = view["recent_runs"].as_array().expect("runs").iter();
    let is_later = |run: &&Value| {
        let created = run["created_at"].as_str().expect("a time");
        created.parse::<DateTime<Utc>>().expect("RFC 3339") > since
    };
    runs.filter(is_later).cloned().collect()
}

fn rows_of(run: &Value) -> u64 {
    run["rows_emitted"].as_u64().expect("a count")
}
