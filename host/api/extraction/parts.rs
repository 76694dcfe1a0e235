//! The fields that jobs and syncs have in common, each read and checked on its own.

use super::super::fields::{Field, Fields, MAX_NAME_BYTES};
use crate::model::job::{DEFAULT_BATCH_ROWS, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;

/// A batch is held in memory.
pub const MAX_BATCH_ROWS: i64 = 1_000_000;

/// 0 means the default.
pub fn batch_rows(field: &Field) -> Option<u32> {
    match field.integer(0..=MAX_BATCH_ROWS)? {
        0 => Some(DEFAULT_BATCH_ROWS),
        rows => u32::try_from(rows).ok(),
    }
}

pub fn dest_table(field: &Field) -> Option<String> {
    let text = field.string()?;
    if text.is_empty() || text.len() > MAX_NAME_BYTES {
        return field.wrong(format!("must have 1 to {MAX_NAME_BYTES} bytes"));
    }
    if text.chars().any(char::is_control) {
        return field.wrong("must not contain control characters");
    }
    Some(text.to_owned())
}

pub fn source(field: Field) -> Option<Source> {
    let fields = field.fields()?;
    let name = |name| fields.required(name).and_then(|field| field.name());
    let kind = name("kind");
    let connection_ref = name("connection_ref");
    let table = name("table");
    let cursor_column = name("cursor_column");
    let schema = fields.optional("schema", Field::name);
    let columns = fields.optional("columns", Field::names);
    Some(Source {
        kind: kind?,
        connection_ref: connection_ref?,
        schema: schema?,
        table: table?,
        query: None,
        cursor_column: cursor_column?,
        columns: columns?.unwrap_or_default(),
    })
}

pub fn pacing(field: &Field) -> Option<Pacing> {
    let fields = field.fields()?;
    let count = |name| {
        let count = fields.optional(name, |field| field.integer(0..=i64::from(i32::MAX)))?;
        u32::try_from(count.unwrap_or(0)).ok()
    };
    let batch_delay_ms = fields.optional("batch_delay_ms", |field| field.integer(0..=i64::MAX));
    let max_rows_per_sec = count("max_rows_per_sec");
    let max_dop = count("max_dop");
    let read_uncommitted = fields.optional("read_uncommitted", Field::boolean);
    Some(Pacing {
        batch_delay_ms: u64::try_from(batch_delay_ms?.unwrap_or(0)).ok()?,
        max_rows_per_sec: max_rows_per_sec?,
        max_dop: max_dop?,
        read_uncommitted: read_uncommitted?.unwrap_or(false),
    })
}

pub fn placement(field: &Field) -> Option<Placement> {
    match field.string()? {
        "hosted" => Some(Placement::Hosted),
        "local" => Some(Placement::Local),
        _ => field.wrong_as(
            "invalid_placement",
            "is no placement; there are hosted and local",
        ),
    }
}

/// Whether the mode merges rows by their key.
pub enum Key {
    Needed,
    Optional,
}

/// Empty if there is none.
pub fn key_columns(fields: &Fields, key: Key) -> Option<Vec<String>> {
    match (fields.optional("key_columns", Field::names)?, key) {
        (Some(names), _) => Some(names),
        (None, Key::Optional) => Some(Vec::new()),
        (None, Key::Needed) => {
            let detail = "is required with mode upsert: the columns that tell rows apart";
            fields.missing("key_columns", "key_columns_required", detail)
        }
    }
}
