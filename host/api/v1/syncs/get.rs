//! GET syncs, whichever form made them, and their runs.

use axum::Json;
use axum::extract::{Path, State};

use super::super::super::Api;
use super::super::super::auth::{AtHome, InConnector};
use super::super::super::params::Params;
use super::super::super::problem::Problem;
use super::super::super::report::Report;
use super::super::super::syncs::get::sync_not_found;
use super::super::listing::{Listing, NumberedPage};
use super::view::{SyncDocument, SyncResource, SyncRunResource};
use crate::model::ids::{SyncId, SyncNumber};
use crate::store::jobs::{self, JobFilter};
use crate::store::syncs::{self, NumberedSync};

const PATH: &str = "/api/v1/syncs";
/// More than are kept of a sync, so that all are counted.
const ALL_RUNS: u32 = 1_000;

/// The syncs of this host, newest first.
#[utoipa::path(
    get, path = "/api/v1/syncs", tag = "v1",
    params(
        ("page" = Option<i64>, Query, minimum = 1),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100),
    ),
    responses((status = 200, body = Listing<SyncResource>), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_syncs(
    AtHome(at): AtHome,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Listing<SyncResource>>, Problem> {
    let report = Report::default();
    let page = NumberedPage::read(&params, &report);
    let page = report.finish(Some(page))?;
    let (org, connector) = (&at.org, &at.connector.id);
    let total = syncs::count_of(&api.store, org, connector).await?;
    let found = syncs::list_numbered(&api.store, org, connector, page.skip(), page.size());
    let mut data = Vec::new();
    for sync in found.await? {
        data.push(SyncResource::of(&api, sync).await?);
    }
    Ok(Json(page.of(PATH, data, total)))
}

/// One sync.
#[utoipa::path(
    get, path = "/api/v1/syncs/{id}", tag = "v1",
    responses((status = 200, body = SyncDocument), (status = 404, description = "`sync_not_found`"))
)]
pub async fn get_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<SyncDocument>, Problem> {
    let sync = find(&api, &at, &id).await?;
    let data = SyncResource::of(&api, sync).await?;
    Ok(Json(SyncDocument { data }))
}

/// The runs of a sync that are kept, newest first.
#[utoipa::path(
    get, path = "/api/v1/syncs/{id}/sync_runs", tag = "v1",
    params(
        ("page" = Option<i64>, Query, minimum = 1),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, body = Listing<SyncRunResource>),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`sync_not_found`"),
    )
)]
pub async fn list_runs(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Listing<SyncRunResource>>, Problem> {
    let report = Report::default();
    let page = NumberedPage::read(&params, &report);
    let page = report.finish(Some(page))?;
    let sync = find(&api, &at, &id).await?;
    let filter = JobFilter {
        sync: Some(sync.order.id),
        ..JobFilter::default()
    };
    let runs = jobs::list(&api.store, &at.org, &filter, ALL_RUNS).await?;
    let (total, now) = (runs.len() as i64, api.store.now());
    let runs = page.cut(runs).into_iter();
    let data = runs.map(|job| SyncRunResource::of(sync.number, job, now));
    let path = format!("{PATH}/{}/sync_runs", sync.number.0);
    Ok(Json(page.of(&path, data.collect(), total)))
}

/// The sync whose number is the text of a path.
pub async fn find(api: &Api, at: &InConnector, number: &str) -> Result<NumberedSync, Problem> {
    let number = number.parse().map_err(|_| sync_not_found())?;
    numbered(api, at, SyncNumber(number)).await
}

pub async fn numbered(
    api: &Api,
    at: &InConnector,
    number: SyncNumber,
) -> Result<NumberedSync, Problem> {
    let sync = syncs::by_number(&api.store, &at.org, &at.connector.id, number).await?;
    sync.ok_or_else(sync_not_found)
}

pub async fn of_id(api: &Api, at: &InConnector, id: &SyncId) -> Result<NumberedSync, Problem> {
    let number = syncs::number(&api.store, id).await?;
    numbered(api, at, number.ok_or_else(sync_not_found)?).await
}
