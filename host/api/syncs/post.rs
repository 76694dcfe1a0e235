//! POST syncs: takes an order whose runs can run. The scheduler starts the first one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InConnector;
use super::super::fields::Body;
use super::super::problem::Problem;
use super::make::make;
use super::request::SyncRequest;

/// A sync that was made.
#[derive(Serialize, ToSchema)]
pub struct SyncCreated {
    sync_id: String,
}

/// Makes a sync: its first run creates the dest table, later ones append what came since.
#[utoipa::path(
    post, path = "/orgs/{org_id}/connectors/{connector_id}/syncs", tag = "syncs", request_body = SyncRequest,
    responses(
        (status = 201, body = SyncCreated),
        (status = 400, description = "`invalid_request`, `invalid_interval`, `invalid_mode`, `invalid_placement`, \
            `invalid_cursor`, `key_columns_required`"),
        (status = 404, description = "`connector_not_found`, `kb_not_found`"),
        (status = 422, description = "`connector_offline`, `source_unsupported`, `placement_unsupported`, \
            `connection_not_found`, `dest_table_exists`"),
    )
)]
pub async fn post_sync(
    at: InConnector,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<(StatusCode, Json<SyncCreated>), Problem> {
    let request = SyncRequest::parse(&body)?;
    let sync_id = make(&api, &at, request, None).await?.0;
    Ok((StatusCode::CREATED, Json(SyncCreated { sync_id })))
}
