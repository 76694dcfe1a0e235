//! `make bench`: how fast a table of 2,000,000 rows lands, against the speed at which the server gives it away.
//! Then the same from SQL Server's stand-in, what the plugin boundary costs, what others on the source feel of us, and what idleness costs. Prints medians and ratios, and writes them to `target/bench`. Not a test: it
//! fails only when something does not work. `make bench PARTS=beside` measures only that part.
//!
//! The contenders take turns (A B C D A B C D …), so that a busy machine slows all of them: compare the ratios of one
//! run, not the rates of two.

mod beside;
mod boundary;
mod contenders;
mod idle;
mod job;
mod memory;
mod pgbench;
mod process;
mod report;
mod sql_server;
mod table;

use std::error::Error;
use std::process::ExitCode;

use contenders::{Contenders, NAMES};
use report::Report;
use table::Source;

/// Whatever went wrong ends the benchmark with its sentence.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How fast a table lands.
const EXTRACT: &str = "extract";
/// What others feel.
const BESIDE: &str = "beside";
/// What syncs cost that find nothing.
const IDLE: &str = "idle";
/// How fast a table of SQL Server's stand-in lands.
const SQL_SERVER: &str = "sql_server";
/// What a page costs on its way out of a guest.
const BOUNDARY: &str = "boundary";
const PARTS: [&str; 5] = [EXTRACT, SQL_SERVER, BOUNDARY, BESIDE, IDLE];

const ROWS: u64 = 2_000_000;
/// For the question whether memory grows with the table.
const FEWER_ROWS: u64 = 200_000;
/// After one round that warms the caches.
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(async { tokio::spawn(run()).await? }),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    // Cargo adds an option of its own.
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let is_wanted = |part: &str| named.is_empty() || named.iter().any(|name| name == part);
    if let Some(unknown) = named.iter().find(|name| !PARTS.contains(&name.as_str())) {
        return Err(format!("there is no part \"{unknown}\", only {}", PARTS.join(", ")).into());
    }
    if is_wanted(EXTRACT) {
        extract().await?;
    }
    if is_wanted(SQL_SERVER) {
        sql_server::measure().await?;
    }
    if is_wanted(BOUNDARY) {
        boundary::measure().await?;
    }
    if is_wanted(BESIDE) {
        beside::measure().await?;
    }
    if is_wanted(IDLE) {
        idle::measure().await?;
    }
    Ok(())
}

async fn extract() -> Outcome<()> {
    let rows = number("SLUICE_TEST_BENCH_ROWS", ROWS)?;
    let rounds = usize::try_from(number("SLUICE_TEST_BENCH_ROUNDS", ROUNDS as u64)?)?;
    let source = Source::start(rows, FEWER_ROWS.min(rows)).await?;
    let mut report = Report::new(rows);
    measure_rates(&source, rounds, &mut report).await?;
    report.print_rates();
    let memory = process::peaks_of_extract(&source).await?;
    report.print_memory(&memory);
    report.print_times(
        "host ready, plugins compiled before",
        500,
        &process::starts(&source).await?,
    );
    report.print_times(
        "job of 100 rows, from queue to completed",
        150,
        &job::small_jobs(&source).await?,
    );
    report.write(&memory)
}

async fn measure_rates(source: &Source, rounds: usize, report: &mut Report) -> Outcome<()> {
    let mut contenders = Contenders::prepare(source).await?;
    for round in 0..=rounds {
        for name in NAMES {
            memory::forget_peak()?;
            let took = contenders.run(name, source.rows).await?;
            if round > 0 {
                report.add(name, took, memory::peak_mib("self")?);
            }
        }
        report.print_round(round);
    }
    contenders.end().await
}

fn number(variable: &str, default: u64) -> Outcome<u64> {
    match std::env::var(variable) {
        Ok(text) => Ok(text
            .parse()
            .map_err(|_| format!("{variable} must be a number, not \"{text}\""))?),
        Err(_) => Ok(default),
    }
}
