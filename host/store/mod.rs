//! The host's own rows: orgs, keys, connectors, knowledge bases, models, jobs, syncs, checkpoints. One statement per function.
//! Every write of a job's holder carries the epoch of its lease in the `where`; nothing here decides anything.
//!
//! What a write returns is fetched with `fetch_all`, also when it is one row: SQLite commits a single statement at its end,
//! and one that is left after its first row hides that the commit failed, e.g. on a full disk.

pub mod checkpoints;
pub mod connectors;
pub mod jobs;
pub mod kbs;
pub mod models;
pub mod orgs;
pub mod retention;
pub mod sources;
pub mod syncs;
pub mod tokens;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection, Row};
use tokio::sync::watch;

use crate::clock::Clock;

/// How long a writer waits for another process on the same store before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections for what is only looked at.
const READERS: u32 = 3;

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
    #[error("another sync writes this dest table")]
    DestTaken,
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
    /// One connection, for whatever writes and for what a run reads on its way: none of these waits for another by asking
    /// again and again, and what it has read once stays in its memory, for nobody else writes.
    writer: SqlitePool,
    /// For what is looked at.
    readers: SqlitePool,
    /// Grows with every change of a job by this process, to wake those who wait for one.
    job_changes: Arc<watch::Sender<u64>>,
    /// The same for what makes another run of a sync due, or not due.
    sync_changes: Arc<watch::Sender<u64>>,
    clock: Clock,
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
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                // A connection is a thread of ours and a file: asking whether it is still there costs as much as a statement.
                .test_before_acquire(false)
                // A commit that fails on a full disk ends its transaction, and the library does not know: it would refuse
                // every other one on this connection.
                .before_acquire(|connection, _| {
                    let is_free = !connection.is_in_transaction();
                    Box::pin(async move { Ok(is_free) })
                })
        };
        let writer = pool(1).connect_with(options.clone());
        let writer = writer.await.map_err(StoreError::Open)?;
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "on"));
        Self::migrated(writer, readers, Clock::Real).await
    }

    /// A store that ends with its last clone, in a time that the test moves.
    #[cfg(test)]
    pub async fn in_memory(clock: Clock) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(true);
        // Each connection would have a store of its own.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(StoreError::Open)?;
        Self::migrated(pool.clone(), pool, clock).await
    }

    async fn migrated(
        writer: SqlitePool,
        readers: SqlitePool,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        sqlx::migrate!("host/migrations")
            .run(&writer)
            .await
            .map_err(StoreError::Migrate)?;
        Ok(Self {
            writer,
            readers,
            job_changes: Arc::new(watch::Sender::new(0)),
            sync_changes: Arc::new(watch::Sender::new(0)),
            clock,
        })
    }

    /// What time it is for everything that the store writes and compares.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Wakes at every change of a job that this process makes. Other processes are seen by polling only.
    pub fn watch_jobs(&self) -> watch::Receiver<u64> {
        self.job_changes.subscribe()
    }

    fn jobs_changed(&self) {
        self.job_changes.send_modify(|version| *version += 1);
    }

    /// Wakes when a sync is made or changed and when one of its runs ends, if this process did it.
    pub fn watch_syncs(&self) -> watch::Receiver<u64> {
        self.sync_changes.subscribe()
    }

    fn syncs_changed(&self) {
        self.sync_changes.send_modify(|version| *version += 1);
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.readers).await?;
        Ok(())
    }
}

fn to_micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

/// A column that holds JSON of ours.
fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let text: String = row.try_get(column)?;
    parse(&text, column)
}

/// The same where the column may be null.
fn optional_json<T: serde::de::DeserializeOwned>(
    row: &SqliteRow,
    column: &str,
) -> Result<Option<T>, sqlx::Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| parse(&text, column)).transpose()
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, column: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|source| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    })
}

fn time(row: &SqliteRow, column: &str) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let micros: Option<i64> = row.try_get(column)?;
    Ok(micros.map(from_micros))
}

fn count(row: &SqliteRow, column: &str) -> Result<u64, sqlx::Error> {
    row.try_get::<i64, _>(column).map(|count| count as u64)
}

fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_whose_transaction_was_ended_by_the_disk_is_not_used_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("sluice.db")).await.unwrap();
        let mut transaction = store.writer.begin_with("begin immediate").await.unwrap();
        // As SQLite does by itself when it cannot write.
        sqlx::query("rollback")
            .execute(&mut *transaction)
            .await
            .unwrap();
        transaction.commit().await.unwrap_err();
        for _ in 0..10 {
            let transaction = store.writer.begin_with("begin immediate").await.unwrap();
            transaction.commit().await.unwrap();
        }
    }
}
