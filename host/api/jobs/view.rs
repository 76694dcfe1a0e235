//! A job as clients see it. The raw cursor is not part of it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::extraction::view::{PacingView, SourceView};
use crate::model::failure::{Failure, FailureKind};
use crate::model::job::{Job, JobState, Mode};
use crate::model::pacing::{Pacing, Waited};

/// One execution and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobView {
    id: String,
    connector_id: String,
    kb_uid: String,
    dest_table: String,
    #[schema(value_type = String, example = "create")]
    mode: Mode,
    /// `queued`, `running`, `completed`, `failed` or `stopped`; the last three are final.
    #[schema(value_type = String, example = "running")]
    state: JobState,
    /// Rows landed.
    rows_emitted: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
    /// The sync that it is a run of.
    sync_id: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<DateTime<Utc>>,
    /// Since the start; grows while it runs.
    duration_ms: Option<i64>,
    rows_per_sec: Option<f64>,
    /// Why it failed, or why it is tried again.
    message: Option<String>,
    /// `extract`
    kind: &'static str,
    source: SourceView,
    pacing: Option<PacingView>,
    batch_rows: u32,
    batches: u64,
    /// Bytes of Parquet written.
    bytes: u64,
    /// Time spent waiting for pacing.
    throttled_ms: u64,
    waited: WaitedView,
    /// Starts at 1.
    attempt: u32,
    warnings: Vec<String>,
    error: Option<ErrorView>,
}

/// What the job has waited for; it holds nothing open on the source meanwhile.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaitedView {
    /// For `pacing.batch_delay_ms`.
    batch_delay_ms: u64,
    /// For `pacing.max_rows_per_sec`, beyond the delay.
    max_rows_per_sec_ms: u64,
    /// For transactions in flight on the source.
    source_ms: u64,
}

impl From<Waited> for WaitedView {
    fn from(waited: Waited) -> Self {
        Self {
            batch_delay_ms: waited.batch_delay_ms,
            max_rows_per_sec_ms: waited.max_rows_per_sec_ms,
            source_ms: waited.source_ms,
        }
    }
}

/// Why a job failed, and who can mend it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErrorView {
    /// SQLSTATE, the server's error number, or a word.
    code: String,
    detail: String,
    /// `config`, `source`, `plugin`, `host`, `stopped` or `lease_lost`.
    #[schema(value_type = String, example = "config")]
    failure: FailureKind,
}

impl JobView {
    /// How it looks at a time: a running job's duration grows.
    pub fn at(job: Job, now: DateTime<Utc>) -> Self {
        let duration_ms = duration_ms(&job, now);
        let spec = job.spec;
        Self {
            id: job.id.0,
            connector_id: job.connector.0,
            kb_uid: job.kb_uid.0,
            dest_table: spec.dest_table,
            mode: spec.mode,
            state: job.state,
            rows_emitted: job.progress.rows,
            created_at: job.created_at,
            updated_at: job.updated_at,
            sync_id: job.sync.map(|sync| sync.0),
            started_at: job.started_at,
            finished_at: job.finished_at,
            duration_ms,
            rows_per_sec: duration_ms.and_then(|ms| rows_per_sec(job.progress.rows, ms)),
            message: job.failure.as_ref().map(|failure| failure.detail.clone()),
            kind: "extract",
            source: spec.source.into(),
            pacing: (spec.pacing != Pacing::default()).then(|| spec.pacing.into()),
            batch_rows: spec.batch_rows,
            batches: job.progress.batches,
            bytes: job.progress.bytes,
            throttled_ms: job.progress.waited.throttled_ms(),
            waited: job.progress.waited.into(),
            attempt: job.attempt,
            warnings: job.warnings,
            error: job.failure.map(ErrorView::from),
        }
    }
}

/// From the first start to the end or now; none while it waits in the queue.
pub fn duration_ms(job: &Job, now: DateTime<Utc>) -> Option<i64> {
    let started = job.started_at?;
    let end = match job.state {
        JobState::Queued => return None,
        JobState::Running => now,
        JobState::Completed | JobState::Failed | JobState::Stopped => job.finished_at?,
    };
    // A clock that was set back must not make it negative.
    Some((end - started).num_milliseconds().max(0))
}

/// None for a moment that is too short to say.
pub fn rows_per_sec(rows: u64, duration_ms: i64) -> Option<f64> {
    (duration_ms > 0).then(|| rows as f64 * 1_000.0 / duration_ms as f64)
}

impl From<Failure> for ErrorView {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            detail: failure.detail,
            failure: failure.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::model::ids::{ConnectorId, JobId, KbId, KbUid, OrgId, StreamId};
    use crate::model::job::{JobSpec, Placement, Progress};
    use crate::model::source::Source;

    fn job(state: JobState, started: Option<i64>, finished: Option<i64>) -> Job {
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        Job {
            id: JobId("j".into()),
            org: OrgId("o".into()),
            connector: ConnectorId("c".into()),
            kb: KbId(1),
            kb_uid: KbUid("u".into()),
            stream: StreamId("j".into()),
            sync: None,
            spec: JobSpec {
                source: Source {
                    kind: "postgres".into(),
                    connection_ref: "erp".into(),
                    schema: None,
                    table: "t".into(),
                    query: None,
                    cursor_column: "id".into(),
                    columns: vec![],
                },
                dest_table: "t".into(),
                mode: Mode::Append,
                batch_rows: 5_000,
                cursor: None,
                pacing: Pacing::default(),
                placement: Placement::Hosted,
                key_columns: vec![],
                continued: false,
            },
            state,
            attempt: 1,
            failures: 0,
            progress: Progress {
                rows: 300,
                ..Progress::default()
            },
            failure: None,
            warnings: vec![],
            created_at: at(0),
            updated_at: at(0),
            started_at: started.map(at),
            finished_at: finished.map(at),
        }
    }

    #[test]
    fn duration_grows_while_it_runs_and_stays_at_the_end() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(13);
        for (job, duration, speed) in [
            (job(JobState::Queued, None, None), None, None),
            (job(JobState::Queued, Some(10), None), None, None),
            (
                job(JobState::Running, Some(10), None),
                Some(3_000),
                Some(100.0),
            ),
            (job(JobState::Running, Some(14), None), Some(0), None),
            (
                job(JobState::Completed, Some(10), Some(11)),
                Some(1_000),
                Some(300.0),
            ),
            (job(JobState::Stopped, None, Some(11)), None, None),
        ] {
            let view = JobView::at(job, now);
            assert_eq!((view.duration_ms, view.rows_per_sec), (duration, speed));
        }
    }

    #[test]
    fn words_and_times_are_those_of_the_contract() {
        let mut failed = job(JobState::Failed, Some(1), Some(2));
        failed.failure = Some(Failure::new(FailureKind::Config, "42P01", "no such table"));
        let view = json!(JobView::at(failed, DateTime::UNIX_EPOCH));
        assert_eq!(view["state"], "failed");
        assert_eq!(view["mode"], "append");
        assert_eq!(view["kind"], "extract");
        assert_eq!(view["started_at"], "1970-01-01T00:00:01Z");
        assert_eq!(view["message"], "no such table");
        assert_eq!(
            view["error"],
            json!({"code": "42P01", "detail": "no such table", "failure": "config"})
        );
        assert_eq!(view["pacing"], json!(null));
        assert_eq!(view["source"]["columns"], json!(null));
    }
}
