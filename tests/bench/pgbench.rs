//! pgbench as the load of somebody else's application: its built-in transactions at a fixed rate, each timed from the
//! moment it was due, so that a wait in the line counts too.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::process::Command;

use super::Outcome;
use super::table::Source;

/// Times 100,000 accounts.
const SCALE: u32 = 10;
pub const CLIENTS: u32 = 4;
/// Transactions per second in all: a tenth of what two cores give, so that somebody else finds room beside it.
pub const RATE: u32 = 200;

pub struct Pgbench {
    program: PathBuf,
    /// Where the cluster is and who may enter, as libpq reads it: arguments could be seen by everybody.
    login: [(&'static str, String); 5],
    logs: TempDir,
}

impl Pgbench {
    /// Makes its tables. None: the server's package came without the program.
    pub async fn prepare(source: &Source) -> Outcome<Option<Self>> {
        let Some(program) = source.cluster.tool("pgbench") else {
            return Ok(None);
        };
        let url = url::Url::parse(&source.dsn())?;
        let login = [
            ("PGHOST", url.host_str().unwrap_or_default().to_owned()),
            ("PGPORT", source.cluster.port().to_string()),
            ("PGUSER", url.username().to_owned()),
            ("PGPASSWORD", url.password().unwrap_or_default().to_owned()),
            ("PGDATABASE", url.path().trim_start_matches('/').to_owned()),
        ];
        let pgbench = Self {
            program,
            login,
            logs: tempfile::tempdir()?,
        };
        let scale = SCALE.to_string();
        pgbench
            .call(&["--initialize", "--quiet", "--scale", &scale])
            .await?;
        Ok(Some(pgbench))
    }

    /// How long each transaction took, sorted.
    pub async fn run(&self, lasting: Duration) -> Outcome<Vec<Duration>> {
        let prefix = format!("run-{}", uuid::Uuid::now_v7().simple());
        let (clients, rate) = (CLIENTS.to_string(), RATE.to_string());
        let (time, log_prefix) = (
            lasting.as_secs().to_string(),
            self.logs.path().join(&prefix),
        );
        let log_prefix = log_prefix.to_str().ok_or("the folder's name is not text")?;
        let mut arguments = vec!["--no-vacuum", "--log", "--log-prefix", log_prefix];
        arguments.extend(["--client", &clients, "--rate", &rate, "--time", &time]);
        self.call(&arguments).await?;
        let mut times = Vec::new();
        for entry in std::fs::read_dir(self.logs.path())? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                times.extend(
                    std::fs::read_to_string(entry.path())?
                        .lines()
                        .filter_map(time_of),
                );
            }
        }
        times.sort();
        Ok(times)
    }

    async fn call(&self, arguments: &[&str]) -> Outcome<()> {
        let mut command = Command::new(&self.program);
        command.args(arguments).envs(self.login.iter().cloned());
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("pgbench: {}", said.trim()).into())
    }
}

/// A line of its log is `client transaction microseconds …`; there is a word instead of a number if it did not succeed.
fn time_of(line: &str) -> Option<Duration> {
    let micros = line.split(' ').nth(2)?.parse().ok()?;
    Some(Duration::from_micros(micros))
}
