//! Requests that cannot be served, and what has to be said of them: a client is told by the kind of the error.

use super::bench::{Bench, Table};
use super::outcome::{Stop, broken, skipped};
use super::read::{Plan, request};
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::{DataType, Source};
use crate::model::value::Value;

const NOWHERE: &str = "sluice_no_such_name";

pub async fn missing_table(bench: &Bench) -> Result<(), Stop> {
    is_not_found("columns", bench.columns(None, NOWHERE).await.map(|_| ()))?;
    // Nothing else is wrong with the request.
    let cursor_column = bench
        .tables
        .first()
        .map(|table| &table.source.cursor_column);
    let source = bench.source(None, NOWHERE, cursor_column.map_or("id", String::as_str));
    is_not_found("a read", refused(bench, &source, None).await)
}

pub async fn missing_column(bench: &Bench) -> Result<(), Stop> {
    let table = some_table(bench)?;
    let cursor = Source {
        cursor_column: NOWHERE.into(),
        ..table.source.clone()
    };
    is_not_found(
        "a read by such a cursor column",
        refused(bench, &cursor, None).await,
    )?;
    let columns = Source {
        columns: vec![NOWHERE.into()],
        ..table.source.clone()
    };
    is_not_found(
        "a read of such a column",
        refused(bench, &columns, None).await,
    )
}

pub async fn wrong_cursor(bench: &Bench) -> Result<(), Stop> {
    let table = some_table(bench)?;
    let value = match table.cursor_type() {
        DataType::Boolean => Value::Text("neither".into()),
        _ => Value::Boolean(true),
    };
    let cursor = Cursor {
        value,
        tie: Vec::new(),
        landed: None,
        digest: None,
    };
    match refused(bench, &table.source, Some(&cursor)).await {
        Ok(()) => Err(broken(format!(
            "a read by {} was opened behind the value {:?}: refuse it with the code invalid_cursor",
            table.source.cursor_column, cursor.value
        ))),
        Err(failure) if failure.kind == FailureKind::Config && failure.code == "invalid_cursor" => {
            Ok(())
        }
        Err(failure) => Err(broken(format!(
            "the error is {} ({}): give it the kind invalid-request and the code invalid_cursor",
            failure.code, failure.detail
        ))),
    }
}

fn some_table(bench: &Bench) -> Result<&Table, Stop> {
    bench
        .tables
        .first()
        .ok_or_else(|| skipped("no table was read"))
}

/// Opens the read and asks for a page: some mistakes show only then.
async fn refused(bench: &Bench, source: &Source, resume: Option<&Cursor>) -> Result<(), Failure> {
    let plan = Plan {
        resume,
        ..Plan::default()
    };
    let mut reader = bench.subject.open(request(source, &plan), None).await?;
    reader.next(1).await?;
    Ok(())
}

fn is_not_found(what: &str, result: Result<(), Failure>) -> Result<(), Stop> {
    // An error's own code takes the place of its kind's word.
    const OTHERS: [&str; 4] = [
        "invalid_request",
        "unsupported",
        "permission_denied",
        "conversion",
    ];
    match result {
        Ok(()) => Err(broken(format!(
            "{what} was answered: refuse it with an error of the kind not-found"
        ))),
        Err(failure)
            if failure.kind == FailureKind::Config && !OTHERS.contains(&failure.code.as_str()) =>
        {
            Ok(())
        }
        Err(failure) => Err(broken(format!(
            "{what} ended as {} ({}): give the error the kind not-found, so that a client is told and the job is not tried again",
            failure.code, failure.detail
        ))),
    }
}
