//! The rules of pages and cursors: whatever the size of a page, wherever a read is cut off, each row comes once.

use super::bench::{Bench, Table};
use super::outcome::{Outcome, Stop, Verdict, broken, passed_on, skipped};
use super::read::{Expected, LARGEST_PAGE, Mark, Pass, Plan, read, read_all, same_rows};
use super::rows::{Counts, Row};
use crate::model::failure::FailureKind;

/// Pages of one read, at most.
const PAGES: usize = 1_000;
/// Instances for one read, at most.
const INSTANCES: usize = 60;
/// Cursors of one table that are gone on from.
const CURSORS: usize = 12;
/// Places of one read at which the source is made to fail.
const BREAKS: usize = 8;

/// 1, 2, 7, n - 1, n, n + 1, of which none cuts a table of n rows into more pages than that.
fn page_sizes(rows: usize, most_pages: usize) -> Vec<u32> {
    let sizes = [
        1,
        2,
        7,
        rows.saturating_sub(1),
        rows,
        rows + 1,
        rows.div_ceil(most_pages),
    ];
    let mut sizes: Vec<u32> = sizes
        .into_iter()
        .filter(|size| *size > 0 && rows.div_ceil(*size) <= most_pages)
        .map(|size| u32::try_from(size).unwrap_or(LARGEST_PAGE))
        .collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// One rule on each table. The shapes ask later what went wrong with a table.
async fn each(
    bench: &mut Bench,
    rule: impl AsyncFn(&Bench, &Table) -> Result<(), Stop>,
) -> Outcome {
    let mut verdict = Verdict::default();
    for at in 0..bench.tables.len() {
        let result = rule(bench, &bench.tables[at]).await;
        let table = &mut bench.tables[at];
        let label = table.label();
        if let Err(Stop::Broken(found)) = &result {
            table.note(format!("{label}: {}", found.sentence));
        }
        verdict.add(&label, result);
    }
    verdict.outcome("no table was read")
}

pub async fn page_size(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| sizes(bench, table).await).await
}

async fn sizes(bench: &Bench, table: &Table) -> Result<(), Stop> {
    for page_rows in page_sizes(table.rows.len(), PAGES) {
        let plan = Plan {
            page_rows,
            at_most: table.at_most(),
            ..Plan::default()
        };
        let pass = read_all(&bench.subject, &table.source, &plan)
            .await
            .map_err(|stop| at(page_rows, stop))?;
        same(
            table,
            &pass,
            "what a page leaves out the next one has to begin with",
        )
        .map_err(|stop| at(page_rows, stop))?;
    }
    Ok(())
}

pub async fn fresh_instance(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| afresh(bench, table).await).await
}

async fn afresh(bench: &Bench, table: &Table) -> Result<(), Stop> {
    for page_rows in page_sizes(table.rows.len(), INSTANCES) {
        let plan = Plan {
            page_rows,
            afresh: true,
            at_most: table.at_most(),
            ..Plan::default()
        };
        let pass = read_all(&bench.subject, &table.source, &plan)
            .await
            .map_err(|stop| at(page_rows, stop))?;
        same(
            table,
            &pass,
            "a page's cursor has to say everything that the next page depends on",
        )
        .map_err(|stop| at(page_rows, stop))?;
    }
    Ok(())
}

pub async fn cursors(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| behind_each(bench, table).await).await
}

async fn behind_each(bench: &Bench, table: &Table) -> Result<(), Stop> {
    let Some(page_rows) = page_sizes(table.rows.len(), PAGES).first().copied() else {
        return Err(skipped("no table has rows"));
    };
    let plan = Plan {
        page_rows,
        at_most: table.at_most(),
        ..Plan::default()
    };
    let pass = read_all(&bench.subject, &table.source, &plan).await?;
    if pass.marks.is_empty() && !table.rows.is_empty() {
        return Err(broken(
            "no page has a cursor, so a job could not go on: give one where a value's last row was read",
        ));
    }
    none_twice(&pass.marks)?;
    for mark in spread(&pass.marks, CURSORS) {
        let rest = Plan {
            resume: Some(&mark.cursor),
            landed: &pass.rows[..mark.rows],
            ..plan.clone()
        };
        let rest = Plan {
            page_rows: LARGEST_PAGE,
            ..rest
        };
        let found = read_all(&bench.subject, &table.source, &rest).await?;
        let (rows, names) = without(table, &pass.rows[..mark.rows]);
        let advice = format!("this was the read behind the cursor of row {}", mark.rows);
        same_rows(
            &Expected {
                rows: &rows,
                names: &names,
                advice: &advice,
            },
            &found,
        )?;
    }
    Ok(())
}

fn none_twice(marks: &[Mark]) -> Result<(), Stop> {
    for pair in marks.windows(2) {
        let is_same = pair[0].cursor.value == pair[1].cursor.value
            && pair[0].cursor.tie == pair[1].cursor.tie;
        if is_same && pair[1].of_page > 0 {
            return Err(broken(format!(
                "the pages that end with row {} and row {} have the same cursor: one that is resumed from the first would repeat \
                 or lose rows; give the rows of a tie their key in the cursor, or no cursor before its last row",
                pair[0].rows, pair[1].rows
            )));
        }
    }
    Ok(())
}

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

pub async fn query(bench: &Bench) -> Outcome {
    let Some(table) = bench.tables.iter().find(|table| !table.rows.is_empty()) else {
        return Outcome::Skipped("no table has rows".into());
    };
    queried(bench, table).await.into()
}

async fn queried(bench: &Bench, table: &Table) -> Result<(), Stop> {
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

fn same(table: &Table, found: &Pass, advice: &str) -> Result<(), Stop> {
    same_rows(
        &Expected {
            rows: &table.rows,
            names: &table.names,
            advice,
        },
        found,
    )
}

fn at(page_rows: u32, stop: Stop) -> Stop {
    match stop {
        Stop::Broken(mut found) => {
            found.sentence = format!("with {page_rows} rows a page: {}", found.sentence);
            Stop::Broken(found)
        }
        skipped => skipped,
    }
}

/// The rows of the reference that are left, with their names.
fn without(table: &Table, landed: &[Row]) -> (Vec<Row>, Vec<String>) {
    let mut landed = Counts::of(landed);
    let left = table
        .rows
        .iter()
        .zip(&table.names)
        .filter(|(row, _)| !landed.take(row));
    left.map(|(row, name)| (row.clone(), name.clone())).unzip()
}

/// At most so many, evenly from the first to the last.
fn spread<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let step = items.len().div_ceil(most).max(1);
    let last = items
        .last()
        .filter(|_| !items.is_empty() && (items.len() - 1) % step != 0);
    items.iter().step_by(step).chain(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_lie_round_the_number_of_rows() {
        assert_eq!(page_sizes(20, 60), [1, 2, 7, 19, 20, 21]);
        assert_eq!(page_sizes(0, 60), [1, 2, 7]);
        assert_eq!(page_sizes(1, 60), [1, 2, 7]);
        assert_eq!(page_sizes(600, 60), [10, 599, 600, 601]);
    }

    #[test]
    fn the_first_and_the_last_are_among_those_that_are_picked() {
        let picked: Vec<_> = spread(&(0..100).collect::<Vec<_>>(), 12).copied().collect();
        assert_eq!((picked[0], picked.last(), picked.len()), (0, Some(&99), 13));
        assert_eq!(spread(&[1], 8).count(), 1);
        assert_eq!(spread::<u8>(&[], 8).count(), 0);
    }
}
