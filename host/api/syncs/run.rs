//! POST run: starts a run now, whatever the schedule says.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{InConnector, kb_not_found};
use super::super::connectors::must_be_online;
use super::super::problem::Problem;
use super::get::{SyncPath, find};
use crate::model::ids::{JobId, SyncId};
use crate::store::syncs::{self, Start};

/// How often the sync may change between our look at it and the start.
const TRIES: u32 = 3;

/// A run that was started.
#[derive(Serialize, ToSchema)]
pub struct RunStarted {
    sync_id: String,
    dispatched: bool,
    job_id: String,
}

/// Starts a run now; the next one is due an interval later. No body is needed.
#[utoipa::path(
    post, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}/run", tag = "syncs",
    responses(
        (status = 202, body = RunStarted),
        (status = 404, description = "`connector_not_found`, `sync_not_found`, `kb_not_found`"),
        (status = 422, description = "`sync_disabled`, `run_active`, `connector_offline`"),
    )
)]
pub async fn run_sync(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
) -> Result<(StatusCode, Json<RunStarted>), Problem> {
    let job_id = start(&api, &at, &path.sync_id).await?;
    let started = RunStarted {
        sync_id: path.sync_id.0,
        dispatched: true,
        job_id: job_id.0,
    };
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// # Errors
/// 404 without the sync, 422 if it is disabled or has a run.
pub async fn start(api: &Api, at: &InConnector, id: &SyncId) -> Result<JobId, Problem> {
    must_be_online(api, &at.connector.id)?;
    for _ in 0..TRIES {
        let sync = find(api, at, id).await?;
        if !sync.enabled {
            let detail = "this sync is disabled; enable it first";
            return Err(Problem::refused("sync_disabled", detail));
        }
        if sync.is_running() {
            break;
        }
        match syncs::start(&api.store, &sync, api.store.now()).await? {
            Start::Queued(job_id) => return Ok(job_id),
            Start::Failed => return Err(kb_not_found()),
            Start::Refused => {}
        }
    }
    let detail = "this sync has a run, or is being reset; wait for its end, or stop it";
    Err(Problem::refused("run_active", detail))
}
