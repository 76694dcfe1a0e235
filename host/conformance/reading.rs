//! The rules of pages and cursors: whatever the size of a page, and in whichever instance, each row comes once.

use super::bench::{Bench, Table};
use super::outcome::{Outcome, Stop, Verdict, broken, skipped};
use super::read::{Expected, LARGEST_PAGE, Mark, Pass, Plan, read_all, same_rows};
use super::rows::{Counts, Row};

/// Pages of one read, at most.
const PAGES: usize = 1_000;
/// Instances for one read, at most.
const INSTANCES: usize = 60;
/// Cursors of one table that are gone on from.
const CURSORS: usize = 12;

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
pub(super) async fn each(
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

/// What an author does about a page that differs.
const GO_ON: &str = "what a page leaves out the next one has to begin with";
const SAY_ALL: &str = "a page's cursor has to say everything that the next page depends on";

pub async fn page_size(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| {
        in_pages(bench, table, PAGES, false, GO_ON).await
    })
    .await
}

pub async fn fresh_instance(bench: &mut Bench) -> Outcome {
    each(bench, async |bench, table| {
        in_pages(bench, table, INSTANCES, true, SAY_ALL).await
    })
    .await
}

/// Whole reads by pages of several sizes, in one instance or in one for each page.
async fn in_pages(
    bench: &Bench,
    table: &Table,
    most_pages: usize,
    afresh: bool,
    advice: &str,
) -> Result<(), Stop> {
    for page_rows in page_sizes(table.rows.len(), most_pages) {
        let plan = Plan {
            page_rows,
            afresh,
            at_most: table.at_most(),
            ..Plan::default()
        };
        let pass = read_all(&bench.subject, &table.source, &plan)
            .await
            .map_err(|stop| at(page_rows, stop))?;
        same(table, &pass, advice).map_err(|stop| at(page_rows, stop))?;
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

pub(super) fn same(table: &Table, found: &Pass, advice: &str) -> Result<(), Stop> {
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
pub(super) fn without(table: &Table, landed: &[Row]) -> (Vec<Row>, Vec<String>) {
    let mut landed = Counts::of(landed);
    let left = table
        .rows
        .iter()
        .zip(&table.names)
        .filter(|(row, _)| !landed.take(row));
    left.map(|(row, name)| (row.clone(), name.clone())).unzip()
}

/// At most so many, evenly from the first to the last.
pub(super) fn spread<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let step = items.len().div_ceil(most).max(1);
    let is_picked = (items.len().saturating_sub(1)).is_multiple_of(step);
    let last = items.last().filter(|_| !is_picked);
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
        assert_eq!((picked[0], picked.last(), picked.len()), (0, Some(&99), 12));
        assert_eq!(spread(&[1], 8).count(), 1);
        assert_eq!(spread::<u8>(&[], 8).count(), 0);
    }
}
