//! `sluice extract`: one job on the data folder, without HTTP. It goes the way of every job: queue, lease, commits. So a killed
//! one is finished by the next `sluice serve`, and never twice.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressStyle};

use super::{CommandError, serve};
use crate::app::App;
use crate::config::Config;
use crate::model::ids::JobId;
use crate::model::job::{DEFAULT_BATCH_ROWS, Job, JobSpec, JobState, Mode, Placement};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::store::jobs::{self, NewJob};
use crate::store::kbs::{self, Kb};
use crate::telemetry;

/// How often the progress is looked at, and how often it is printed where there is no terminal.
const LOOK: Duration = Duration::from_millis(200);
const PRINT: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub struct Extract {
    /// Name in connections.json.
    #[arg(long)]
    connection: String,
    /// Source kind; the connection's own when absent.
    #[arg(long)]
    kind: Option<String>,
    #[arg(long)]
    schema: Option<String>,
    #[arg(long)]
    table: String,
    /// The monotonic column.
    #[arg(long)]
    cursor_column: String,
    /// Only these columns, separated by commas.
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// Name of the knowledge base; made if there is none.
    #[arg(long)]
    kb: String,
    /// Table in the knowledge base; the source's name when absent.
    #[arg(long)]
    dest_table: Option<String>,
    #[arg(long, value_enum, default_value = "create")]
    mode: ModeWord,
    /// Columns that tell rows apart, separated by commas; needed by mode upsert.
    #[arg(long, value_delimiter = ',', required_if_eq("mode", "upsert"))]
    key: Vec<String>,
    #[arg(long, default_value_t = DEFAULT_BATCH_ROWS, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_rows: u32,
    /// Sleep between batches.
    #[arg(long, default_value_t = 0)]
    batch_delay_ms: u64,
    /// Sustained cap.
    #[arg(long, default_value_t = 0)]
    max_rows_per_sec: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ModeWord {
    Create,
    Append,
    Replace,
    Upsert,
}

impl Extract {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        // Warnings only: the progress is what this command says.
        let quiet = Config {
            log: if config.log == "info" {
                "warn".into()
            } else {
                config.log.clone()
            },
            ..config
        };
        telemetry::start(&quiet).map_err(CommandError)?;
        let app = App::open(quiet).await.map_err(CommandError::from_display)?;
        let kb = knowledge_base(&app, &self.kb).await?;
        let kb_name = self.kb.clone();
        let spec = self.spec(&app)?;
        let new = NewJob {
            org: app.org.clone(),
            connector: app.connector.clone(),
            kb: kb.id,
            kb_uid: kb.uid,
            spec,
        };
        let id = jobs::enqueue(&app.extractor.store, new)
            .await
            .map_err(CommandError::from_display)?;
        let job = watch(&app, &id).await?;
        conclude(&job, &kb_name)
    }

    fn spec(self, app: &App) -> Result<JobSpec, CommandError> {
        let entry = app
            .extractor
            .connections
            .entry(&self.connection)
            .map_err(CommandError::from_display)?;
        if let Some(problem) = entry.problem {
            return Err(CommandError(problem));
        }
        Ok(JobSpec {
            dest_table: self.dest_table.unwrap_or_else(|| self.table.clone()),
            source: Source {
                kind: self.kind.unwrap_or(entry.kind),
                connection_ref: self.connection,
                schema: self.schema,
                table: self.table,
                query: None,
                cursor_column: self.cursor_column,
                columns: self.columns,
            },
            mode: match self.mode {
                ModeWord::Create => Mode::Create,
                ModeWord::Append => Mode::Append,
                ModeWord::Replace => Mode::Replace,
                ModeWord::Upsert => Mode::Upsert,
            },
            batch_rows: self.batch_rows,
            cursor: None,
            pacing: Pacing {
                batch_delay_ms: self.batch_delay_ms,
                max_rows_per_sec: self.max_rows_per_sec,
                ..Pacing::default()
            },
            placement: Placement::Hosted,
            key_columns: self.key,
            continued: false,
        })
    }
}

async fn knowledge_base(app: &App, name: &str) -> Result<Kb, CommandError> {
    let store = &app.extractor.store;
    if let Some(kb) = kbs::find(store, &app.org, name)
        .await
        .map_err(CommandError::from_display)?
    {
        return Ok(kb);
    }
    kbs::create(store, &app.org, name, None)
        .await
        .map_err(CommandError::from_display)?
        .ok_or_else(|| {
            CommandError(format!(
                "the knowledge base \"{name}\" was just made by somebody else; try again"
            ))
        })
}

/// Runs the job here and shows how it goes, until it is over or a signal asks to stop.
async fn watch(app: &App, id: &JobId) -> Result<Job, CommandError> {
    let shutdown = serve::stop_signal()?;
    let dispatcher = tokio::spawn(app.dispatcher(Some(id.clone())).run(shutdown.clone()));
    let mut display = Display::new();
    let job = loop {
        let job = jobs::get(&app.extractor.store, &app.org, &app.connector, id)
            .await
            .map_err(CommandError::from_display)?
            .ok_or_else(|| CommandError("the job is gone from the store".into()))?;
        display.show(&job);
        if job.state.is_final() || dispatcher.is_finished() {
            break job;
        }
        tokio::time::sleep(LOOK).await;
    };
    display.end();
    shutdown.cancel();
    dispatcher.await.map_err(CommandError::from_display)?;
    Ok(job)
}

fn conclude(job: &Job, kb: &str) -> Result<ExitCode, CommandError> {
    for warning in &job.warnings {
        eprintln!("sluice: {warning}");
    }
    match (&job.failure, job.state) {
        (_, JobState::Completed) => {
            println!("{} in \"{}\" of \"{kb}\"", line(job), job.spec.dest_table);
            Ok(ExitCode::SUCCESS)
        }
        (Some(failure), JobState::Failed) => {
            Err(CommandError(format!("{failure} [{}]", failure.code)))
        }
        (_, JobState::Stopped) => Err(CommandError(format!("stopped after {}", line(job)))),
        _ => {
            println!(
                "{}; the next `sluice serve` on this data folder goes on from there",
                line(job)
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

/// `200,000 rows (512,345 rows/s), 5.1 MiB, waited 0.0 s`
fn line(job: &Job) -> String {
    let started = job.started_at.unwrap_or(job.created_at);
    let seconds = (job.finished_at.unwrap_or(job.updated_at) - started).as_seconds_f64();
    let per_sec = if seconds > 0.0 {
        job.progress.rows as f64 / seconds
    } else {
        0.0
    };
    format!(
        "{} rows ({} rows/s), {}, waited {:.1} s",
        HumanCount(job.progress.rows),
        HumanCount(per_sec as u64),
        HumanBytes(job.progress.bytes),
        job.progress.waited.throttled_ms() as f64 / 1000.0
    )
}

/// A line that redraws itself on a terminal, plain lines elsewhere.
struct Display {
    bar: Option<ProgressBar>,
    printed: Instant,
}

impl Display {
    fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(
                ProgressStyle::with_template("{spinner} {elapsed_precise} {msg}")
                    .expect("a valid template"),
            );
            bar
        });
        Self {
            bar,
            printed: Instant::now(),
        }
    }

    fn show(&mut self, job: &Job) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(line(job));
                bar.tick();
            }
            None if self.printed.elapsed() >= PRINT => {
                println!("{}", line(job));
                self.printed = Instant::now();
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
