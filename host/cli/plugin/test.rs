//! `sluice plugin test`: the conformance kit on a file and a connection. One line a check, exit code 1 if one failed.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::check;
use crate::cli::CommandError;
use crate::config::Config;
use crate::conformance::{self, Check, Outcome, RULES, Subject};
use crate::connection::Connections;
use crate::telemetry;

#[derive(Debug, Args)]
pub struct Test {
    /// The component, as `sluice plugin build` makes it.
    file: PathBuf,
    /// Name in connections.json of a source that the plugin can read.
    #[arg(long, value_name = "REF")]
    connection: String,
    /// A table to read, `table` or `schema.table`; may be given again. Without it the first ones that the plugin lists.
    #[arg(long = "table", value_name = "TABLE")]
    tables: Vec<String>,
}

impl Test {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        telemetry::start(&config).map_err(CommandError)?;
        let inspection = check::look_at(&self.file).await?;
        let plugin = Arc::clone(check::serving(&inspection)?);
        let connections = Connections::open(&config.connections_file());
        let entry = connections
            .entry(&self.connection)
            .map_err(CommandError::from_display)?;
        if let Some(problem) = entry.problem {
            return Err(CommandError(problem));
        }
        let uses = &plugin.description().connection_kinds;
        if !uses.contains(&entry.kind) {
            return Err(CommandError(format!(
                "\"{}\" is a connection of kind {}, and the plugin uses {}: name another connection",
                self.connection,
                entry.kind,
                uses.join(", ")
            )));
        }
        let subject = Subject {
            plugin,
            connections: Arc::new(connections),
            connection_ref: self.connection,
            tables: self.tables,
        };
        let report = conformance::run(subject, print).await;
        for (source, rows) in &report.tables {
            println!("read     {}, {rows} rows", conformance::label(source));
        }
        for note in &report.notes {
            println!("note     {note}");
        }
        println!(
            "{} passed, {} failed, {} skipped",
            report.passed(),
            report.failed(),
            report.skipped()
        );
        Ok(if report.failed() == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

fn print(check: &Check) {
    let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let (name, fact) = (check.rule.name, check.rule.fact);
    match &check.outcome {
        Outcome::Passed => println!("passed   {name:width$}  {fact}"),
        Outcome::Failed(found) => println!(
            "FAILED   {name:width$}  {fact}\n         {}",
            found.sentence
        ),
        Outcome::Skipped(reason) => println!("skipped  {name:width$}  {fact}: {reason}"),
    }
}
