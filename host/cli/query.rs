//! `sluice query`: one statement over a knowledge base, printed as a table, CSV or JSON.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::CommandError;
use crate::app::App;
use crate::config::Config;
use crate::kb::{self, Answer};
use crate::store::kbs;

#[derive(Debug, Args)]
pub struct Query {
    /// One read-only statement, e.g. 'select count(*) from orders'.
    sql: String,
    /// Name of the knowledge base.
    #[arg(long)]
    kb: String,
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Values for $1, $2, … as JSON: --param 5 --param '"text"'. What is not JSON is text.
    #[arg(long = "param", value_name = "VALUE")]
    params: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    Table,
    Csv,
    Json,
}

impl Query {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        let app = App::open(config)
            .await
            .map_err(CommandError::from_display)?;
        let kb = kbs::find(&app.extractor.store, &app.org, &self.kb)
            .await
            .map_err(CommandError::from_display)?
            .ok_or_else(|| CommandError(format!("there is no knowledge base \"{}\"", self.kb)))?;
        let query = kb::Query {
            sql: self.sql,
            params: self.params.into_iter().map(param).collect(),
            explain: false,
            limits: app.query_limits(),
        };
        let answer = app
            .extractor
            .lake
            .query(&kb.uid, query)
            .await
            .map_err(CommandError::from_display)?;
        match print(&answer, self.format, &mut io::stdout().lock()) {
            // The reader of a pipe has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            printed => printed.map_err(CommandError::from_display)?,
        }
        if answer.truncated {
            eprintln!(
                "sluice: only the first {} rows are shown; see query.max_rows",
                app.query_limits().rows
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn param(text: String) -> serde_json::Value {
    serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text))
}

fn print(answer: &Answer, format: Format, out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Table => {
            let table = arrow::util::pretty::pretty_format_batches_with_schema(
                answer.schema.clone(),
                &answer.batches,
            );
            writeln!(out, "{}", table.map_err(io::Error::other)?)
        }
        Format::Csv => {
            let mut csv = arrow::csv::Writer::new(out);
            answer
                .batches
                .iter()
                .try_for_each(|batch| csv.write(batch))
                .map_err(io::Error::other)
        }
        Format::Json => {
            let mut json = arrow::json::ArrayWriter::new(&mut *out);
            for batch in &answer.batches {
                json.write(batch).map_err(io::Error::other)?;
            }
            json.finish().map_err(io::Error::other)?;
            writeln!(out)
        }
    }
}
