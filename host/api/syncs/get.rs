//! GET one sync with its statistics and newest runs, and GET its runs.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::page::Page;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::{RunView, SyncStats, SyncView};
use crate::model::ids::{JobId, SyncId};
use crate::model::sync::SyncOrder;
use crate::store::jobs::{self, JobFilter};
use crate::store::syncs;

const RECENT_RUNS: u32 = 20;

/// The sync of a path.
#[derive(Deserialize)]
pub struct SyncPath {
    pub sync_id: SyncId,
}

/// One sync.
#[derive(Serialize, ToSchema)]
pub struct SyncAndRuns {
    sync: SyncView,
    stats: SyncStats,
    /// The newest 20, newest first.
    recent_runs: Vec<RunView>,
}

/// Runs of a sync, newest first.
#[derive(Serialize, ToSchema)]
pub struct RunList {
    runs: Vec<RunView>,
    next_page_token: Option<String>,
}

/// One sync: its settings, where it stands, what it has done.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}", tag = "syncs",
    responses(
        (status = 200, body = SyncAndRuns),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
    )
)]
pub async fn get_sync(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
) -> Result<Json<SyncAndRuns>, Problem> {
    let sync = find(&api, &at, &path.sync_id).await?;
    let filter = runs_of(&sync.id);
    let runs = jobs::list(&api.store, &at.org, &filter, RECENT_RUNS).await?;
    let warnings = jobs::newest_warnings(&api.store, &sync.id).await?;
    let now = api.store.now();
    Ok(Json(SyncAndRuns {
        stats: sync.counts.into(),
        sync: SyncView::at(sync, &api.policy, now).with_warnings(warnings),
        recent_runs: runs.into_iter().map(|job| RunView::at(job, now)).collect(),
    }))
}

/// The runs of a sync that are kept: the newest 100.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}/runs", tag = "syncs",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("page_token" = Option<String>, Query, description = "`next_page_token` of the page before"),
    ),
    responses(
        (status = 200, body = RunList),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
    )
)]
pub async fn list_runs(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
    params: Params,
) -> Result<Json<RunList>, Problem> {
    let sync = find(&api, &at, &path.sync_id).await?;
    let report = Report::default();
    let page = Page::read(&params, &format!("runs of {}", sync.id), &report);
    let page = report.finish(Some(page))?;
    let filter = JobFilter {
        before: page.after.clone().map(JobId),
        ..runs_of(&sync.id)
    };
    let found = jobs::list(&api.store, &at.org, &filter, page.fetch()).await?;
    let now = api.store.now();
    let cut = page.cut(found, |job| job.id.to_string());
    let cut = cut.map(|job| RunView::at(job, now));
    Ok(Json(RunList {
        runs: cut.items,
        next_page_token: cut.next_page_token,
    }))
}

fn runs_of(sync: &SyncId) -> JobFilter {
    JobFilter {
        sync: Some(sync.clone()),
        ..JobFilter::default()
    }
}

pub async fn find(api: &Api, at: &InConnector, id: &SyncId) -> Result<SyncOrder, Problem> {
    let sync = syncs::get(&api.store, &at.org, &at.connector.id, id).await?;
    sync.ok_or_else(sync_not_found)
}

pub fn sync_not_found() -> Problem {
    Problem::not_found("sync_not_found", "this connector has no such sync")
}
