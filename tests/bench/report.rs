//! What was measured, for a person and as files: medians, and the median of each round's ratio to the same round's floor.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::Outcome;
use super::contenders::{EXTRACT, FLOOR, NAMES, READ, READ_NATIVE};
use super::process::Peaks;

/// What each contender owes, as a part of the floor.
const OWED: [(&str, f64); 2] = [(EXTRACT, 0.85), (READ, 1.0)];
const OWED_MIB: f64 = 200.0;

/// All turns of all rounds.
pub struct Report {
    rows: u64,
    turns: Vec<Turn>,
}

struct Turn {
    name: &'static str,
    rows_per_sec: f64,
    peak_mib: f64,
}

impl Report {
    pub fn new(rows: u64) -> Self {
        Self {
            rows,
            turns: Vec::new(),
        }
    }

    pub fn add(&mut self, name: &'static str, took: Duration, peak_mib: f64) {
        let rows_per_sec = self.rows as f64 / took.as_secs_f64();
        self.turns.push(Turn {
            name,
            rows_per_sec,
            peak_mib,
        });
    }

    pub fn print_round(&self, round: usize) {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        if round == 0 {
            println!("warm-up done, load {load}");
            return;
        }
        let rates = NAMES.map(|name| match self.rates(name).last() {
            Some(rate) => format!("{name} {:.0}", rate / 1000.0),
            None => name.to_owned(),
        });
        println!(
            "round {round}: thousand rows/s: {}; load {load}",
            rates.join(", ")
        );
    }

    pub fn print_rates(&self) {
        println!("\n{:<14} {:>10} {:>10}", "", "rows/s", "of floor");
        for name in NAMES {
            let owed = OWED.iter().find(|(other, _)| *other == name);
            let owed = owed.map_or(String::new(), |(_, owed)| format!("   owed {owed:.2}"));
            println!(
                "{name:<14} {:>10.0} {:>10.3}{owed}",
                median(self.rates(name)),
                self.ratio(name, FLOOR)
            );
        }
        let cost = 100.0 * (1.0 - self.ratio(READ, READ_NATIVE));
        println!("cost of WASM   {cost:>10.1} %              owed at most 2 %");
    }

    pub fn print_memory(&self, peaks: &Peaks) {
        println!(
            "\npeak memory of sluice extract: {:.0} MiB for {} rows, {:.0} MiB for {} rows   owed at most {OWED_MIB:.0}, flat",
            peaks.fewer_mib, peaks.fewer_rows, peaks.all_mib, self.rows
        );
    }

    pub fn print_times(&self, what: &str, owed_ms: u32, times: &[Duration]) {
        let times: Vec<f64> = times
            .iter()
            .map(|time| time.as_secs_f64() * 1000.0)
            .collect();
        let (least, most) = times
            .iter()
            .fold((f64::MAX, 0.0_f64), |(least, most), time| {
                (least.min(*time), most.max(*time))
            });
        println!(
            "{what}: {:.0} ms at the median, {least:.0} to {most:.0}   owed at most {owed_ms}",
            median(times)
        );
    }

    /// One file a contender, `target/bench/<name>.json`.
    pub fn write(&self, peaks: &Peaks) -> Outcome<()> {
        for name in [EXTRACT, READ, READ_NATIVE] {
            let peak = if name == EXTRACT {
                peaks.all_mib
            } else {
                self.peak_mib(name)
            };
            let figures = serde_json::json!({
                "name": name,
                "rows_per_sec": median(self.rates(name)).round(),
                "floor_rows_per_sec": median(self.rates(FLOOR)).round(),
                "ratio": rounded(self.ratio(name, FLOOR)),
                "peak_rss_mb": rounded(peak),
            });
            write_figures(&figures)?;
        }
        Ok(())
    }

    fn rates(&self, name: &str) -> Vec<f64> {
        let turns = self.turns.iter().filter(|turn| turn.name == name);
        turns.map(|turn| turn.rows_per_sec).collect()
    }

    fn peak_mib(&self, name: &str) -> f64 {
        let turns = self.turns.iter().filter(|turn| turn.name == name);
        turns.map(|turn| turn.peak_mib).fold(0.0, f64::max)
    }

    /// Of turns in the same round, which saw the same machine.
    fn ratio(&self, name: &str, to: &str) -> f64 {
        let pairs = self.rates(name).into_iter().zip(self.rates(to));
        median(pairs.map(|(rate, floor)| rate / floor).collect())
    }
}

/// `target/bench/<name>.json`, by the `name` among the figures.
pub fn write_figures(figures: &Value) -> Outcome<()> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("bench");
    std::fs::create_dir_all(&folder)?;
    let name = figures["name"].as_str().ok_or("figures have a name")?;
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, format!("{figures:#}\n"))?;
    println!("written to {}", path.display());
    Ok(())
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => f64::NAN,
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

pub fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
