//! A sync and its runs as clients see them. The raw cursor is not part of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::extraction::view::PacingView;
use super::super::jobs::view::{duration_ms, rows_per_sec};
use super::schedule::ScheduleView;
use crate::model::due::SchedulePolicy;
use crate::model::job::{Job, JobState};
use crate::model::pacing::Pacing;
use crate::model::sync::{SyncCounts, SyncMode, SyncOrder};

/// A standing order: one source table into one dest table.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncView {
    id: String,
    connector_id: String,
    source_kind: String,
    connection_ref: String,
    /// Empty if the source has no schemas.
    source_schema: String,
    source_table: String,
    cursor_column: String,
    kb_uid: String,
    dest_table: String,
    /// 0 for a schedule that is no interval, unless one was given.
    #[schema(value_type = i32)]
    interval_secs: u32,
    enabled: bool,
    /// Whether a checkpoint was committed.
    has_cursor: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
    name: Option<String>,
    /// Start of the newest run.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_run_at: Option<DateTime<Utc>>,
    /// State of the newest run.
    #[schema(value_type = Option<String>, example = "completed")]
    last_state: Option<JobState>,
    /// End of the newest run that completed.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_success_at: Option<DateTime<Utc>>,
    /// Null: never.
    seconds_since_success: Option<i64>,
    /// Past while a run takes longer than the interval. Null: disabled, or started by hand only.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_run_at: Option<DateTime<Utc>>,
    /// Enabled and scheduled, but for three intervals no run has completed and none is at work.
    stalled: bool,
    consecutive_failures: u32,
    disabled_reason: Option<String>,
    key_columns: Vec<String>,
    pacing: Option<PacingView>,
    batch_rows: u32,
    /// `append`, `upsert` or `replace`.
    #[schema(value_type = String, example = "append")]
    mode: SyncMode,
    schedule: ScheduleView,
    /// Of the newest run that had any. Only where one sync is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<String>>,
}

impl SyncView {
    pub fn at(sync: SyncOrder, policy: &SchedulePolicy, now: DateTime<Utc>) -> Self {
        let due_at = policy.due_at(&sync);
        Self {
            next_run_at: due_at.filter(|_| sync.enabled),
            stalled: policy.is_stalled(&sync, now),
            id: sync.id.0,
            connector_id: sync.connector.0,
            source_kind: sync.spec.source.kind,
            connection_ref: sync.spec.source.connection_ref,
            source_schema: sync.spec.source.schema.unwrap_or_default(),
            source_table: sync.spec.source.table,
            cursor_column: sync.spec.source.cursor_column,
            kb_uid: sync.kb_uid.0,
            dest_table: sync.dest_table,
            interval_secs: sync.interval_secs,
            enabled: sync.enabled,
            has_cursor: sync.has_cursor,
            created_at: sync.created_at,
            updated_at: sync.updated_at,
            name: sync.name,
            last_run_at: sync.newest_run.map(|run| run.started_at),
            last_state: sync.newest_run.map(|run| run.state),
            last_success_at: sync.last_success_at,
            // A clock that was set back must not make it negative.
            seconds_since_success: sync
                .last_success_at
                .map(|last| (now - last).num_seconds().max(0)),
            consecutive_failures: sync.consecutive_failures,
            disabled_reason: sync.disabled_reason,
            key_columns: sync.spec.key_columns,
            pacing: (sync.pacing != Pacing::default()).then(|| sync.pacing.into()),
            batch_rows: sync.batch_rows,
            mode: sync.spec.mode,
            schedule: sync.schedule.into(),
            warnings: None,
        }
    }

    pub fn with_warnings(self, warnings: Vec<String>) -> Self {
        Self {
            warnings: Some(warnings),
            ..self
        }
    }
}

/// Counters that do not shrink when old runs are forgotten.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncStats {
    runs_total: u64,
    runs_completed: u64,
    runs_failed: u64,
    /// Rows landed.
    rows_total: u64,
}

impl From<SyncCounts> for SyncStats {
    fn from(counts: SyncCounts) -> Self {
        Self {
            runs_total: counts.runs_total,
            runs_completed: counts.runs_completed,
            runs_failed: counts.runs_failed,
            rows_total: counts.rows_total,
        }
    }
}

/// One run of a sync; as a job it has more to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunView {
    job_id: String,
    #[schema(value_type = String, example = "completed")]
    state: JobState,
    /// Rows landed.
    rows_emitted: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<DateTime<Utc>>,
    /// Since the start; grows while it runs.
    duration_ms: Option<i64>,
    rows_per_sec: Option<f64>,
    /// Why it failed, or why it is tried again.
    message: Option<String>,
}

impl RunView {
    pub fn at(job: Job, now: DateTime<Utc>) -> Self {
        let duration_ms = duration_ms(&job, now);
        Self {
            job_id: job.id.0,
            state: job.state,
            rows_emitted: job.progress.rows,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            duration_ms,
            rows_per_sec: duration_ms.and_then(|ms| rows_per_sec(job.progress.rows, ms)),
            message: job.failure.map(|failure| failure.detail),
        }
    }
}
