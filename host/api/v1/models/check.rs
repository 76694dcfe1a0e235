//! Asks the source what it says of a query. A source that does not answer is no obstacle: the runs find out.

use super::super::super::Api;
use super::super::super::browse::{plugin_for, usable_entry};
use super::super::super::extraction::opening::{Opening, open};
use super::super::super::problem::Problem;
use super::super::super::report::FieldError;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{Column, Source};
use crate::model::sync_form::Selection;
use crate::store::models::NewModel;

/// What a plugin says of a column that is not there.
const NO_SUCH_COLUMN: &str = "not_found";

/// # Errors
/// 422 `source_refused`, with the source's sentence.
pub async fn query_is_taken(
    api: &Api,
    connection_ref: &str,
    new: &NewModel,
) -> Result<(), Problem> {
    let Selection::Query(query) = &new.selection else {
        return Ok(());
    };
    let Ok(entry) = usable_entry(api, connection_ref) else {
        return Ok(());
    };
    let Some(plugin) = plugin_for(api, &entry.kind) else {
        return Ok(());
    };
    let source = Source {
        kind: plugin.description().kind.clone(),
        connection_ref: entry.name,
        schema: None,
        table: new.name.clone(),
        query: Some(query.clone()),
        // Without a key no column is known yet, and the source may only complain about that.
        cursor_column: new.primary_key.first().cloned().unwrap_or_default(),
        columns: Vec::new(),
    };
    match open(api, &plugin, source, None).await {
        Opening::Opened(columns) => has_key(&columns, &new.primary_key),
        Opening::Refused(failure) => match wrong_field(&failure, &new.primary_key) {
            Some(pointer) => Err(refused(pointer, failure.detail)),
            None => Ok(()),
        },
        Opening::NoAnswer => Ok(()),
    }
}

/// None: nothing that the request says is wrong.
fn wrong_field(failure: &Failure, key: &[String]) -> Option<&'static str> {
    match failure.code.as_str() {
        _ if failure.kind != FailureKind::Config => None,
        NO_SUCH_COLUMN if key.is_empty() => None,
        NO_SUCH_COLUMN => Some("/model/primary_key"),
        _ => Some("/model/query"),
    }
}

fn has_key(columns: &[Column], key: &[String]) -> Result<(), Problem> {
    let has = |name: &String| columns.iter().any(|column| column.name == *name);
    match key.iter().find(|name| !has(name)) {
        None => Ok(()),
        Some(name) => {
            let detail = format!("the query has no column \"{name}\"");
            Err(refused("/model/primary_key", detail))
        }
    }
}

fn refused(pointer: &str, detail: String) -> Problem {
    let errors = vec![FieldError {
        pointer: pointer.to_owned(),
        detail: detail.clone(),
    }];
    Problem::refused("source_refused", detail).with_errors(errors)
}
