//! The conformance kit: whether a plugin keeps the rules of the contract, seen on a real connection. One engine for
//! `sluice plugin test` and for our own tests of every plugin. Reads, compares and breaks; never writes to a source.
//!
//! `bench` chooses tables and reads each once as a reference; the other files are the rules, each a check of its own.

mod asking;
mod bench;
mod chosen;
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
pub async fn run(subject: Subject, said: impl FnMut(&Check) + Send) -> Report {
    use rules::*;
    let mut run = Run {
        report: Report::default(),
        said,
    };
    run.say(&DESCRIBE, asking::describe(&subject).await);
    run.say(&CHECK, asking::check(&subject).await);
    run.say(&DEAD_CONNECTION, asking::dead_connection(&subject).await);
    run.say(&TABLES, asking::tables(&subject).await);

    let (mut bench, opened) = Bench::open(subject).await;
    run.report.notes.append(&mut bench.notes);
    let tables = bench.tables.iter();
    let tables = tables.map(|table| (table.source.clone(), table.rows.len()));
    run.report.tables = tables.collect();
    run.say(&COLUMNS, asking::columns(&bench).await);
    run.say(&FULL_READ, opened);
    run.say(&PAGE_SIZE, reading::page_size(&mut bench).await);
    run.say(&FRESH_INSTANCE, reading::fresh_instance(&mut bench).await);
    run.say(&CURSORS, reading::cursors(&mut bench).await);
    run.say(&SOURCE_ERROR, going_on::source_error(&mut bench).await);
    for shape in shapes::ALL {
        run.say(shape.rule, shape.outcome(&bench));
    }
    run.say(&CONTINUED, going_on::continued(&bench).await);
    run.say(&QUERY, going_on::query(&bench).await);

    run.say(&PACED, holding::paced(&bench).await);
    let watched = holding::watch(&bench).await;
    run.say(&MEMORY, holding::memory(&watched));
    run.say(&HANDLES, holding::handles(&watched));
    run.say(&MISSING_TABLE, wrong::missing_table(&bench).await);
    run.say(&MISSING_COLUMN, wrong::missing_column(&bench).await);
    run.say(&WRONG_CURSOR, wrong::wrong_cursor(&bench).await);
    run.say(&DEFAULT_LIMITS, outcome::default_limits(&run.report));
    run.report
}

struct Run<F> {
    report: Report,
    said: F,
}

impl<F: FnMut(&Check)> Run<F> {
    fn say(&mut self, rule: &'static Rule, outcome: impl Into<Outcome>) {
        let outcome = outcome.into();
        let check = Check { rule, outcome };
        (self.said)(&check);
        self.report.checks.push(check);
    }
}
