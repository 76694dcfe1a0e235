//! The body of POST jobs: each field is read and checked on its own, so that every mistake has its place and all are told at
//! once. Knows nothing of what exists: that is `post`.

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
use crate::model::cursor::Cursor;
use crate::model::ids::KbId;
use crate::model::job::{DEFAULT_BATCH_ROWS, JobSpec, Mode, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;

/// Body of a request for a job.
#[derive(Debug, PartialEq, ToSchema)]
pub struct JobRequest {
    /// Target knowledge base; a decimal string is accepted, too.
    #[schema(value_type = i64)]
    pub kb_id: KbId,
    /// Table inside the knowledge base: 1 to 255 bytes, no control characters.
    #[schema(min_length = 1, max_length = 255)]
    pub dest_table: String,
    #[schema(value_type = SourceView)]
    pub source: Source,
    /// `create` (default): the table must not exist. `append`: it must. `replace`: swapped at the end, no `cursor`.
    /// `upsert`: rows give way to new ones with the same key; the table is made if there is none.
    #[schema(value_type = Option<String>, example = "create")]
    pub mode: Mode,
    /// Target rows per batch; 0 or absent: 5000.
    #[schema(value_type = Option<i32>, minimum = 0, maximum = 1000000)]
    pub batch_rows: u32,
    /// Go on after this position; absent: every row.
    #[schema(value_type = Option<CursorFields>)]
    pub cursor: Option<Cursor>,
    /// Absent: as fast as it goes.
    #[schema(value_type = Option<PacingView>)]
    pub pacing: Pacing,
    /// `hosted` (default) or `local`, which the connector must advertise as `kb:local`.
    #[schema(value_type = Option<String>, example = "hosted")]
    pub placement: Placement,
    /// Ordered key of the destination, needed by `upsert`. It is read also if `source.columns` does not name it.
    #[schema(value_type = Option<Vec<String>>)]
    key_columns: Vec<String>,
}

impl JobRequest {
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
        let mode = fields.optional("mode", mode);
        let batch_rows = fields.optional("batch_rows", batch_rows);
        let start = fields.optional("cursor", |field| {
            let cursor = cursor(field)?;
            if mode == Some(Some(Mode::Replace)) {
                let detail = "cannot be used with mode replace, which reads the whole table";
                return field.wrong_as(INVALID_CURSOR, detail);
            }
            Some(cursor)
        });
        let pacing = fields.optional("pacing", pacing);
        let placement = fields.optional("placement", placement);
        let key = match mode {
            Some(Some(Mode::Upsert)) => Key::Needed,
            _ => Key::Optional,
        };
        let key_columns = key_columns(fields, key);
        Some(Self {
            kb_id: KbId(kb_id?),
            dest_table: dest_table?,
            source: source?,
            mode: mode?.unwrap_or(Mode::Create),
            batch_rows: batch_rows?.unwrap_or(DEFAULT_BATCH_ROWS),
            cursor: start?,
            pacing: pacing?.unwrap_or_default(),
            placement: placement?.unwrap_or(Placement::Hosted),
            key_columns: key_columns?,
        })
    }

    pub fn into_spec(self) -> JobSpec {
        JobSpec {
            source: self.source,
            dest_table: self.dest_table,
            mode: self.mode,
            batch_rows: self.batch_rows,
            cursor: self.cursor,
            pacing: self.pacing,
            placement: self.placement,
            key_columns: self.key_columns,
            continued: false,
        }
    }
}

fn mode(field: &Field) -> Option<Mode> {
    match field.string()? {
        "create" => Some(Mode::Create),
        "append" => Some(Mode::Append),
        "replace" => Some(Mode::Replace),
        "upsert" => Some(Mode::Upsert),
        _ => field.wrong_as(
            "invalid_mode",
            "is no mode; the modes are create, append, replace and upsert",
        ),
    }
}

#[cfg(test)]
mod tests;
