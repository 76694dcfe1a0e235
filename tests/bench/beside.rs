//! What our reading costs others: pgbench alone, beside an extraction at full speed, and beside a paced one. The three take
//! turns, and each turn's times are compared with those of the turn alone in the same round.

use std::time::Duration;

use serde_json::json;
use sluice::model::pacing::Pacing;
use tokio::time::Instant;

use super::job::Host;
use super::pgbench::{CLIENTS, Pgbench, RATE};
use super::report::{median, rounded, write_figures};
use super::table::{Source, TABLE};
use super::{Outcome, number};

const ROWS: u64 = 1_000_000;
const ROUNDS: u64 = 5;
const SECONDS: u64 = 15;
const CAP: u32 = 5_000;

/// What runs beside pgbench, in the order of the turns.
const TURNS: [(&str, Option<u32>); 3] =
    [("alone", None), ("unpaced", Some(0)), ("paced", Some(CAP))];

#[derive(Default)]
struct Turn {
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
    rows_per_sec: Vec<f64>,
}

pub async fn measure() -> Outcome<()> {
    let rounds = number("SLUICE_TEST_BENCH_ROUNDS", ROUNDS)?;
    let lasting = Duration::from_secs(number("SLUICE_TEST_BENCH_SECONDS", SECONDS)?);
    let source = Source::start(ROWS, 1).await?;
    let Some(pgbench) = Pgbench::prepare(&source).await? else {
        println!("pgbench is not installed beside the server: what others feel is not measured");
        return Ok(());
    };
    let host = Host::start(&source).await?;
    let mut turns: [Turn; TURNS.len()] = Default::default();
    for _ in 0..rounds {
        for ((_, cap), turn) in TURNS.iter().zip(&mut turns) {
            // Else a turn may pay for the writing of the one before.
            source.client().await?.batch_execute("checkpoint").await?;
            let until = Instant::now() + lasting;
            let (times, rows) = tokio::try_join!(pgbench.run(lasting), async {
                match cap {
                    Some(cap) => host.extract_until(until, TABLE, paced(*cap)).await,
                    None => Ok(0),
                }
            })?;
            source.until_left_alone().await?;
            turn.add(&times, rows, lasting)?;
        }
    }
    host.end().await?;
    print(&turns, rounds, lasting);
    write(&turns)
}

fn paced(max_rows_per_sec: u32) -> Pacing {
    Pacing {
        max_rows_per_sec,
        ..Pacing::default()
    }
}

impl Turn {
    fn add(&mut self, sorted: &[Duration], rows: u64, lasting: Duration) -> Outcome<()> {
        let at = |part: f64| sorted.get((sorted.len() as f64 * part) as usize);
        let ms = |time: Option<&Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
        let nothing = "pgbench timed no transaction";
        self.p50_ms.push(ms(at(0.50)).ok_or(nothing)?);
        self.p99_ms.push(ms(at(0.99)).ok_or(nothing)?);
        self.rows_per_sec.push(rows as f64 / lasting.as_secs_f64());
        Ok(())
    }
}

/// The median of each round's ratio to the turn alone.
fn ratio(values: &[f64], alone: &[f64]) -> f64 {
    median(
        values
            .iter()
            .zip(alone)
            .map(|(value, alone)| value / alone)
            .collect(),
    )
}

fn print(turns: &[Turn], rounds: u64, lasting: Duration) {
    let seconds = lasting.as_secs();
    println!(
        "\npgbench, {CLIENTS} clients, {RATE} transactions/s, {rounds} rounds of {seconds} s; paced: at most {CAP} rows/s"
    );
    println!(
        "{:<10} {:>8} {:>8} {:>8} {:>8} {:>12}",
        "beside us", "p50 ms", "ratio", "p99 ms", "ratio", "our rows/s"
    );
    for ((name, _), turn) in TURNS.iter().zip(turns) {
        println!(
            "{name:<10} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>12.0}",
            median(turn.p50_ms.clone()),
            ratio(&turn.p50_ms, &turns[0].p50_ms),
            median(turn.p99_ms.clone()),
            ratio(&turn.p99_ms, &turns[0].p99_ms),
            median(turn.rows_per_sec.clone()),
        );
    }
}

fn write(turns: &[Turn]) -> Outcome<()> {
    for ((name, _), turn) in TURNS.iter().zip(turns) {
        let figures = json!({
            "name": format!("pgbench_{name}"),
            "p50_ms": rounded(median(turn.p50_ms.clone())),
            "p99_ms": rounded(median(turn.p99_ms.clone())),
            "p99_ratio": rounded(ratio(&turn.p99_ms, &turns[0].p99_ms)),
            "rows_per_sec": median(turn.rows_per_sec.clone()).round(),
        });
        write_figures(&figures)?;
    }
    Ok(())
}
