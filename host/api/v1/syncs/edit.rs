//! PUT and DELETE of a sync, and its switch.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::super::Api;
use super::super::super::auth::{AtHome, InConnector};
use super::super::super::extraction::parts::dest_table;
use super::super::super::fields::{Body, Field, Fields};
use super::super::super::problem::Problem;
use super::super::super::report::{FieldError, Report};
use super::super::super::syncs::edit::remove;
use super::super::super::syncs::get::sync_not_found;
use super::super::super::syncs::request::name;
use super::get::{find, numbered};
use super::request::{ReadMode, configuration_of, read_mode};
use super::view::{SyncDocument, SyncResource};
use super::words::{Before, Timing, timing};
use crate::model::ids::SourceNumber;
use crate::model::sync_form::{ScheduleWords, SyncForm};
use crate::store::sources;
use crate::store::syncs::{self, NumberedSync, SyncChange};

/// Body of a change of a sync; what is absent stays. Only its schema is this.
#[derive(ToSchema)]
#[schema(as = V1SyncChange)]
pub struct ChangeBody {
    #[expect(dead_code, reason = "only its schema is used")]
    sync: ChangeFields,
}

/// Fields of a sync. Of the others only those may be there that say what is so already.
#[derive(ToSchema)]
#[schema(as = V1ChangeFields)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ChangeFields {
    schedule_type: Option<String>,
    sync_interval: Option<i64>,
    sync_interval_unit: Option<String>,
    cron_expression: Option<String>,
    configuration: Option<Map<String, Value>>,
    name: Option<String>,
}

/// Body of the switch.
#[derive(ToSchema)]
pub struct EnableRequest {
    /// False keeps the cursor and lets the active run finish. True begins without failures.
    #[expect(dead_code, reason = "only its schema is used")]
    enable: bool,
}

/// What a request says of a sync that cannot be changed, and a change of the rest.
struct Change {
    fixed: Fixed,
    timing: Timing,
    configuration: Option<Map<String, Value>>,
    name: Option<String>,
}

/// What was ordered for good.
#[derive(Default)]
struct Fixed {
    source: Option<i64>,
    destination: Option<i64>,
    model: Option<i64>,
    stream_name: Option<String>,
    mode: Option<ReadMode>,
    cursor_field: Option<String>,
}

/// Changes schedule, configuration or name of a sync.
#[utoipa::path(
    put, path = "/api/v1/syncs/{id}", tag = "v1", request_body = ChangeBody,
    responses(
        (status = 200, body = SyncDocument),
        (status = 400, description = "`invalid_request`, `invalid_interval`, `invalid_mode`"),
        (status = 404, description = "`sync_not_found`"),
        (status = 422, description = "`immutable_field`"),
    )
)]
pub async fn put_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<SyncDocument>, Problem> {
    let sync = find(&api, &at, &id).await?;
    let now = timing_of(&sync);
    let asked = parse(&body, &now)?;
    let connection_ref = &sync.order.spec.source.connection_ref;
    let source = sources::of_name(&api.store, &at.connector.id, connection_ref).await?;
    asked.fixed.agrees_with(&sync, source.id)?;
    let secs = asked.timing.words.interval_secs();
    // A schedule counts anew when it is changed, not when it is said again.
    let change = SyncChange {
        name: asked.name,
        interval_secs: (secs != sync.order.interval_secs).then_some(secs),
        schedule: (asked.timing.schedule != now.schedule).then_some(asked.timing.schedule),
        ..SyncChange::default()
    };
    apply(&api, &at, &sync, &change).await?;
    let had = sync.form.as_ref();
    let form = SyncForm {
        model: had.and_then(|form| form.model),
        words: asked.timing.words,
        configuration: asked
            .configuration
            .or_else(|| had.map(|form| form.configuration.clone()))
            .unwrap_or_default(),
    };
    syncs::set_form(&api.store, &sync.order.id, &form).await?;
    shown(&api, &at, &sync).await
}

/// Enables or disables a sync.
#[utoipa::path(
    patch, path = "/api/v1/syncs/{id}/enable", tag = "v1", request_body = EnableRequest,
    responses(
        (status = 200, body = SyncDocument),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`sync_not_found`"),
    )
)]
pub async fn enable_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
    Body(body): Body,
) -> Result<Json<SyncDocument>, Problem> {
    let report = Report::default();
    let enable = Fields::of(&body, &report)
        .and_then(|fields| fields.required("enable"))
        .and_then(|field| field.boolean());
    let enabled = Some(report.finish(enable)?);
    let sync = find(&api, &at, &id).await?;
    let change = SyncChange {
        enabled,
        ..SyncChange::default()
    };
    apply(&api, &at, &sync, &change).await?;
    shown(&api, &at, &sync).await
}

/// Removes a sync. Its run is stopped; its table stays.
#[utoipa::path(
    delete, path = "/api/v1/syncs/{id}", tag = "v1",
    responses((status = 204, description = "removed"), (status = 404, description = "`sync_not_found`"))
)]
pub async fn delete_sync(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let sync = find(&api, &at, &id).await?;
    remove(&api, &at, &sync.order.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn apply(
    api: &Api,
    at: &InConnector,
    sync: &NumberedSync,
    change: &SyncChange,
) -> Result<(), Problem> {
    let (org, connector) = (&at.org, &at.connector.id);
    match syncs::change(&api.store, org, connector, &sync.order.id, change).await? {
        true => Ok(()),
        false => Err(sync_not_found()),
    }
}

async fn shown(
    api: &Api,
    at: &InConnector,
    sync: &NumberedSync,
) -> Result<Json<SyncDocument>, Problem> {
    let sync = numbered(api, at, sync.number).await?;
    let data = SyncResource::of(api, sync).await?;
    Ok(Json(SyncDocument { data }))
}

fn timing_of(sync: &NumberedSync) -> Timing {
    let said = sync.form.as_ref().map(|form| &form.words);
    Timing {
        words: ScheduleWords::of(&sync.order.schedule, sync.order.interval_secs, said),
        schedule: sync.order.schedule.clone(),
    }
}

fn parse(body: &Value, now: &Timing) -> Result<Change, Problem> {
    let report = Report::default();
    let change = Fields::of(body, &report)
        .and_then(|fields| fields.required("sync"))
        .and_then(|sync| sync.fields())
        .and_then(|fields| {
            let fixed = Fixed::read(&fields);
            let timing = timing(&fields, &Before::Is(now));
            let configuration = fields.optional("configuration", configuration_of);
            let name = fields.optional("name", name);
            Some(Change {
                fixed: fixed?,
                timing: timing?,
                configuration: configuration?,
                name: name?,
            })
        });
    report.finish(change)
}

impl Fixed {
    fn read(fields: &Fields) -> Option<Self> {
        let source = fields.optional("source_id", Field::id);
        let destination = fields.optional("destination_id", Field::id);
        let model = fields.optional("model_id", Field::id);
        let stream_name = fields.optional("stream_name", dest_table);
        let mode = fields.optional("sync_mode", read_mode);
        let cursor_field = fields.optional("cursor_field", Field::name);
        Some(Self {
            source: source?,
            destination: destination?,
            model: model?,
            stream_name: stream_name?,
            mode: mode?,
            cursor_field: cursor_field?,
        })
    }

    fn agrees_with(&self, sync: &NumberedSync, source: SourceNumber) -> Result<(), Problem> {
        let model = sync.form.as_ref().and_then(|form| form.model);
        let order = &sync.order;
        let mode = ReadMode::of(order.spec.mode);
        let cursor_field = &order.spec.source.cursor_column;
        let differs = [
            ("source_id", self.source.is_some_and(|id| id != source.0)),
            (
                "destination_id",
                self.destination.is_some_and(|id| id != order.kb.0),
            ),
            (
                "model_id",
                self.model
                    .is_some_and(|id| Some(id) != model.map(|model| model.0)),
            ),
            (
                "stream_name",
                self.stream_name
                    .as_ref()
                    .is_some_and(|name| *name != order.dest_table),
            ),
            ("sync_mode", self.mode.is_some_and(|given| given != mode)),
            (
                "cursor_field",
                self.cursor_field
                    .as_ref()
                    .is_some_and(|name| name != cursor_field),
            ),
        ];
        let errors: Vec<_> = differs
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| FieldError {
                pointer: format!("/sync/{name}"),
                detail: "cannot be changed".to_owned(),
            })
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = errors
            .iter()
            .map(|error| &error.pointer["/sync/".len()..])
            .collect();
        let detail = format!(
            "a sync keeps its {} for good; make another sync",
            names.join(", ")
        );
        Err(Problem::refused("immutable_field", detail).with_errors(errors))
    }
}
