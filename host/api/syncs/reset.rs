//! POST reset: a sync begins anew.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::extraction::last_commit::last_commit_ends;
use super::super::fields::{ActionBody, Field, Fields};
use super::super::problem::Problem;
use super::super::report::Report;
use super::get::{SyncPath, find};
use crate::model::sync::{FirstRun, SyncOrder};
use crate::store::syncs::{self, Hold};

/// Body of a reset.
#[derive(ToSchema)]
pub struct ResetRequest {
    /// True: the dest table is removed now, and the next run creates it. Absent or false: it stays as it is until the
    /// next run has read everything, and swaps it.
    #[schema(value_type = Option<bool>)]
    drop_dest: bool,
}

/// Forgets the cursor: the next run reads everything again. A run is stopped. The body may be left out.
#[utoipa::path(
    post, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}/reset", tag = "syncs",
    request_body = Option<ResetRequest>,
    responses(
        (status = 204, description = "reset"),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
        (status = 422, description = "`dest_adopted`"),
    )
)]
pub async fn reset_sync(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
    ActionBody(body): ActionBody,
) -> Result<StatusCode, Problem> {
    let request = ResetRequest::parse(&body)?;
    let sync = find(&api, &at, &path.sync_id).await?;
    if !request.drop_dest && sync.first_run == FirstRun::Append && sync.set_cursor.is_none() {
        let detail = "the dest table had rows before this sync adopted it, and a swap would take them away; set the cursor \
            to go on elsewhere, or give drop_dest: true to begin with an empty table";
        return Err(Problem::refused("dest_adopted", detail));
    }
    syncs::hold(&api.store, &sync.id).await?;
    last_commit_ends(&api, &sync.stream).await?;
    if request.drop_dest {
        // Right whether the table is still there or not, should we not come to the end of this.
        let stream =
            syncs::new_stream(&api.store, &sync.id, FirstRun::Replace, Hold::Stays).await?;
        api.lake.drop_table(&sync.kb_uid, &sync.dest_table).await?;
        syncs::release(&api.store, &sync.id, &stream, FirstRun::Create).await?;
    } else {
        // Read again: what was stopped may have landed something.
        let sync = find(&api, &at, &path.sync_id).await?;
        let first_run = over_what_landed(&api, &sync).await?;
        syncs::new_stream(&api.store, &sync.id, first_run, Hold::Ends).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Rows of this sync that are in the table must not land again beside themselves. The store may not know of them yet.
async fn over_what_landed(api: &Api, sync: &SyncOrder) -> Result<FirstRun, Problem> {
    let landed = api
        .lake
        .last_checkpoint(&sync.kb_uid, &sync.dest_table, &sync.stream);
    if sync.has_cursor || sync.set_cursor.is_some() || landed.await?.is_some() {
        Ok(FirstRun::Replace)
    } else {
        Ok(sync.first_run)
    }
}

impl ResetRequest {
    fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let drop_dest = Fields::of(body, &report)
            .and_then(|fields| fields.optional("drop_dest", Field::boolean));
        let request = drop_dest.map(|drop_dest| Self {
            drop_dest: drop_dest.unwrap_or(false),
        });
        report.finish(request)
    }
}
