//! The conformance kit: whether a plugin keeps the rules of the contract, seen on a real connection. One engine for
//! `sluice plugin test` and for our own tests of every plugin. Reads, compares and breaks; never writes to a source.
//!
//! `bench` chooses tables and reads each once as a reference; the other files are the rules, each a check of its own.

mod asking;
mod bench;
mod going_on;
mod holding;
mod outcome;
mod read;
mod reading;
mod rows;
mod rules;
mod shapes;
mod wrong;

use std::sync::Arc;

use crate::connection::Connections;
use crate::plugin::Plugin;

use bench::Bench;
pub use bench::label;
pub use outcome::{Check, Outcome, Report};
pub use rules::{RULES, Rule};

/// What is tested, and on what.
pub struct Subject {
    pub plugin: Arc<Plugin>,
    pub connections: Arc<Connections>,
    pub connection_ref: String,
    /// `table` or `schema.table`; empty: the first ones that the plugin lists.
    pub tables: Vec<String>,
}

/// Makes every check, in the order of [`RULES`], and says each result as soon as it is known.
pub async fn run(subject: Subject, mut said: impl FnMut(&Check) + Send) -> Report {
    let mut report = Report::default();
    let mut say = |report: &mut Report, rule: &'static Rule, outcome: Outcome| {
        let check = Check { rule, outcome };
        said(&check);
        report.checks.push(check);
    };
    say(
        &mut report,
        &rules::DESCRIBE,
        asking::describe(&subject).await,
    );
    say(&mut report, &rules::CHECK, asking::check(&subject).await);
    say(
        &mut report,
        &rules::DEAD_CONNECTION,
        asking::dead_connection(&subject).await,
    );
    say(&mut report, &rules::TABLES, asking::tables(&subject).await);
    let (mut bench, opened) = Bench::open(subject).await;
    report.notes.append(&mut bench.notes);
    let tables = bench.tables.iter();
    report.tables = tables
        .map(|table| (table.source.clone(), table.rows.len()))
        .collect();
    say(&mut report, &rules::COLUMNS, asking::columns(&bench).await);
    say(&mut report, &rules::FULL_READ, opened);

    let outcome = reading::page_size(&mut bench).await;
    say(&mut report, &rules::PAGE_SIZE, outcome);
    let outcome = reading::fresh_instance(&mut bench).await;
    say(&mut report, &rules::FRESH_INSTANCE, outcome);
    let outcome = reading::cursors(&mut bench).await;
    say(&mut report, &rules::CURSORS, outcome);
    let outcome = going_on::source_error(&mut bench).await;
    say(&mut report, &rules::SOURCE_ERROR, outcome);
    for shape in shapes::ALL {
        say(&mut report, shape.rule, shape.outcome(&bench));
    }

    say(
        &mut report,
        &rules::CONTINUED,
        going_on::continued(&bench).await,
    );
    say(&mut report, &rules::QUERY, going_on::query(&bench).await);
    say(&mut report, &rules::PACED, holding::paced(&bench).await);
    let watched = holding::watch(&bench).await;
    say(&mut report, &rules::MEMORY, holding::memory(&watched));
    say(&mut report, &rules::HANDLES, holding::handles(&watched));
    say(
        &mut report,
        &rules::MISSING_TABLE,
        wrong::missing_table(&bench).await,
    );
    say(
        &mut report,
        &rules::MISSING_COLUMN,
        wrong::missing_column(&bench).await,
    );
    say(
        &mut report,
        &rules::WRONG_CURSOR,
        wrong::wrong_cursor(&bench).await,
    );
    let outcome = outcome::default_limits(&report);
    say(&mut report, &rules::DEFAULT_LIMITS, outcome);
    report
}
