//! What the plugin boundary costs: pages of 5,000 rows × 16 columns by each way across it, instances, a load from the cache,
//! and good jobs among hostile ones.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sluice::connection::Connections;
use sluice::model::pacing::{Isolation, Pacing};
use sluice::model::source::Source as TableSource;
use sluice::plugin::{Limits, Plugin, Probe, ReadRequest, Reader, Registry, Step};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::Outcome;
use super::job::table_source;
use super::report::{median, rounded, write_figures};
use super::table::CONNECTION;

/// The ways of `tests/plugins/boundary`, and what each page holds.
const WAYS: [(&str, &str); 4] = [
    ("handle", "handle only"),
    ("column", "one column of numbers read"),
    ("by-columns", "built in the guest, by columns"),
    ("by-rows", "built in the guest, by rows"),
];
const PAGE_ROWS: u32 = 5_000;
const PAGES: usize = 300;
const INSTANCES: usize = 301;
const LOADS: usize = 21;

/// Jobs at a time, and how many of them break rules.
const JOBS: usize = 200;
const HOSTILE: usize = 150;
const ROUNDS: usize = 5;
/// Each ends by itself, or is ended.
const FAULTS: [&str; 5] = ["trap", "recurse", "allocate", "huge-answer", "spin"];
/// Rows of a good read.
const GOOD_ROWS: u64 = 500;

pub async fn measure() -> Outcome<()> {
    let guests = Guests::build()?;
    let plugin = guests.plugin("boundary").await?;
    println!("\npages of {PAGE_ROWS} rows × 16 columns, µs at the median of {PAGES}:");
    let mut figures = serde_json::Map::from_iter([("name".to_owned(), json!("boundary"))]);
    for (way, what) in WAYS {
        let micros = pages(&guests, &plugin, way).await?;
        println!("{micros:>10.1}   {what}");
        figures.insert(format!("{way}_us"), json!(rounded(micros)));
    }
    let instance = instances(&plugin).await?;
    println!("{instance:>10.1}   an instance, made, asked to describe itself, and dropped");
    figures.insert("instance_us".into(), json!(rounded(instance)));
    let load = loads(&guests).await?;
    println!("{load:>10.1}   the built-in plugins and two files loaded from the cache");
    figures.insert("load_us".into(), json!(rounded(load)));
    let (alone, among) = crowds(&guests).await?;
    println!(
        "{} good reads took {alone:.0} ms alone, {among:.0} ms beside {HOSTILE} hostile ones; none was harmed",
        JOBS - HOSTILE
    );
    figures.insert("good_alone_ms".into(), json!(rounded(alone)));
    figures.insert("good_among_hostile_ms".into(), json!(rounded(among)));
    write_figures(&figures.into())
}

/// A plugins folder with the two guests of the tests, and a connection that they do not use.
struct Guests {
    folder: TempDir,
    connections: Connections,
}

impl Guests {
    fn build() -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        for directory in ["plugins", "files"] {
            std::fs::create_dir(folder.path().join(directory))?;
        }
        for package in ["plugin-boundary", "plugin-misbehaving"] {
            let built = plugin_build::build_component(
                package,
                &std::env::current_dir()?,
                Path::new(env!("PLUGIN_TARGET_DIR")),
            )?;
            let file = folder
                .path()
                .join("plugins")
                .join(format!("{package}.wasm"));
            std::fs::copy(built, file)?;
        }
        let entry =
            json!({ CONNECTION: { "kind": "files", "dsn": "files", "max_sessions": JOBS } });
        let file = folder.path().join("connections.json");
        std::fs::write(&file, entry.to_string())?;
        let connections = Connections::open(&file);
        Ok(Self {
            folder,
            connections,
        })
    }

    async fn load(&self) -> Outcome<Registry> {
        let folder = |name| self.folder.path().join(name);
        let limits = Limits {
            cpu_per_call: Duration::from_millis(200),
            ..Limits::default()
        };
        Ok(Registry::load(&folder("plugins"), &folder("compiled"), limits).await?)
    }

    async fn plugin(&self, kind: &str) -> Outcome<Arc<Plugin>> {
        let plugin = self.load().await?.get(kind);
        Ok(plugin.ok_or_else(|| format!("the guest {kind} was refused"))?)
    }

    /// Opens a read that the guest does as the table's name says.
    async fn open(&self, plugin: &Arc<Plugin>, table: &str) -> Outcome<Reader> {
        let isolation = Isolation::ReadCommitted;
        let session = self
            .connections
            .connect(CONNECTION, "sluice/bench", isolation);
        let request = ReadRequest {
            source: TableSource {
                kind: plugin.description().kind.clone(),
                table: table.to_owned(),
                cursor_column: "id".into(),
                ..table_source(table)
            },
            resume: None,
            pacing: Pacing::default(),
            continued: false,
        };
        Ok(plugin.open_reader(session.await?, request).await?)
    }
}

/// Microseconds of a page.
async fn pages(guests: &Guests, plugin: &Arc<Plugin>, way: &str) -> Outcome<f64> {
    let mut reader = guests.open(plugin, way).await?;
    let mut times = Vec::new();
    for _ in 0..PAGES {
        let started = Instant::now();
        let Step::Rows(page) = reader.next(PAGE_ROWS).await? else {
            return Err(format!("the way {way} has an end").into());
        };
        times.push(micros(started));
        if page.batch.num_rows() != PAGE_ROWS as usize {
            return Err(format!("the way {way} gave {} rows", page.batch.num_rows()).into());
        }
    }
    Ok(median(times))
}

async fn instances(plugin: &Arc<Plugin>) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..INSTANCES {
        let started = Instant::now();
        Probe::new(plugin).await?.describe().await?;
        times.push(micros(started));
    }
    Ok(median(times))
}

async fn loads(guests: &Guests) -> Outcome<f64> {
    let mut times = Vec::new();
    for _ in 0..LOADS {
        let started = Instant::now();
        drop(guests.load().await?);
        times.push(micros(started));
    }
    Ok(median(times))
}

/// Milliseconds until the last good read has ended, without and with hostile ones beside them.
async fn crowds(guests: &Guests) -> Outcome<(f64, f64)> {
    let plugin = guests.plugin("misbehaving").await?;
    let (mut alone, mut among) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(crowd(guests, &plugin, 0).await?);
        among.push(crowd(guests, &plugin, HOSTILE).await?);
    }
    Ok((median(alone), median(among)))
}

async fn crowd(guests: &Guests, plugin: &Arc<Plugin>, hostile: usize) -> Outcome<f64> {
    let (mut good, mut bad) = (JoinSet::new(), JoinSet::new());
    let started = Instant::now();
    for fault in FAULTS.iter().cycle().take(hostile) {
        let reader = guests.open(plugin, fault).await?;
        bad.spawn(rows(reader));
    }
    for _ in HOSTILE..JOBS {
        let reader = guests.open(plugin, "good").await?;
        good.spawn(rows(reader));
    }
    while let Some(read) = good.join_next().await {
        let rows = read??;
        if rows != GOOD_ROWS {
            return Err(format!("a good read ended after {rows} rows of {GOOD_ROWS}").into());
        }
    }
    let took = micros(started) / 1000.0;
    while let Some(read) = bad.join_next().await {
        if let Ok(rows) = read? {
            return Err(format!("a hostile read gave {rows} rows").into());
        }
    }
    Ok(took)
}

async fn rows(mut reader: Reader) -> Outcome<u64> {
    let mut rows = 0;
    loop {
        match reader.next(10).await? {
            Step::Rows(page) => rows += page.batch.num_rows() as u64,
            Step::Wait { .. } => {}
            Step::Done { .. } => return Ok(rows),
        }
    }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}
