//! What a source offers: tables and columns, as its plugin answers.

use super::bindings::exports::sluice::source::source as wit;
use super::fault::Identity;
use super::limits::{MAX_COLUMNS, MAX_TABLES};
use super::{bounds, convert};
use crate::model::failure::Failure;
use crate::model::source::Column;

/// One table that can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableEntry {
    /// Empty if the source has no schemas.
    pub schema: String,
    pub name: String,
    /// An estimate of the source; none if it has none.
    pub approx_rows: Option<u64>,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnEntry {
    pub column: Column,
    /// The source can order and compare it.
    pub cursor_candidate: bool,
    /// Position in the primary key, from 1.
    pub key_position: Option<u32>,
}

pub(super) fn tables(
    identity: &Identity,
    tables: Vec<wit::TableEntry>,
) -> Result<Vec<TableEntry>, Failure> {
    if tables.len() > MAX_TABLES {
        let what = format!("listed {} tables (at most {MAX_TABLES})", tables.len());
        return Err(identity.fault("limit_exceeded", what));
    }
    tables
        .into_iter()
        .map(|entry| table(identity, entry))
        .collect()
}

fn table(identity: &Identity, entry: wit::TableEntry) -> Result<TableEntry, Failure> {
    let schema_problem = if entry.schema.is_empty() {
        None
    } else {
        bounds::name_problem(&entry.schema)
    };
    if let Some(problem) = schema_problem.or_else(|| bounds::name_problem(&entry.name)) {
        return Err(identity.fault("bad_answer", format!("listed a table whose name {problem}")));
    }
    Ok(TableEntry {
        schema: entry.schema,
        name: entry.name,
        approx_rows: u64::try_from(entry.approx_rows).ok(),
    })
}

pub(super) fn columns(
    identity: &Identity,
    columns: Vec<wit::ColumnEntry>,
) -> Result<Vec<ColumnEntry>, Failure> {
    if columns.len() > MAX_COLUMNS {
        let what = format!("listed {} columns (at most {MAX_COLUMNS})", columns.len());
        return Err(identity.fault("limit_exceeded", what));
    }
    let entries = columns.into_iter().map(|entry| {
        let column = convert::column_from_guest(entry.column).map_err(|error| {
            identity.fault("bad_answer", format!("listed a bad column: {error}"))
        })?;
        Ok(ColumnEntry {
            column,
            cursor_candidate: entry.cursor_candidate,
            key_position: entry.key_position,
        })
    });
    entries.collect()
}
