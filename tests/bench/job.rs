//! A host in this process, and jobs through it: from the queue to `completed`.

use std::time::Duration;

use sluice::app::App;
use sluice::config::Config;
use sluice::model::ids::JobId;
use sluice::model::job::{DEFAULT_BATCH_ROWS, Job, JobSpec, JobState, Mode, Placement};
use sluice::model::pacing::Pacing;
use sluice::model::source::Source as TableSource;
use sluice::store::jobs::{self, NewJob};
use sluice::store::kbs::{self, Kb};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Outcome;
use super::table::{CONNECTION, HUNDRED, KEY, Source};

const SMALL_JOBS: usize = 31;

/// A host on a temporary folder, with its dispatcher running.
pub struct Host {
    pub app: App,
    pub kb: Kb,
    dispatcher: JoinHandle<()>,
    shutdown: CancellationToken,
    _folder: TempDir,
}

impl Host {
    pub async fn start(source: &Source) -> Outcome<Self> {
        Self::start_on(&source.connections()).await
    }

    /// With that text as its `connections.json`.
    pub async fn start_on(connections: &str) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("connections.json"), connections)?;
        let config = Config {
            data_dir: folder.path().to_owned(),
            ..Config::default()
        };
        let app = App::open(config).await?;
        let kb = kbs::create(&app.extractor.store, &app.org, "bench", None)
            .await?
            .ok_or("a new store has a knowledge base")?;
        let shutdown = CancellationToken::new();
        let dispatcher = tokio::spawn(app.dispatcher(None).run(shutdown.clone()));
        Ok(Self {
            app,
            kb,
            dispatcher,
            shutdown,
            _folder: folder,
        })
    }

    pub async fn end(self) -> Outcome<()> {
        self.shutdown.cancel();
        Ok(self.dispatcher.await?)
    }

    /// Copies a table into a new one; how long that took. The new table is removed again.
    pub async fn copy(&self, table: TableSource, rows: u64) -> Outcome<Duration> {
        let dest_table = format!("copy-{}", JobId::generate());
        let started = Instant::now();
        let job = self.job(table, &dest_table, Pacing::default());
        let id = jobs::enqueue(&self.app.extractor.store, job).await?;
        let job = self.finished(&id).await?;
        let took = started.elapsed();
        if job.state != JobState::Completed {
            let failure = job.failure.map(|failure| failure.to_string());
            return Err(
                format!("the job did not complete: {}", failure.unwrap_or_default()).into(),
            );
        }
        let landed = self
            .app
            .extractor
            .lake
            .table(&self.kb.uid, &dest_table)
            .await?;
        let landed = landed.map(|summary| summary.rows);
        if landed != Some(rows) || job.progress.rows != rows {
            return Err(format!("{landed:?} rows landed, not {rows}").into());
        }
        // Else a run fills the disk, and the last rounds are slower than the first.
        self.app.extractor.lake.remove(&self.kb.uid).await?;
        Ok(took)
    }

    /// Copies a table again and again until then, each time into a new one; how many rows landed.
    pub async fn extract_until(&self, until: Instant, table: &str, pacing: Pacing) -> Outcome<u64> {
        let store = &self.app.extractor.store;
        let mut rows = 0;
        while Instant::now() < until {
            let dest_table = format!("copy-{}", JobId::generate());
            let id =
                jobs::enqueue(store, self.job(table_source(table), &dest_table, pacing)).await?;
            let Ok(ended) = tokio::time::timeout_at(until, self.finished(&id)).await else {
                jobs::stop(store, &self.app.org, &self.app.connector, &id).await?;
                rows += self.finished(&id).await?.progress.rows;
                break;
            };
            let job = ended?;
            if let Some(failure) = job.failure {
                return Err(failure.into());
            }
            rows += job.progress.rows;
            self.app.extractor.lake.remove(&self.kb.uid).await?;
        }
        Ok(rows)
    }

    fn job(&self, source: TableSource, dest_table: &str, pacing: Pacing) -> NewJob {
        NewJob {
            org: self.app.org.clone(),
            connector: self.app.connector.clone(),
            kb: self.kb.id,
            kb_uid: self.kb.uid.clone(),
            spec: JobSpec {
                source,
                dest_table: dest_table.to_owned(),
                mode: Mode::Create,
                batch_rows: DEFAULT_BATCH_ROWS,
                cursor: None,
                pacing,
                placement: Placement::Hosted,
                key_columns: vec![],
                continued: false,
            },
        }
    }

    async fn finished(&self, id: &JobId) -> Outcome<Job> {
        let store = &self.app.extractor.store;
        let mut changes = store.watch_jobs();
        loop {
            let job = jobs::get(store, &self.app.org, &self.app.connector, id)
                .await?
                .ok_or("the job is gone from the store")?;
            if job.state.is_final() {
                return Ok(job);
            }
            changes.changed().await?;
        }
    }
}

pub fn table_source(table: &str) -> TableSource {
    TableSource {
        kind: "postgres".into(),
        connection_ref: CONNECTION.into(),
        schema: None,
        table: table.to_owned(),
        query: None,
        cursor_column: KEY.into(),
        columns: Vec::new(),
    }
}

/// How long jobs of 100 rows take, one after another.
pub async fn small_jobs(source: &Source) -> Outcome<Vec<Duration>> {
    let host = Host::start(source).await?;
    let hundred = source.rows.min(100);
    host.copy(table_source(HUNDRED), hundred).await?;
    let mut times = Vec::new();
    for _ in 0..SMALL_JOBS {
        times.push(host.copy(table_source(HUNDRED), hundred).await?);
    }
    host.end().await?;
    Ok(times)
}
