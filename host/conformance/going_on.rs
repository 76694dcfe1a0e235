//! The rules of going on: after an error, in the next run, and by a query.

use super::bench::{Bench, Table};
use super::outcome::{Outcome, Stop, Verdict, broken, passed_on, skipped};
use super::read::{Expected, LARGEST_PAGE, Pass, Plan, read, read_all, same_rows};
use super::reading::{each, same, spread, without};
use crate::model::failure::FailureKind;

/// Places of one read at which the source is made to fail.
const BREAKS: usize = 8;

pub async fn source_error(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| broken_off(bench, table).await).await
}

async fn broken_off(bench: &Bench, table: &Table) -> Result<(), Stop> {
    let page_rows = u32::try_from(table.rows.len().div_ceil(5).max(1)).unwrap_or(LARGEST_PAGE);
    let plan = Plan {
        page_rows,
        at_most: table.at_most(),
        ..Plan::default()
    };
    let whole = read_all(&bench.subject, &table.source, &plan).await?;
    let calls = whole.held.last().map_or(0, |held| held.source_calls);
    if calls == 0 {
        return Err(skipped("a read asks nothing of the source"));
    }
    for call in spread(&(0..calls).collect::<Vec<_>>(), BREAKS) {
        let plan = Plan {
            break_at: Some(*call),
            ..plan.clone()
        };
        let cut = read(&bench.subject, &table.source, &plan).await;
        match &cut.failure {
            Some(failure) => passed_on(failure)?,
            None => same(
                table,
                &cut,
                "a failed call was taken for the end of the rows: pass its error on",
            )?,
        }
        if cut.failure.is_some() {
            go_on(bench, table, &cut, &plan).await?;
        }
    }
    Ok(())
}

/// From the last cursor before the failure, in a new instance and with a source that answers again.
async fn go_on(bench: &Bench, table: &Table, cut: &Pass, plan: &Plan<'_>) -> Result<(), Stop> {
    let last = cut.marks.last();
    // Rows behind the last cursor were not committed.
    let landed = &cut.rows[..last.map_or(0, |mark| mark.rows)];
    let plan = Plan {
        break_at: None,
        resume: last.map(|mark| &mark.cursor),
        landed,
        ..plan.clone()
    };
    let rest = read_all(&bench.subject, &table.source, &plan).await?;
    let (rows, names) = without(table, landed);
    let advice = "this was the read that went on after the error";
    same_rows(
        &Expected {
            rows: &rows,
            names: &names,
            advice,
        },
        &rest,
    )
}

pub async fn continued(bench: &Bench) -> Outcome {
    let mut verdict = Verdict::default();
    for table in &bench.tables {
        verdict.add(&table.label(), twice(bench, table).await);
    }
    verdict.outcome("no table was read")
}

async fn twice(bench: &Bench, table: &Table) -> Result<(), Stop> {
    let plan = Plan {
        page_rows: LARGEST_PAGE,
        continued: true,
        at_most: table.at_most(),
        ..Plan::default()
    };
    let first = read_all(&bench.subject, &table.source, &plan).await?;
    if first.rows.len() < table.rows.len() && !first.warnings.is_empty() {
        return Err(skipped(format!(
            "rows were held back: {}",
            first.warnings.join("; ")
        )));
    }
    same(
        table,
        &first,
        "this was a continued read, and nothing was held back",
    )?;
    let Some(mark) = first.marks.last() else {
        return if table.rows.is_empty() {
            Ok(())
        } else {
            Err(broken("it ends without a cursor: give its last page one"))
        };
    };
    if mark.rows < first.rows.len() {
        return Err(broken(
            "its last rows have no cursor: give the last page one",
        ));
    }
    let plan = Plan {
        resume: Some(&mark.cursor),
        landed: &first.rows,
        ..plan
    };
    let second = read_all(&bench.subject, &table.source, &plan).await?;
    let advice = "this was the read behind the last cursor of a continued one";
    same_rows(
        &Expected {
            rows: &[],
            names: &[],
            advice,
        },
        &second,
    )
}

pub async fn query(bench: &Bench) -> Result<(), Stop> {
    let mut tables = bench.tables.iter();
    let Some(table) = tables.find(|table| !table.rows.is_empty()) else {
        return Err(skipped("no table has rows"));
    };
    let schema = table
        .source
        .schema
        .as_ref()
        .map_or(String::new(), |schema| format!("\"{schema}\"."));
    let mut source = table.source.clone();
    source.query = Some(format!("select * from {schema}\"{}\"", table.source.table));
    let plan = Plan {
        page_rows: 7,
        at_most: table.at_most(),
        ..Plan::default()
    };
    let pass = read(&bench.subject, &source, &plan).await;
    match &pass.failure {
        None => same(table, &pass, "this was the same table, read by a query"),
        Some(failure) if failure.kind == FailureKind::Config => Err(skipped(format!(
            "the plugin reads no such query: {}",
            failure.detail
        ))),
        Some(failure) => Err(failure.clone().into()),
    }
}
