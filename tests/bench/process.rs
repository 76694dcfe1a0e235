//! What only the real binary can tell: its memory, and how soon it is ready.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use super::Outcome;
use super::memory::peak_mib;
use super::table::{CONNECTION, FEWER, KEY, Source, TABLE};

/// The mark only grows: the last look before the end tells it but for this time.
const LOOK: Duration = Duration::from_millis(5);
const STARTS: usize = 7;

/// The most memory of `sluice extract`, in MiB.
pub struct Peaks {
    pub fewer_rows: u64,
    pub fewer_mib: f64,
    pub all_mib: f64,
}

pub async fn peaks_of_extract(source: &Source) -> Outcome<Peaks> {
    let folder = data_folder(&source.connections())?;
    let table = |table| {
        [
            "--connection",
            CONNECTION,
            "--table",
            table,
            "--cursor-column",
            KEY,
        ]
    };
    // The compiler of plugins takes more than any job, once.
    peak_of(folder.path(), &table(FEWER), "first").await?;
    Ok(Peaks {
        fewer_rows: source.fewer_rows,
        fewer_mib: peak_of(folder.path(), &table(FEWER), "fewer").await?,
        all_mib: peak_of(folder.path(), &table(TABLE), "all").await?,
    })
}

/// The most memory of `sluice extract` with these arguments.
pub async fn peak_of(folder: &Path, table: &[&str], dest_table: &str) -> Outcome<f64> {
    let mut child = sluice(folder)
        .args(["extract", "--kb", "bench"])
        .args(table)
        .args(["--dest-table", dest_table])
        .stdout(Stdio::null())
        .spawn()?;
    let id = child
        .id()
        .ok_or("an ended process has no number")?
        .to_string();
    let mut peak = 0.0;
    loop {
        // A process that is ending has no memory any more.
        peak = peak_mib(&id).unwrap_or(peak);
        if let Some(status) = child.try_wait()? {
            return if status.success() {
                Ok(peak)
            } else {
                Err(format!("sluice extract: {status}").into())
            };
        }
        sleep(LOOK).await;
    }
}

/// From starting the program to its word `ready`, with the plugins compiled before.
pub async fn starts(source: &Source) -> Outcome<Vec<Duration>> {
    let folder = data_folder(&source.connections())?;
    start_and_stop(folder.path()).await?;
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(start_and_stop(folder.path()).await?);
    }
    Ok(times)
}

async fn start_and_stop(folder: &Path) -> Outcome<Duration> {
    let started = Instant::now();
    let mut child = sluice(folder)
        .arg("serve")
        .env("SLUICE_LISTEN", "127.0.0.1:0")
        .env("SLUICE_LOG", "warn")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("the output is piped")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "ready" {
            let took = started.elapsed();
            stop(child).await?;
            return Ok(took);
        }
    }
    Err("sluice serve ended before it was ready".into())
}

/// Asks it to end, and waits for that.
async fn stop(mut child: Child) -> Outcome<()> {
    let id = child.id().ok_or("an ended process has no number")?;
    let asked = Command::new("kill").arg(id.to_string()).status().await?;
    if !asked.success() {
        return Err("cannot stop sluice serve".into());
    }
    child.wait().await?;
    Ok(())
}

/// The binary of this build on a data folder, with no settings but those given here.
fn sluice(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"SLUICE_") {
            command.env_remove(name);
        }
    }
    command.env("SLUICE_DATA_DIR", folder).kill_on_drop(true);
    command
}

pub fn data_folder(connections: &str) -> Outcome<TempDir> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("connections.json"), connections)?;
    Ok(folder)
}
