//! POST syncs: looks up what the numbers mean and makes an ordinary sync.

use axum::Json;
use axum::extract::State;

use super::super::super::Api;
use super::super::super::auth::{AtHome, kb_not_found};
use super::super::super::fields::Body;
use super::super::super::problem::Problem;
use super::super::super::report::FieldError;
use super::super::super::syncs::make::make;
use super::super::super::syncs::request::SyncRequest;
use super::super::connectors::{kind_of, source};
use super::super::models::route::find as find_model;
use super::get::of_id;
use super::request::{NumberedRequest, SyncBody, parse};
use super::view::SyncResource;
use crate::model::job::{DEFAULT_BATCH_ROWS, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::model::sync::SyncMode;
use crate::model::sync_form::{Selection, SyncForm};
use crate::store::kbs;
use crate::store::models::Model;

/// Makes a sync, the same as under `/orgs`: both show all of them.
#[utoipa::path(
    post, path = "/api/v1/syncs", tag = "v1", request_body = SyncBody,
    responses(
        (status = 200, body = SyncResource),
        (status = 400, description = "`invalid_request`, `invalid_interval`, `invalid_mode`"),
        (status = 404, description = "`connector_not_found`, `kb_not_found`, `model_not_found`"),
        (status = 422, description = "`model_mismatch`, `source_unsupported`, `connection_not_found`, `dest_table_exists`"),
    )
)]
pub async fn create_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<SyncResource>, Problem> {
    let request = parse(&body)?;
    let connection_ref = source(&api, &at, request.source).await?.connection_ref;
    let kb = kbs::get(&api.store, &at.org, request.destination).await?;
    kb.ok_or_else(kb_not_found)?;
    let model = find_model(&api, &at, request.model).await?;
    if model.is.source != request.source {
        return Err(model_mismatch(&request, &model));
    }
    let cursor_column = request.cursor_column(&model.is.primary_key)?;
    let kind = kind_of(&api, &connection_ref)?;
    let source = what_is_read(&model, kind, connection_ref, cursor_column);
    let (order, form) = into_order(request, model, source);
    let id = make(&api, &at, order, Some(form)).await?;
    SyncResource::of(&api, of_id(&api, &at, &id).await?)
        .await
        .map(Json)
}

fn model_mismatch(request: &NumberedRequest, model: &Model) -> Problem {
    let (read, asked) = (model.is.source.0, request.source.0);
    let detail = format!("the model is of source {read}, not of source {asked}");
    let errors = vec![FieldError {
        pointer: "/sync/model_id".to_owned(),
        detail: detail.clone(),
    }];
    Problem::refused("model_mismatch", detail).with_errors(errors)
}

fn what_is_read(
    model: &Model,
    kind: String,
    connection_ref: String,
    cursor_column: String,
) -> Source {
    let (schema, table, query) = match model.is.selection.clone() {
        Selection::Table { schema, table } => (schema, table, None),
        Selection::Query(query) => (None, model.is.name.clone(), Some(query)),
    };
    Source {
        kind,
        connection_ref,
        schema,
        table,
        query,
        cursor_column,
        columns: Vec::new(),
    }
}

fn into_order(request: NumberedRequest, model: Model, source: Source) -> (SyncRequest, SyncForm) {
    let mode = request.mode.sync_mode(&model.is.primary_key);
    let order = SyncRequest {
        kb_id: request.destination,
        dest_table: request.stream_name,
        source,
        interval_secs: request.timing.words.interval_secs(),
        name: request.name,
        mode,
        pacing: Pacing::default(),
        batch_rows: DEFAULT_BATCH_ROWS,
        placement: Placement::Hosted,
        key_columns: match mode {
            SyncMode::Upsert => model.is.primary_key,
            SyncMode::Append | SyncMode::Replace => Vec::new(),
        },
        enabled: true,
        schedule: request.timing.schedule,
        existing_dest: None,
        start_cursor: None,
        initial_cursor: None,
    };
    let form = SyncForm {
        model: Some(model.id),
        words: request.timing.words,
        configuration: request.configuration,
    };
    (order, form)
}
