//! POST syncs: takes an order whose runs can run. The scheduler starts the first one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{InConnector, kb_not_found};
use super::super::extraction::ability::can_run;
use super::super::extraction::cursor_fit::cursor_fits;
use super::super::fields::Body;
use super::super::problem::Problem;
use super::request::{ExistingDest, SyncRequest};
use crate::model::source::Source;
use crate::model::sync::{FirstRun, SyncSpec};
use crate::plugin::Plugin;
use crate::store::kbs::{self, Kb};
use crate::store::syncs::{self, NewSync};

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
    let kb = kbs::get(&api.store, &at.org, request.kb_id).await?;
    let kb = kb.ok_or_else(kb_not_found)?;
    let plugin = can_run(&api, &at.connector.id, &request.source, request.placement)?;
    let first_run = first_run(&api, &kb, &request).await?;
    let start = request.start();
    if let Some((cursor, pointer)) = &start {
        cursor_fits(&api, &plugin, &request.source, cursor, pointer).await?;
    }
    let new = NewSync {
        org: at.org,
        connector: at.connector.id,
        kb: kb.id,
        kb_uid: kb.uid,
        name: request.name,
        dest_table: request.dest_table,
        spec: SyncSpec {
            source: resolved(request.source, &plugin),
            mode: request.mode,
            placement: request.placement,
            key_columns: request.key_columns,
            start: start.map(|(cursor, _)| cursor),
        },
        pacing: request.pacing,
        batch_rows: request.batch_rows,
        schedule: request.schedule,
        interval_secs: request.interval_secs,
        first_run,
        enabled: request.enabled,
    };
    let sync_id = syncs::create(&api.store, new).await?.0;
    Ok((StatusCode::CREATED, Json(SyncCreated { sync_id })))
}

/// What the first run does with the dest table, as it is now.
async fn first_run(api: &Api, kb: &Kb, request: &SyncRequest) -> Result<FirstRun, Problem> {
    let name = &request.dest_table;
    let exists = api.lake.table(&kb.uid, name).await?.is_some();
    match (exists, request.existing_dest) {
        // A table that is not there yet may be by the first run.
        (_, Some(ExistingDest::Replace)) => Ok(FirstRun::Replace),
        (true, Some(ExistingDest::Adopt)) => Ok(FirstRun::Append),
        (false, _) => Ok(FirstRun::Create),
        (true, None) => Err(Problem::refused(
            "dest_table_exists",
            format!(
                "the table \"{name}\" exists already; say in existing_dest whether to adopt or to replace it, or use another name"
            ),
        )),
    }
}

/// The default schema of today is the sync's for good.
fn resolved(source: Source, plugin: &Plugin) -> Source {
    let default = &plugin.description().default_schema;
    let default = (!default.is_empty()).then(|| default.clone());
    Source {
        schema: source.schema.or(default),
        ..source
    }
}
