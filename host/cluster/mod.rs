//! A throw-away PostgreSQL cluster on a free loopback port, for the demo, the tests and the benchmark.
//! Nothing of it survives this process, however that ends: a watchdog, which is a shell that waits on a pipe
//! from us, stops the server and removes the folder when the pipe closes. Never for data that matters.

mod error;
mod machine;
mod watchdog;

use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::distr::Alphanumeric;
use tempfile::TempDir;

pub use error::ClusterError;
use error::cannot;
use machine::{free_port, server_programs, server_user};
use watchdog::watchdog;

/// The superuser of every cluster.
const USER: &str = "sluice";
const READY_WITHIN: Duration = Duration::from_secs(30);
/// A free port may be taken by another process before the server binds it.
const PORT_TRIES: u32 = 5;

/// A running server. Dropping it stops the server and removes its files.
pub struct Cluster {
    programs: PathBuf,
    /// Whom to run as; none when we are not root.
    user: Option<(u32, u32)>,
    folder: TempDir,
    password: String,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    watchdog: Child,
}

impl Cluster {
    /// An empty cluster with a superuser, whose password is random.
    pub fn start() -> Result<Self, ClusterError> {
        Self::start_with(&[], &[])
    }

    /// With more settings, `name=value`, and files put into the data folder, e.g. certificates.
    pub fn start_with(settings: &[&str], files: &[(&str, &[u8])]) -> Result<Self, ClusterError> {
        let programs = server_programs().ok_or(ClusterError::NotFound)?;
        let folder = tempfile::Builder::new()
            .prefix("sluice-pg-")
            .tempdir()
            .map_err(cannot("make a folder"))?;
        let user = server_user(folder.path())?;
        let watchdog = watchdog(folder.path()).map_err(cannot("start a watchdog"))?;
        let password = rand::rng()
            .sample_iter(Alphanumeric)
            .take(24)
            .map(char::from)
            .collect();
        let settings = settings.iter().map(|&setting| setting.to_owned()).collect();
        let mut cluster = Self {
            programs,
            user,
            folder,
            password,
            port: 0,
            settings,
            server: None,
            watchdog,
        };
        cluster.initialise()?;
        for (name, content) in files {
            cluster
                .put(&cluster.data().join(name), content)
                .map_err(cannot("write a file"))?;
        }
        cluster.start_on_free_port()?;
        Ok(cluster)
    }

    /// A URL for a superuser session in that database; `postgres` always exists.
    pub fn dsn(&self, database: &str) -> String {
        let mut url = url::Url::parse("postgres://127.0.0.1").expect("a constant URL");
        let parts = url
            .set_username(USER)
            .and_then(|()| url.set_password(Some(&self.password)));
        parts
            .and_then(|()| url.set_port(Some(self.port)))
            .expect("a URL with a host takes these");
        url.path_segments_mut()
            .expect("a URL with a host has a path")
            .push(database);
        url.into()
    }

    /// The folder of the server's Unix socket.
    pub fn socket_folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Another program of the same installation, e.g. `pgbench`, if it is there.
    pub fn tool(&self, name: &str) -> Option<PathBuf> {
        // What is on the PATH may be links to some of the installation's programs.
        let server = self.programs.join("postgres").canonicalize().ok()?;
        Some(server.with_file_name(name)).filter(|path| path.is_file())
    }

    /// Creates a database of exactly that name.
    pub async fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        let failed = |source| ClusterError::Database { source };
        let connected = tokio_postgres::connect(&self.dsn("postgres"), tokio_postgres::NoTls).await;
        let (client, connection) = connected.map_err(failed)?;
        // Ends with the client, at the end of this function.
        tokio::spawn(connection);
        let sql = format!("create database \"{}\"", name.replace('"', "\"\""));
        client.batch_execute(&sql).await.map_err(failed)
    }

    /// Ends all sessions and stops the server; [`Cluster::restart`] brings it back.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        self.stop_by("fast")
    }

    /// As a crash does: sessions are cut, and the next start recovers.
    pub fn stop_immediate(&mut self) -> Result<(), ClusterError> {
        self.stop_by("immediate")
    }

    /// Starts the server again at the same address, stopping it first if it runs.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        if self.server.is_some() {
            self.stop()?;
        }
        self.launch()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn stop_by(&mut self, mode: &str) -> Result<(), ClusterError> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--no-wait", "--silent", "--mode", mode, "--pgdata"])
            .arg(self.data());
        run("pg_ctl", stop)?;
        server.wait().map_err(cannot("wait for the server"))?;
        Ok(())
    }

    fn initialise(&self) -> Result<(), ClusterError> {
        let password = self.folder.path().join("password");
        self.put(&password, self.password.as_bytes())
            .map_err(cannot("write a file"))?;
        let mut initdb = self.program("initdb");
        initdb.args([
            "--no-sync",
            "--auth=scram-sha-256",
            "--locale=C",
            "--encoding=UTF8",
            "--username",
            USER,
        ]);
        initdb
            .arg("--pwfile")
            .arg(&password)
            .arg("--pgdata")
            .arg(self.data());
        run("initdb", initdb)?;
        std::fs::remove_file(password).map_err(cannot("remove a file"))
    }

    /// Writes a file that the server's user may read and nobody else.
    fn put(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        std::fs::write(path, content)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        match self.user {
            Some((user, group)) => chown(path, Some(user), Some(group)),
            None => Ok(()),
        }
    }

    fn start_on_free_port(&mut self) -> Result<(), ClusterError> {
        for _ in 1..PORT_TRIES {
            self.port = free_port().map_err(cannot("find a free port"))?;
            if self.launch().is_ok() {
                return Ok(());
            }
        }
        self.port = free_port().map_err(cannot("find a free port"))?;
        self.launch()
    }

    fn launch(&mut self) -> Result<(), ClusterError> {
        let log = std::fs::File::create(self.log()).map_err(cannot("write a log"))?;
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(self.data())
            .arg("-k")
            .arg(self.folder.path());
        server.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        // Durability is for data that matters; the rest keeps bulk loads quick in little memory.
        for setting in [
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            "shared_buffers=64MB",
            "max_wal_size=4GB",
            "max_connections=100",
        ] {
            server.args(["-c", setting]);
        }
        for setting in &self.settings {
            server.args(["-c", setting]);
        }
        server
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let mut started = server.spawn().map_err(cannot("start the server"))?;
        if let Err(error) = self.await_ready(&mut started) {
            // It may have ended by itself.
            let _ = started.kill();
            let _ = started.wait();
            return Err(error);
        }
        self.server = Some(started);
        Ok(())
    }

    /// The server writes its state into its pid file, as `pg_ctl` reads it too.
    fn await_ready(&self, server: &mut Child) -> Result<(), ClusterError> {
        let deadline = Instant::now() + READY_WITHIN;
        let pid = server.id().to_string();
        let pid_file = self.data().join("postmaster.pid");
        while Instant::now() < deadline {
            let state = std::fs::read_to_string(&pid_file).unwrap_or_default();
            let mut lines = state.lines();
            if lines.next() == Some(&pid) && lines.nth(6).is_some_and(|line| line.trim() == "ready")
            {
                return Ok(());
            }
            if server
                .try_wait()
                .map_err(cannot("wait for the server"))?
                .is_some()
            {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let log = std::fs::read_to_string(self.log()).unwrap_or_default();
        Err(ClusterError::NotReady {
            log: log.trim().to_owned(),
        })
    }

    /// What the server says, since its last start.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// A program of the server, as its user, in a process group of its own so that Ctrl-C reaches only us.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command
            .current_dir(self.folder.path())
            .process_group(0)
            .env_remove("PGDATA")
            .env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The same way as when we are killed. Waiting for the server takes its process id out of the table.
        drop(self.watchdog.stdin.take());
        if let Some(mut server) = self.server.take() {
            let _ = server.wait();
        }
        let _ = self.watchdog.wait();
    }
}

fn run(tool: &'static str, mut command: Command) -> Result<(), ClusterError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(cannot("run a program of the server"))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Tool { tool, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cluster_stops_comes_back_and_leaves_nothing() {
        let mut cluster = Cluster::start().unwrap();
        cluster.create_database("a \"b\"").await.unwrap();
        cluster.stop_immediate().unwrap();
        assert!(
            tokio_postgres::connect(&cluster.dsn("postgres"), tokio_postgres::NoTls)
                .await
                .is_err()
        );
        cluster.restart().unwrap();
        let (client, connection) =
            tokio_postgres::connect(&cluster.dsn("a \"b\""), tokio_postgres::NoTls)
                .await
                .unwrap();
        tokio::spawn(connection);
        let name: String = client
            .query_one("select current_database()::text", &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(name, "a \"b\"");
        let folder = cluster.socket_folder().to_owned();
        drop(cluster);
        assert!(!folder.exists());
    }
}
