//! The body of POST syncs, and what it means for a model. Knows nothing of what exists.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::super::super::extraction::parts::dest_table;
use super::super::super::fields::{Field, Fields};
use super::super::super::problem::Problem;
use super::super::super::report::Report;
use super::super::super::syncs::request::name;
use super::words::{Before, Timing, timing};
use crate::model::ids::{KbId, ModelId, SourceNumber};
use crate::model::sync::SyncMode;

/// Body of a request for a sync.
#[derive(ToSchema)]
#[schema(as = V1SyncRequest)]
pub struct SyncBody {
    #[expect(dead_code, reason = "only its schema is used")]
    sync: SyncFields,
}

/// A standing order: a model of a source into a table of a knowledge base.
#[derive(ToSchema)]
#[schema(as = V1SyncFields)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct SyncFields {
    /// `id` of a source of GET connectors. Each number may be a decimal string, too.
    source_id: i64,
    /// `id` of a destination: a knowledge base.
    destination_id: i64,
    /// A model of that source.
    model_id: i64,
    /// `automated` or `interval`: every `sync_interval`, from start to start. `cron_expression`: at its times, in UTC.
    /// `manual`: only when somebody asks for a run.
    #[schema(example = "automated")]
    schedule_type: String,
    /// Kept and shown; means nothing here.
    configuration: Map<String, Value>,
    /// The dest table, which must not exist yet. 1 to 255 bytes, no control characters.
    #[schema(min_length = 1, max_length = 255)]
    stream_name: String,
    /// `full_refresh`: each run reads everything and swaps the table. `incremental`: each run reads what came behind
    /// `cursor_field`; with a `primary_key` in the model rows give way to new ones with the same key, without one they are
    /// appended.
    #[schema(example = "incremental")]
    sync_mode: String,
    /// How many units. May be left out, or be 0, with a schedule that is no interval; so may the unit.
    #[schema(minimum = 1)]
    sync_interval: i64,
    /// `minutes`, `hours`, `days` or `weeks`.
    #[schema(example = "minutes")]
    sync_interval_unit: String,
    /// Five fields; needed by that `schedule_type`.
    cron_expression: Option<String>,
    /// The monotonic column. Absent: the model's `primary_key`, if that is one column (of a full refresh, its first).
    cursor_field: Option<String>,
    name: Option<String>,
}

/// How a sync reads, in this form's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReadMode {
    FullRefresh,
    Incremental,
}

/// A request for a sync that was read.
#[derive(Debug, PartialEq)]
pub struct NumberedRequest {
    pub source: SourceNumber,
    pub destination: KbId,
    pub model: ModelId,
    pub timing: Timing,
    pub configuration: Map<String, Value>,
    pub stream_name: String,
    pub mode: ReadMode,
    pub cursor_field: Option<String>,
    pub name: Option<String>,
}

/// # Errors
/// A problem with every mistake of the body.
pub fn parse(body: &Value) -> Result<NumberedRequest, Problem> {
    let report = Report::default();
    let request = Fields::of(body, &report)
        .and_then(|fields| fields.required("sync"))
        .and_then(|sync| sync.fields())
        .and_then(|fields| read(&fields));
    report.finish(request)
}

fn read(fields: &Fields) -> Option<NumberedRequest> {
    let id = |name| fields.required(name).and_then(|field| field.id());
    let source = id("source_id");
    let destination = id("destination_id");
    let model = id("model_id");
    let timing = timing(fields, &Before::New);
    let configuration = fields.required("configuration");
    let configuration = configuration.and_then(|field| configuration_of(&field));
    let stream_name = fields
        .required("stream_name")
        .and_then(|field| dest_table(&field));
    let mode = fields
        .required("sync_mode")
        .and_then(|field| read_mode(&field));
    let cursor_field = fields.optional("cursor_field", Field::name);
    let name = fields.optional("name", name);
    Some(NumberedRequest {
        source: SourceNumber(source?),
        destination: KbId(destination?),
        model: ModelId(model?),
        timing: timing?,
        configuration: configuration?,
        stream_name: stream_name?,
        mode: mode?,
        cursor_field: cursor_field?,
        name: name?,
    })
}

pub fn configuration_of(field: &Field) -> Option<Map<String, Value>> {
    field.fields()?;
    field.value().as_object().cloned()
}

pub fn read_mode(field: &Field) -> Option<ReadMode> {
    match field.string()? {
        "full_refresh" => Some(ReadMode::FullRefresh),
        "incremental" => Some(ReadMode::Incremental),
        _ => field.wrong_as("invalid_mode", "is neither full_refresh nor incremental"),
    }
}

impl ReadMode {
    pub fn of(mode: SyncMode) -> Self {
        match mode {
            SyncMode::Replace => Self::FullRefresh,
            SyncMode::Append | SyncMode::Upsert => Self::Incremental,
        }
    }

    /// What the runs do with the dest table, for a model with this key.
    pub fn sync_mode(self, key: &[String]) -> SyncMode {
        match self {
            Self::FullRefresh => SyncMode::Replace,
            Self::Incremental if key.is_empty() => SyncMode::Append,
            Self::Incremental => SyncMode::Upsert,
        }
    }
}

impl NumberedRequest {
    /// The column that puts the rows in order. A run that reads everything needs only some order; behind the last value of
    /// the first column of a longer key there may still be rows with that value.
    ///
    /// # Errors
    /// 400 if neither the request nor the model's key says it.
    pub fn cursor_column(&self, key: &[String]) -> Result<String, Problem> {
        let of_key = match (self.mode, key) {
            (_, [only]) => Some(only),
            (ReadMode::FullRefresh, [first, ..]) => Some(first),
            _ => None,
        };
        let report = Report::default();
        let column = self.cursor_field.as_ref().or(of_key);
        if column.is_none() {
            let detail = "is required, for the model has no primary_key of one column: give the column that grows with every new \
                          or changed row, such as updated_at or an id";
            report.add(
                super::super::super::report::INVALID_REQUEST,
                "/sync/cursor_field",
                detail,
            );
        }
        report.finish(column.cloned())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(changes: Value) -> Value {
        let mut sync = json!({
            "source_id": 1, "destination_id": "2", "model_id": 3, "schedule_type": "automated", "configuration": {"a": 1},
            "stream_name": "orders", "sync_mode": "incremental", "sync_interval": 45, "sync_interval_unit": "minutes",
        });
        for (name, value) in changes.as_object().expect("an object") {
            sync[name] = value.clone();
        }
        json!({ "sync": sync })
    }

    fn parsed(changes: Value) -> NumberedRequest {
        parse(&with(changes)).expect("a good body")
    }

    #[test]
    fn every_mistake_has_its_place() {
        for (changes, code, pointer) in [
            (
                json!({"source_id": null}),
                "invalid_request",
                "/sync/source_id",
            ),
            (
                json!({"destination_id": "x"}),
                "invalid_request",
                "/sync/destination_id",
            ),
            (
                json!({"model_id": 1.5}),
                "invalid_request",
                "/sync/model_id",
            ),
            (
                json!({"configuration": null}),
                "invalid_request",
                "/sync/configuration",
            ),
            (
                json!({"configuration": []}),
                "invalid_request",
                "/sync/configuration",
            ),
            (
                json!({"stream_name": ""}),
                "invalid_request",
                "/sync/stream_name",
            ),
            (
                json!({"stream_name": null}),
                "invalid_request",
                "/sync/stream_name",
            ),
            (
                json!({"sync_mode": null}),
                "invalid_request",
                "/sync/sync_mode",
            ),
            (
                json!({"sync_mode": "mirror"}),
                "invalid_mode",
                "/sync/sync_mode",
            ),
            (
                json!({"schedule_type": null}),
                "invalid_request",
                "/sync/schedule_type",
            ),
            (
                json!({"sync_interval": 0}),
                "invalid_interval",
                "/sync/sync_interval",
            ),
            (
                json!({"cursor_field": 1}),
                "invalid_request",
                "/sync/cursor_field",
            ),
            (json!({"name": " "}), "invalid_request", "/sync/name"),
        ] {
            let problem = parse(&with(changes.clone())).expect_err("a bad body");
            let found = (problem.code(), &*problem.errors()[0].pointer);
            assert_eq!(found, (code, pointer), "{changes}");
        }
        assert_eq!(
            parse(&json!({})).expect_err("none").errors()[0].pointer,
            "/sync"
        );
        assert_eq!(
            parse(&json!({"sync": 1})).expect_err("none").errors()[0].pointer,
            "/sync"
        );
    }

    #[test]
    fn an_incremental_sync_merges_where_there_is_a_key() {
        let key = ["id".to_owned()];
        for (mode, key, becomes) in [
            (ReadMode::Incremental, &key[..], SyncMode::Upsert),
            (ReadMode::Incremental, &[], SyncMode::Append),
            (ReadMode::FullRefresh, &key, SyncMode::Replace),
            (ReadMode::FullRefresh, &[], SyncMode::Replace),
        ] {
            assert_eq!(mode.sync_mode(key), becomes);
            assert_eq!(ReadMode::of(becomes), mode);
        }
    }

    #[test]
    fn the_cursor_is_what_is_given_or_a_key_that_can_be_one() {
        let one = ["id".to_owned()];
        let two = ["a".to_owned(), "b".to_owned()];
        let given = parsed(json!({"cursor_field": "at"}));
        let incremental = parsed(json!({}));
        let full = parsed(json!({"sync_mode": "full_refresh"}));
        for (request, key, column) in [
            (&given, &two[..], Some("at")),
            (&incremental, &one, Some("id")),
            (&incremental, &two, None),
            (&incremental, &[], None),
            (&full, &two, Some("a")),
            (&full, &[], None),
        ] {
            let found = request.cursor_column(key);
            assert_eq!(found.as_deref().ok(), column, "{request:?} {key:?}");
            if let Err(problem) = found {
                assert_eq!(problem.errors()[0].pointer, "/sync/cursor_field");
            }
        }
    }
}
