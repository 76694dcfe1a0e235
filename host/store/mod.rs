//! The host's own rows: orgs, keys, connectors, knowledge bases, jobs, checkpoints. One statement per function.
//! Every write of a job's holder carries the epoch of its lease in the `where`; nothing here decides anything.
//!
//! What a write returns is fetched with `fetch_all`, also when it is one row: SQLite commits a single statement at its end,
//! and one that is left after its first row hides that the commit failed, e.g. on a full disk.

pub mod checkpoints;
pub mod connectors;
pub mod jobs;
pub mod kbs;
pub mod orgs;
pub mod tokens;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::watch;

/// How long a writer waits for another process on the same store before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Trouble with the store. Always the host's or the machine's: a full disk, a broken file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "the store could not be opened: is the data folder writable, and not from a newer version?"
    )]
    Open(#[source] sqlx::Error),
    #[error("the store could not be migrated: it was written by a newer version of this program")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    #[error("the store did not answer: the disk may be full or the file damaged")]
    Query(#[from] sqlx::Error),
    #[error("the store holds a row that this version cannot read")]
    Corrupt(#[from] serde_json::Error),
    /// The lease was lost, or the job is final: whatever the caller wanted to write, it may not.
    #[error("this job has another holder, or is over")]
    LeaseLost,
    /// The commit of this number was made by another holder of the same job, late.
    #[error("another holder of this job made this commit")]
    SeqTaken,
    #[error("this knowledge base does not exist any more")]
    KbNotFound,
}

impl StoreError {
    /// Whether a name that must be one of a kind is taken.
    pub fn is_taken(&self) -> bool {
        let Self::Query(sqlx::Error::Database(error)) = self else {
            return false;
        };
        error.is_unique_violation()
    }
}

/// The state of this host. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: SqlitePool,
    /// Grows with every change of a job by this process, to wake those who wait for one.
    job_changes: Arc<watch::Sender<u64>>,
}

impl Store {
    /// Opens or creates the store, and brings its schema up to date.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A commit that was answered must survive a power cut: the cursor may not fall behind its rows.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await
            .map_err(StoreError::Open)?;
        sqlx::migrate!("host/migrations")
            .run(&pool)
            .await
            .map_err(StoreError::Migrate)?;
        Ok(Self {
            pool,
            job_changes: Arc::new(watch::Sender::new(0)),
        })
    }

    /// Wakes at every change of a job that this process makes. Other processes are seen by polling only.
    pub fn watch_jobs(&self) -> watch::Receiver<u64> {
        self.job_changes.subscribe()
    }

    fn jobs_changed(&self) {
        self.job_changes.send_modify(|version| *version += 1);
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }
}

fn to_micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Now, with the precision that the store keeps.
pub(crate) fn now() -> DateTime<Utc> {
    from_micros(Utc::now().timestamp_micros())
}
