//! The bodies of POST and PATCH syncs: each field is read and checked on its own, so that every mistake has its place.
//! Knows nothing of what exists.

use serde_json::Value;
use utoipa::ToSchema;

use super::super::extraction::cursor::{CursorFields, INVALID_CURSOR, cursor};
use super::super::extraction::parts::{
    Key, batch_rows, dest_table, key_columns, pacing, placement, source,
};
use super::super::extraction::view::{PacingView, SourceView};
use super::super::fields::{Field, Fields};
use super::super::problem::Problem;
use super::super::report::Report;
use super::schedule::{ScheduleView, interval_secs, schedule};
use crate::model::cursor::Cursor;
use crate::model::ids::KbId;
use crate::model::job::{DEFAULT_BATCH_ROWS, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::model::sync::{Schedule, SyncMode};
use crate::store::syncs::SyncChange;

const MAX_NAME_CHARS: usize = 200;

/// Body of a request for a sync.
#[derive(Debug, PartialEq, ToSchema)]
pub struct SyncRequest {
    /// Target knowledge base; a decimal string is accepted, too.
    #[schema(value_type = i64)]
    pub kb_id: KbId,
    /// Must not exist yet, unless `existing_dest` says what to do with it. 1 to 255 bytes, no control characters.
    #[schema(min_length = 1, max_length = 255)]
    pub dest_table: String,
    #[schema(value_type = SourceView)]
    pub source: Source,
    /// Seconds between run starts; less than a tick of the scheduler means every tick. May be left out with a `schedule`
    /// that is no interval.
    #[schema(value_type = i64, minimum = 1)]
    pub interval_secs: u32,
    pub name: Option<String>,
    /// `append` (default; `create` says the same): the first run creates the table, later ones append. `upsert`: rows give
    /// way to new ones with the same key. `replace`: each run reads everything and swaps the table.
    #[schema(value_type = Option<String>, example = "append")]
    pub mode: SyncMode,
    #[schema(value_type = Option<PacingView>)]
    pub pacing: Pacing,
    /// Target rows per batch; 0 or absent: 5000.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1000000)]
    pub batch_rows: u32,
    #[schema(value_type = Option<String>, example = "hosted")]
    pub placement: Placement,
    /// Ordered key of the destination; needed by `upsert`, added to `columns` of the source.
    #[schema(value_type = Option<Vec<String>>)]
    pub key_columns: Vec<String>,
    /// Absent: true.
    #[schema(value_type = Option<bool>)]
    pub enabled: bool,
    /// Absent: an interval of `interval_secs`.
    #[schema(value_type = Option<ScheduleView>)]
    pub schedule: Schedule,
    /// `adopt`: append to a table that is there. `replace`: the first run swaps it.
    #[schema(value_type = Option<String>, example = "adopt")]
    pub existing_dest: Option<ExistingDest>,
    /// The first run starts with this value, rows with it included.
    #[schema(value_type = Option<CursorFields>)]
    pub start_cursor: Option<Cursor>,
    /// The first run starts behind this position.
    #[schema(value_type = Option<CursorFields>)]
    pub initial_cursor: Option<Cursor>,
}

/// What to do with a dest table that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingDest {
    Adopt,
    Replace,
}

impl SyncRequest {
    /// # Errors
    /// A problem with every mistake of the body.
    pub fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let request = Fields::of(body, &report).and_then(|fields| Self::read(&fields));
        report.finish(request)
    }

    /// Reads everything before it gives up at the first thing that is wrong.
    fn read(fields: &Fields) -> Option<Self> {
        let kb_id = fields.required("kb_id").and_then(|field| field.id());
        let dest_table = fields
            .required("dest_table")
            .and_then(|field| dest_table(&field));
        let source = fields.required("source").and_then(source);
        let schedule = fields.optional("schedule", schedule);
        let interval_secs = match schedule {
            None | Some(Some(Schedule::Cron(_) | Schedule::Manual)) => fields
                .optional("interval_secs", interval_secs)
                .map(Option::unwrap_or_default),
            _ => fields
                .required("interval_secs")
                .and_then(|field| interval_secs(&field)),
        };
        let name = fields.optional("name", name);
        let mode = fields.optional("mode", mode);
        let key = match mode {
            Some(Some(SyncMode::Upsert)) => Key::Needed,
            _ => Key::Optional,
        };
        let key_columns = key_columns(fields, key);
        let pacing = fields.optional("pacing", pacing);
        let batch_rows = fields.optional("batch_rows", batch_rows);
        let placement = fields.optional("placement", placement);
        let enabled = fields.optional("enabled", Field::boolean);
        let existing_dest = fields.optional("existing_dest", existing_dest);
        let reads_all = mode == Some(Some(SyncMode::Replace));
        let start_cursor = fields.optional("start_cursor", |field| first(field, reads_all));
        let initial_cursor = fields.optional("initial_cursor", |field| {
            if matches!(start_cursor, Some(Some(_))) {
                let detail = "cannot be used together with start_cursor";
                return field.wrong_as(INVALID_CURSOR, detail);
            }
            first(field, reads_all)
        });
        Some(Self {
            kb_id: KbId(kb_id?),
            dest_table: dest_table?,
            source: source?,
            interval_secs: interval_secs?,
            name: name?,
            mode: mode?.unwrap_or(SyncMode::Append),
            pacing: pacing?.unwrap_or_default(),
            batch_rows: batch_rows?.unwrap_or(DEFAULT_BATCH_ROWS),
            placement: placement?.unwrap_or(Placement::Hosted),
            key_columns: key_columns?,
            enabled: enabled?.unwrap_or(true),
            schedule: schedule?.unwrap_or(Schedule::Interval),
            existing_dest: existing_dest?,
            start_cursor: start_cursor?,
            initial_cursor: initial_cursor?,
        })
    }

    /// Where the first run starts, and the field that says so. `landed` makes it an inclusive bound: of the rows with that
    /// value none is there.
    pub fn start(&self) -> Option<(Cursor, &'static str)> {
        let inclusive = |cursor: &Cursor| Cursor {
            landed: Some(0),
            ..cursor.clone()
        };
        let start = self.start_cursor.as_ref().map(inclusive);
        start.map(|cursor| (cursor, "/start_cursor")).or_else(|| {
            let behind = self.initial_cursor.clone()?;
            Some((behind, "/initial_cursor"))
        })
    }
}

/// Body of a change of a sync; what is absent stays. Only its schema is this; it is read into a `SyncChange`.
#[derive(ToSchema)]
#[schema(as = SyncChange)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ChangeFields {
    /// False keeps the cursor and lets the active run finish. True begins without failures.
    enabled: Option<bool>,
    #[schema(minimum = 1)]
    interval_secs: Option<i64>,
    name: Option<String>,
    /// The whole of it: what it does not say is unthrottled. Takes effect in a running job, too.
    pacing: Option<PacingView>,
    #[schema(minimum = 0, maximum = 1000000)]
    batch_rows: Option<i32>,
    schedule: Option<ScheduleView>,
}

/// Reads the body of a PATCH.
///
/// # Errors
/// A problem with every mistake of the body.
pub fn change(body: &Value) -> Result<SyncChange, Problem> {
    let report = Report::default();
    let change = Fields::of(body, &report).and_then(|fields| {
        let enabled = fields.optional("enabled", Field::boolean);
        let interval_secs = fields.optional("interval_secs", interval_secs);
        let name = fields.optional("name", name);
        let pacing = fields.optional("pacing", pacing);
        let batch_rows = fields.optional("batch_rows", batch_rows);
        let schedule = fields.optional("schedule", schedule);
        Some(SyncChange {
            enabled: enabled?,
            interval_secs: interval_secs?,
            name: name?,
            pacing: pacing?,
            batch_rows: batch_rows?,
            schedule: schedule?,
        })
    });
    report.finish(change)
}

pub fn name(field: &Field) -> Option<String> {
    field.label(MAX_NAME_CHARS)
}

fn mode(field: &Field) -> Option<SyncMode> {
    match field.string()? {
        "append" | "create" => Some(SyncMode::Append),
        "replace" => Some(SyncMode::Replace),
        "upsert" => Some(SyncMode::Upsert),
        _ => field.wrong_as(
            "invalid_mode",
            "is no mode of a sync; the modes are append, upsert and replace",
        ),
    }
}

fn existing_dest(field: &Field) -> Option<ExistingDest> {
    match field.string()? {
        "adopt" => Some(ExistingDest::Adopt),
        "replace" => Some(ExistingDest::Replace),
        _ => field.wrong("is neither adopt nor replace"),
    }
}

fn first(field: &Field, reads_all: bool) -> Option<Cursor> {
    let cursor = cursor(field)?;
    if reads_all {
        let detail = "cannot be used with mode replace, which reads the whole table";
        return field.wrong_as(INVALID_CURSOR, detail);
    }
    Some(cursor)
}

#[cfg(test)]
mod tests;
