//! GET and PUT of a sync's cursor: where its next run goes on.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::extraction::cursor::{CursorFields, CursorView, INVALID_CURSOR, cursor};
use super::super::extraction::cursor_fit::cursor_fits;
use super::super::fields::{Body, Fields};
use super::super::problem::Problem;
use super::super::report::Report;
use super::get::{SyncPath, find};
use crate::model::cursor::Cursor;
use crate::model::sync::{FirstRun, SyncMode, SyncOrder};
use crate::store::{checkpoints, syncs};

/// Where the next run goes on.
#[derive(Serialize, ToSchema)]
pub struct SyncCursor {
    /// Null: with the first row.
    #[schema(value_type = Option<CursorFields>)]
    cursor: Option<CursorView>,
}

/// The position that the next run goes on behind.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}/cursor", tag = "syncs",
    responses(
        (status = 200, body = SyncCursor),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
    )
)]
pub async fn get_cursor(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
) -> Result<Json<SyncCursor>, Problem> {
    let sync = find(&api, &at, &path.sync_id).await?;
    let committed = checkpoints::last_committed(&api.store, &sync.stream).await?;
    let committed = committed.and_then(|checkpoint| checkpoint.cursor);
    // An inclusive start is no position to go on behind.
    let start = sync.start().filter(|start| start.landed.is_none());
    let cursor = committed.as_ref().or(start).and_then(CursorView::of);
    Ok(Json(SyncCursor { cursor }))
}

/// Sets the position that the next run goes on behind: the table is taken to have all rows up to it. Only while the sync
/// is disabled and has no run.
#[utoipa::path(
    put, path = "/orgs/{org_id}/connectors/{connector_id}/syncs/{sync_id}/cursor", tag = "syncs",
    request_body = SyncCursor,
    responses(
        (status = 204, description = "set"),
        (status = 400, description = "`invalid_request`, `invalid_cursor`"),
        (status = 404, description = "`connector_not_found`, `sync_not_found`"),
        (status = 409, description = "`sync_enabled`, `run_active`"),
    )
)]
pub async fn put_cursor(
    at: InConnector,
    State(api): State<Api>,
    Path(path): Path<SyncPath>,
    Body(body): Body,
) -> Result<StatusCode, Problem> {
    let cursor = parse(&body)?;
    let sync = find(&api, &at, &path.sync_id).await?;
    is_idle(&sync)?;
    if sync.spec.mode == SyncMode::Replace {
        let detail = "a sync of mode replace has no cursor: each run reads the whole table";
        return Err(Problem::bad_request(INVALID_CURSOR, detail));
    }
    if let Some(plugin) = api.plugins.get(&sync.spec.source.kind) {
        cursor_fits(&api, &plugin, &sync.spec.source, &cursor, "/cursor").await?;
    }
    let table = api.lake.table(&sync.kb_uid, &sync.dest_table).await?;
    let first_run = table.map_or(FirstRun::Create, |_| FirstRun::Append);
    if syncs::set_cursor(&api.store, &sync, &cursor, first_run).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    // Somebody was faster.
    is_idle(&find(&api, &at, &path.sync_id).await?)?;
    Err(conflict(
        "run_active",
        "this sync was just changed; try again",
    ))
}

fn is_idle(sync: &SyncOrder) -> Result<(), Problem> {
    if sync.enabled {
        let detail = "this sync is enabled; disable it first";
        return Err(conflict("sync_enabled", detail));
    }
    if sync.is_running() {
        let detail = "this sync has a run; wait for its end, or stop it";
        return Err(conflict("run_active", detail));
    }
    Ok(())
}

fn conflict(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

fn parse(body: &Value) -> Result<Cursor, Problem> {
    let report = Report::default();
    let read = Fields::of(body, &report)
        .and_then(|fields| fields.required("cursor"))
        .and_then(|field| cursor(&field));
    report.finish(read)
}
