//! One execution: what was asked for, and where it stands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use super::failure::Failure;
use super::ids::{ConnectorId, JobId, KbId, KbUid, OrgId, StreamId, SyncId};
use super::pacing::{Pacing, Waited};
use super::source::Source;

/// Where a job stands. The last three are final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum JobState {
    Queued,
    Running,
    Completed,
    Failed,
    Stopped,
}

impl JobState {
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Stopped)
    }
}

/// What happens to the dest table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum Mode {
    /// The table must not exist; rows appear as they are committed.
    Create,
    /// The table must exist.
    Append,
    /// Readers see the old table until one swap at the end.
    Replace,
    /// Rows give way to new ones with the same key. Makes the table if there is none.
    Upsert,
}

/// Where the knowledge base is written. Both are this host today: `hosted` by the service, `local` beside the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum Placement {
    Hosted,
    Local,
}

/// What was asked for; never changes after the job is enqueued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobSpec {
    pub source: Source,
    pub dest_table: String,
    pub mode: Mode,
    /// Target rows per batch, at least 1.
    pub batch_rows: u32,
    pub cursor: Option<Cursor>,
    pub pacing: Pacing,
    pub placement: Placement,
    /// Ordered key of the dest table. Read even if `source.columns` does not name it.
    #[serde(default)]
    pub key_columns: Vec<String>,
    /// Another run goes on from this one's last cursor: it reads only what no transaction in flight can add to.
    #[serde(default)]
    pub continued: bool,
}

impl JobSpec {
    /// What is read: the key always is, so that rows can be told apart where they land.
    pub fn source_with_key(&self) -> Source {
        let mut source = self.source.clone();
        if !source.columns.is_empty() {
            for column in &self.key_columns {
                if !source.columns.contains(column) {
                    source.columns.push(column.clone());
                }
            }
        }
        source
    }
}

/// Rows per batch when a request says 0 or nothing.
pub const DEFAULT_BATCH_ROWS: u32 = 5_000;

/// A job and where it stands.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub org: OrgId,
    pub connector: ConnectorId,
    pub kb: KbId,
    pub kb_uid: KbUid,
    pub stream: StreamId,
    /// The sync whose run it is.
    pub sync: Option<SyncId>,
    pub spec: JobSpec,
    pub state: JobState,
    /// Starts at 1; grows with every retry.
    pub attempt: u32,
    /// Failed attempts in a row since rows last landed.
    pub failures: u32,
    pub progress: Progress,
    pub failure: Option<Failure>,
    pub warnings: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
}

/// Sums over the whole job. Rows, batches and bytes count what was committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Rows landed.
    pub rows: u64,
    pub batches: u64,
    /// Bytes of Parquet written.
    pub bytes: u64,
    #[serde(default)]
    pub waited: Waited,
}
