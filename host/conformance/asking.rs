//! The functions that answer a question: describe, check, tables, columns.

use super::Subject;
use super::bench::Bench;
use super::outcome::{Outcome, Stop, Verdict, broken, passed_on};
use crate::plugin::{ColumnEntry, Probe, TableEntry};

/// Instances, and calls in each.
const TIMES: usize = 3;

pub async fn describe(subject: &Subject) -> Result<(), Stop> {
    for instance in 1..=TIMES {
        let mut probe = Probe::new(&subject.plugin).await?;
        for call in 1..=TIMES {
            let said = probe.describe().await?;
            if said != *subject.plugin.description() {
                return Err(broken(format!(
                    "call {call} in instance {instance} says {said:?}, and the first of all said {:?}: describe may depend on \
                     nothing, it is called before there is a connection",
                    subject.plugin.description()
                )));
            }
        }
    }
    Ok(())
}

pub async fn check(subject: &Subject) -> Result<(), Stop> {
    let session = subject.connect().await?;
    let version = Probe::new(&subject.plugin).await?.check(session).await?;
    if version.is_empty() {
        return Err(broken(
            "it answers an empty text: answer the server's own name of its version",
        ));
    }
    Ok(())
}

pub async fn dead_connection(subject: &Subject) -> Result<(), Stop> {
    let session = subject.connect().await?;
    let mut probe = Probe::new(&subject.plugin).await?;
    probe.break_source_at(0);
    match probe.check(session).await {
        Ok(version) => Err(broken(format!(
            "it answers \"{version}\" though nothing can be asked of the source: ask the source for something small"
        ))),
        Err(failure) => passed_on(&failure),
    }
}

pub async fn tables(subject: &Subject) -> Result<(), Stop> {
    let first = subject.plugin.tables(subject.connect().await?).await?;
    let second = subject.plugin.tables(subject.connect().await?).await?;
    let names = |entries: &[TableEntry]| -> Vec<(String, String)> {
        entries
            .iter()
            .map(|entry| (entry.schema.clone(), entry.name.clone()))
            .collect()
    };
    let (first, second) = (names(&first), names(&second));
    if first != second {
        return Err(broken(
            "two calls in a row list other tables, or in another order: order by schema and name (unless tables were just made)",
        ));
    }
    // A database may order letters by a collation; what no order explains is a name that comes again.
    for order in [exactly, without_case] {
        if first
            .windows(2)
            .all(|pair| order(&pair[0]) < order(&pair[1]))
        {
            return Ok(());
        }
    }
    let mut sorted = first.clone();
    sorted.sort();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(broken(format!(
            "the table {:?} is listed twice: list each once",
            pair[0].1
        ))),
        None => Err(broken("they are not ordered by schema and name: sort them")),
    }
}

type Name = (String, String);

fn exactly(name: &Name) -> (Name, Name) {
    (name.clone(), name.clone())
}

/// Letters first, then what tells equal ones apart.
fn without_case(name: &Name) -> (Name, Name) {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    ((letters(&name.0), letters(&name.1)), name.clone())
}

pub async fn columns(bench: &Bench) -> Outcome {
    let mut verdict = Verdict::default();
    for table in &bench.tables {
        let again = bench
            .columns(table.source.schema.as_deref(), &table.source.table)
            .await;
        let result = match again {
            Ok(again) => same_columns(
                &table.entries,
                &again,
                table.pass.columns.iter().map(|column| column.name.as_str()),
            ),
            Err(failure) => Err(failure.into()),
        };
        verdict.add(&table.label(), result);
    }
    verdict.outcome("no table was read")
}

fn same_columns<'a>(
    first: &[ColumnEntry],
    again: &[ColumnEntry],
    announced: impl Iterator<Item = &'a str>,
) -> Result<(), Stop> {
    if first != again {
        return Err(broken(
            "two calls in a row answer other columns: answer them in the order of the table",
        ));
    }
    for name in announced {
        if !first.iter().any(|entry| entry.column.name == name) {
            return Err(broken(format!(
                "a read announces the column \"{name}\", which columns does not list: list it"
            )));
        }
    }
    Ok(())
}
