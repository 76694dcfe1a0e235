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
use crate::store::syncs;

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
    syncs::hold(&api.store, &sync.id).await?;
    last_commit_ends(&api, &sync.stream).await?;
    if request.drop_dest {
        api.lake.drop_table(&sync.kb_uid, &sync.dest_table).await?;
    }
    // Read again: what was stopped may have landed something.
    let sync = find(&api, &at, &path.sync_id).await?;
    let first_run = match request.drop_dest {
        true => FirstRun::Create,
        false => over_what_landed(&sync),
    };
    syncs::new_stream(&api.store, &sync.id, first_run).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Rows of this sync that are in the table must not land again beside themselves.
fn over_what_landed(sync: &SyncOrder) -> FirstRun {
    if sync.has_cursor || sync.set_cursor.is_some() {
        FirstRun::Replace
    } else {
        sync.first_run
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
