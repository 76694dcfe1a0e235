//! A sync and its runs in the words of this form.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::super::Api;
use super::super::super::jobs::view::duration_ms;
use super::super::super::problem::Problem;
use super::request::ReadMode;
use crate::model::ids::SyncNumber;
use crate::model::job::{Job, JobState};
use crate::model::sync::SyncOrder;
use crate::model::sync_form::{IntervalUnit, ScheduleType, ScheduleWords};
use crate::store::sources;
use crate::store::syncs::NumberedSync;

/// A standing order: a model of a source into a table of a knowledge base.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncResource {
    id: i64,
    #[schema(example = "syncs")]
    r#type: &'static str,
    attributes: SyncAttributes,
}

/// One sync.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncDocument {
    pub data: SyncResource,
}

/// What a sync is and where it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncAttributes {
    source_id: i64,
    destination_id: i64,
    /// Null: the sync was made under `/orgs`.
    model_id: Option<i64>,
    #[schema(value_type = String, example = "automated")]
    schedule_type: ScheduleType,
    configuration: Map<String, Value>,
    stream_name: String,
    sync_mode: ReadMode,
    sync_interval: Option<i64>,
    /// Besides the units of a request `seconds`, of syncs that were made under `/orgs`.
    #[schema(value_type = Option<String>, example = "minutes")]
    sync_interval_unit: Option<IntervalUnit>,
    cron_expression: Option<String>,
    cursor_field: String,
    status: SyncStatus,
    name: Option<String>,
    /// Its id under `/orgs`.
    sync_id: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
}

/// How a sync is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncStatus {
    Disabled,
    /// No run has ended yet.
    Pending,
    Healthy,
    /// The newest run that ended failed.
    Failed,
}

impl SyncStatus {
    fn of(sync: &SyncOrder) -> Self {
        if !sync.enabled {
            Self::Disabled
        } else if sync.consecutive_failures > 0 {
            Self::Failed
        } else if sync.last_success_at.is_some() {
            Self::Healthy
        } else {
            Self::Pending
        }
    }
}

impl SyncResource {
    pub async fn of(api: &Api, sync: NumberedSync) -> Result<Self, Problem> {
        let NumberedSync {
            number,
            form,
            order,
        } = sync;
        let connection_ref = &order.spec.source.connection_ref;
        let source = sources::of_name(&api.store, &order.connector, connection_ref).await?;
        let said = form.as_ref().map(|form| &form.words);
        let words = ScheduleWords::of(&order.schedule, order.interval_secs, said);
        Ok(Self {
            id: number.0,
            r#type: "syncs",
            attributes: SyncAttributes {
                source_id: source.id.0,
                destination_id: order.kb.0,
                model_id: form.as_ref().and_then(|form| Some(form.model?.0)),
                schedule_type: words.schedule_type,
                configuration: form.map(|form| form.configuration).unwrap_or_default(),
                status: SyncStatus::of(&order),
                stream_name: order.dest_table,
                sync_mode: ReadMode::of(order.spec.mode),
                sync_interval: words.every.map(|every| every.count),
                sync_interval_unit: words.every.map(|every| every.unit),
                cron_expression: words.cron_expression,
                cursor_field: order.spec.source.cursor_column,
                name: order.name,
                sync_id: order.id.0,
                created_at: order.created_at,
                updated_at: order.updated_at,
            },
        })
    }
}

/// One run of a sync.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncRunResource {
    /// The id of its job.
    id: String,
    #[schema(example = "sync_runs")]
    r#type: &'static str,
    attributes: SyncRunAttributes,
}

/// What a run did.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncRunAttributes {
    sync_id: i64,
    status: SyncRunStatus,
    /// Rows landed.
    total_rows: u64,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<DateTime<Utc>>,
    /// Milliseconds since the start; grows while it runs.
    duration: Option<i64>,
    /// Why it failed, or why it is tried again.
    error: Option<String>,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SyncRunStatus {
    Queued,
    InProgress,
    Success,
    Failed,
    Canceled,
}

impl From<JobState> for SyncRunStatus {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Queued => Self::Queued,
            JobState::Running => Self::InProgress,
            JobState::Completed => Self::Success,
            JobState::Failed => Self::Failed,
            JobState::Stopped => Self::Canceled,
        }
    }
}

impl SyncRunResource {
    pub fn of(sync: SyncNumber, job: Job, now: DateTime<Utc>) -> Self {
        let duration = duration_ms(&job, now);
        Self {
            id: job.id.0,
            r#type: "sync_runs",
            attributes: SyncRunAttributes {
                sync_id: sync.0,
                status: job.state.into(),
                total_rows: job.progress.rows,
                created_at: job.created_at,
                started_at: job.started_at,
                finished_at: job.finished_at,
                duration,
                error: job.failure.map(|failure| failure.detail),
            },
        }
    }
}
