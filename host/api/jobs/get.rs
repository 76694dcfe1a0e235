//! GET one job, at once or when its state changes.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use chrono::Utc;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::Api;
use super::super::auth::InConnector;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::JobView;
use crate::model::ids::JobId;
use crate::model::job::Job;
use crate::store::jobs;

const MAX_WAIT_MS: i64 = 30_000;
/// Changes by other processes wake nobody here.
const POLL: Duration = Duration::from_secs(1);

/// The job of a path.
#[derive(Deserialize)]
pub struct JobPath {
    pub job_id: JobId,
}

/// One job. `wait_ms` holds the answer until the state changes; a final one is answered at once.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/jobs/{job_id}", tag = "jobs",
    params(("wait_ms" = Option<u32>, Query, maximum = 30000)),
    responses(
        (status = 200, body = JobView),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`, `job_not_found`"),
    )
)]
pub async fn get_job(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<JobPath>,
    params: Params,
) -> Result<Json<JobView>, Problem> {
    let report = Report::default();
    let wait_ms = params.integer("wait_ms", 0..=MAX_WAIT_MS, &report);
    let wait = report.finish(Some(wait_ms.unwrap_or(0)))?;
    let wait = Duration::from_millis(wait.unsigned_abs());
    let job = when_changed(&api, &at, &path.job_id, wait).await?;
    Ok(Json(JobView::at(job, Utc::now())))
}

/// The job as soon as its state is another than now, or as it is when the time is over or the host stops.
async fn when_changed(
    api: &Api,
    at: &InConnector,
    id: &JobId,
    wait: Duration,
) -> Result<Job, Problem> {
    let until = Instant::now() + wait;
    // Before the first look, so that no change falls between the two.
    let mut changes = api.store.watch_jobs();
    let first = find(api, at, id).await?;
    let mut job = first.clone();
    while job.state == first.state && !job.state.is_final() {
        tokio::select! {
            _changed_or_polled = timeout(POLL, changes.changed()) => {}
            () = sleep_until(until) => break,
            () = api.shutdown.cancelled() => break,
        }
        job = find(api, at, id).await?;
    }
    Ok(job)
}

async fn find(api: &Api, at: &InConnector, id: &JobId) -> Result<Job, Problem> {
    let job = jobs::get(&api.store, &at.org, &at.connector.id, id).await?;
    job.ok_or_else(job_not_found)
}

pub fn job_not_found() -> Problem {
    Problem::not_found("job_not_found", "this connector has no such job")
}
