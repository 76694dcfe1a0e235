//! POST stop: makes a job final. Its row says so first; who runs it finds out there.

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::extraction::last_commit::last_commit_ends;
use super::super::problem::Problem;
use super::get::{JobPath, job_not_found};
use crate::model::ids::JobId;
use crate::model::job::JobState;
use crate::store::jobs;

/// A job and the state that it has now.
#[derive(Serialize, ToSchema)]
pub struct JobStopped {
    job_id: String,
    /// `stopped`, or the final state that it had already.
    #[schema(value_type = String, example = "stopped")]
    state: JobState,
}

/// Stops a job; one that is over stays as it is. What has landed stays, except in mode `replace`. No body is needed.
#[utoipa::path(
    post, path = "/orgs/{org_id}/connectors/{connector_id}/jobs/{job_id}/stop", tag = "jobs",
    responses(
        (status = 200, body = JobStopped),
        (status = 404, description = "`connector_not_found`, `job_not_found`"),
    )
)]
pub async fn stop_job(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<JobPath>,
) -> Result<Json<JobStopped>, Problem> {
    let state = stop(&api, &at, &path.job_id).await?;
    Ok(Json(JobStopped {
        job_id: path.job_id.0,
        state,
    }))
}

/// The state that the job has then.
///
/// # Errors
/// 404 without the job.
pub async fn stop(api: &Api, at: &InConnector, id: &JobId) -> Result<JobState, Problem> {
    let job = jobs::get(&api.store, &at.org, &at.connector.id, id).await?;
    let was = job.ok_or_else(job_not_found)?;
    let state = jobs::stop(&api.store, &at.org, &at.connector.id, id).await?;
    if was.state == JobState::Running {
        last_commit_ends(api, &was.stream).await?;
    }
    state.ok_or_else(job_not_found)
}
