//! PATCH and DELETE of a sync.

use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::extraction::last_commit::last_commit_ends;
use super::super::fields::Body;
use super::super::problem::Problem;
use super::super::report::Report;
use super::get::{SyncPath, find, sync_not_found};
use super::request::{ChangeFields, change};
use super::schedule::INVALID_INTERVAL;
use crate::model::ids::SyncId;
use crate::model::sync::{Schedule, SyncOrder};
use crate::store::syncs::{self, SyncChange};

/// Changes settings of a sync.
#[utoipa::path(
    patch, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}", tag = "syncs", request_body = ChangeFields,
    responses(
        (status = 204, description = "changed"),
        (status = 400, description = "`invalid_request`, `invalid_interval`"),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
    )
)]
pub async fn patch_sync(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
    Body(body): Body,
) -> Result<StatusCode, Problem> {
    let change = change(&body)?;
    let sync = find(&api, &at, &path.sync_id).await?;
    has_an_interval(&sync, &change)?;
    let (org, connector) = (&at.org, &at.connector.id);
    match syncs::change(&api.store, org, connector, &sync.id, &change).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(sync_not_found()),
    }
}

/// One that was made with another schedule may never have had one.
fn has_an_interval(sync: &SyncOrder, change: &SyncChange) -> Result<(), Problem> {
    let schedule = change.schedule.as_ref().unwrap_or(&sync.schedule);
    let secs = change.interval_secs.unwrap_or(sync.interval_secs);
    if *schedule != Schedule::Interval || secs > 0 {
        return Ok(());
    }
    let report = Report::default();
    let detail = "is required: this sync has had no interval so far";
    report.add(INVALID_INTERVAL, "/interval_secs", detail);
    report.finish(None)
}

/// Removes a sync. Its run is stopped; its table stays.
#[utoipa::path(
    delete, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}", tag = "syncs",
    responses(
        (status = 204, description = "removed"),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
    )
)]
pub async fn delete_sync(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
) -> Result<StatusCode, Problem> {
    remove(&api, &at, &path.sync_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// # Errors
/// 404 without the sync.
pub async fn remove(api: &Api, at: &InConnector, id: &SyncId) -> Result<(), Problem> {
    let stream = syncs::delete(&api.store, &at.org, &at.connector.id, id).await?;
    last_commit_ends(api, &stream.ok_or_else(sync_not_found)?).await
}
