//! A sync: a standing order for one dest table, and where it stands. What one of its runs is asked for is made here.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::cron::CronSchedule;
use super::cursor::Cursor;
use super::ids::{ConnectorId, KbId, KbUid, OrgId, StreamId, SyncId};
use super::job::{JobSpec, JobState, Mode, Placement};
use super::pacing::Pacing;
use super::source::Source;

/// What the runs of a sync do with the dest table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// Each run adds what came behind the cursor of the one before.
    Append,
    /// Each run reads everything and swaps the table.
    Replace,
    /// As append, but rows give way to new ones with the same key.
    Upsert,
}

/// What the first run of a stream does with the dest table, where later ones append. One that merges can do both the
/// first and the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(rename_all = "snake_case")]
pub enum FirstRun {
    /// Makes it.
    Create,
    /// Appends to what is there.
    Append,
    /// Swaps it.
    Replace,
}

/// When runs are due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Schedule {
    /// Every [`SyncOrder::interval_secs`], from start to start.
    Interval,
    Cron(CronSchedule),
    /// Only when somebody asks for one.
    Manual,
}

/// What was ordered; never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncSpec {
    pub source: Source,
    pub mode: SyncMode,
    pub placement: Placement,
    pub key_columns: Vec<String>,
    /// Where the first run starts, also after a reset. None: with the first row.
    pub start: Option<Cursor>,
}

/// Counters that the retention of jobs does not shrink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncCounts {
    pub runs_total: u64,
    pub runs_completed: u64,
    pub runs_failed: u64,
    /// Rows landed.
    pub rows_total: u64,
}

/// The newest run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestRun {
    pub state: JobState,
    /// When it started; while it waits in the queue, when it was put there.
    pub started_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A sync and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncOrder {
    pub id: SyncId,
    pub org: OrgId,
    pub connector: ConnectorId,
    pub kb: KbId,
    pub kb_uid: KbUid,
    /// Changes at a reset, and when the cursor is set by hand.
    pub stream: StreamId,
    pub name: Option<String>,
    pub dest_table: String,
    pub spec: SyncSpec,
    pub pacing: Pacing,
    pub batch_rows: u32,
    pub schedule: Schedule,
    /// Seconds between starts of an [`Schedule::Interval`]; means nothing for the others.
    pub interval_secs: u32,
    pub first_run: FirstRun,
    /// Where the first run of this stream starts, if it was set by hand.
    pub set_cursor: Option<Cursor>,
    /// Whether a commit of this stream is known.
    pub has_cursor: bool,
    pub enabled: bool,
    pub disabled_reason: Option<String>,
    /// Since when the schedule counts: its creation, its last change, or when the sync was enabled.
    pub scheduled_from: DateTime<Utc>,
    /// When the last run was due, or when it was started if that was later.
    pub last_start: Option<DateTime<Utc>>,
    /// No run starts before: the dest table is being removed.
    pub held_until: Option<DateTime<Utc>>,
    pub consecutive_failures: u32,
    /// What the last failed run said.
    pub last_failure: Option<String>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub counts: SyncCounts,
    pub newest_run: Option<NewestRun>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Grows with every change of the row: who decides on what it read names it.
    pub revision: i64,
}

impl SyncOrder {
    pub fn is_running(&self) -> bool {
        self.newest_run.is_some_and(|run| !run.state.is_final())
    }

    /// Where the stream starts that has no commit yet.
    pub fn start(&self) -> Option<&Cursor> {
        self.set_cursor.as_ref().or(self.spec.start.as_ref())
    }

    /// What the next run is asked for.
    pub fn run(&self) -> JobSpec {
        let mode = self.run_mode();
        JobSpec {
            source: self.spec.source.clone(),
            dest_table: self.dest_table.clone(),
            mode,
            batch_rows: self.batch_rows,
            cursor: self.start().cloned(),
            pacing: self.pacing,
            placement: self.spec.placement,
            key_columns: self.spec.key_columns.clone(),
            continued: self.spec.mode != SyncMode::Replace,
        }
    }

    fn run_mode(&self) -> Mode {
        match (self.spec.mode, self.first_run) {
            (SyncMode::Replace, _) => Mode::Replace,
            (_, FirstRun::Replace) if !self.has_cursor => Mode::Replace,
            (SyncMode::Upsert, _) => Mode::Upsert,
            (SyncMode::Append, FirstRun::Create) if !self.has_cursor => Mode::Create,
            (SyncMode::Append, _) => Mode::Append,
        }
    }
}
