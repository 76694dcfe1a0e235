//! Starts and cancels runs by hand.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::super::Api;
use super::super::super::auth::{AtHome, InConnector};
use super::super::super::fields::{Body, Fields};
use super::super::super::jobs::get::job_not_found;
use super::super::super::jobs::stop::stop;
use super::super::super::problem::Problem;
use super::super::super::report::Report;
use super::super::super::syncs::run::start;
use super::get::{find, numbered};
use super::view::SyncRunResource;
use crate::model::ids::{JobId, SyncNumber};
use crate::model::job::JobState;
use crate::store::jobs::{self, JobFilter};
use crate::store::syncs::NumberedSync;

/// Body of a request for a run.
#[derive(ToSchema)]
pub struct ScheduleSyncRequest {
    #[expect(dead_code, reason = "only its schema is used")]
    schedule_sync: ScheduleSyncFields,
}

/// Which sync is to run.
#[derive(ToSchema)]
pub struct ScheduleSyncFields {
    #[expect(dead_code, reason = "only its schema is used")]
    sync_id: i64,
}

/// What was done, and the run that it was done to.
#[derive(Serialize, ToSchema)]
pub struct SyncRunDocument {
    message: String,
    /// Null: there was no run to cancel.
    data: Option<SyncRunResource>,
}

/// Starts a run now, whatever the schedule says.
#[utoipa::path(
    post, path = "/api/v1/schedule_syncs", tag = "v1", request_body = ScheduleSyncRequest,
    responses(
        (status = 200, body = SyncRunDocument),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`sync_not_found`, `kb_not_found`"),
        (status = 422, description = "`sync_disabled`, `run_active`"),
    )
)]
pub async fn schedule_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<SyncRunDocument>, Problem> {
    let sync = numbered(&api, &at, parse(&body)?).await?;
    let job = start(&api, &at, &sync.order.id).await?;
    let data = run(&api, &at, &sync, &job).await?;
    Ok(Json(SyncRunDocument {
        message: "the run was started".to_owned(),
        data: Some(data),
    }))
}

/// Cancels the run of a sync. What has landed stays, except of a full refresh. Without a run nothing is done.
#[utoipa::path(
    delete, path = "/api/v1/schedule_syncs/{sync_id}", tag = "v1",
    responses((status = 200, body = SyncRunDocument), (status = 404, description = "`sync_not_found`"))
)]
pub async fn cancel_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(sync_id): Path<String>,
) -> Result<Json<SyncRunDocument>, Problem> {
    let sync = find(&api, &at, &sync_id).await?;
    let filter = JobFilter {
        sync: Some(sync.order.id.clone()),
        states: vec![JobState::Queued, JobState::Running],
        ..JobFilter::default()
    };
    let active = jobs::list(&api.store, &at.org, &filter, 1).await?.pop();
    let Some(job) = active else {
        return Ok(Json(SyncRunDocument {
            message: "this sync has no run".to_owned(),
            data: None,
        }));
    };
    stop(&api, &at, &job.id).await?;
    let data = run(&api, &at, &sync, &job.id).await?;
    Ok(Json(SyncRunDocument {
        message: "the run was canceled".to_owned(),
        data: Some(data),
    }))
}

async fn run(
    api: &Api,
    at: &InConnector,
    sync: &NumberedSync,
    id: &JobId,
) -> Result<SyncRunResource, Problem> {
    let job = jobs::get(&api.store, &at.org, &at.connector.id, id).await?;
    let job = job.ok_or_else(job_not_found)?;
    Ok(SyncRunResource::of(sync.number, job, api.store.now()))
}

fn parse(body: &Value) -> Result<SyncNumber, Problem> {
    let report = Report::default();
    let id = Fields::of(body, &report)
        .and_then(|fields| fields.required("schedule_sync"))
        .and_then(|field| field.fields())
        .and_then(|fields| fields.required("sync_id"))
        .and_then(|field| field.id());
    report.finish(id.map(SyncNumber))
}
