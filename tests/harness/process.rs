//! One `sluice serve`, from its first line to its end. Killed when dropped, and when the test process ends.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A host that has not ended so long after SIGTERM hangs.
const LONGEST_STOP: Duration = Duration::from_secs(30);

pub struct Process {
    pub address: String,
    pub connector: String,
    /// Shown at the first start only.
    pub first_key: Option<String>,
    child: Child,
    log: Arc<Mutex<String>>,
}

impl Process {
    /// Starts the real binary on a data folder and a free port, and waits until it is ready.
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        command
            .arg("serve")
            .env("SLUICE_DATA_DIR", data)
            .env("SLUICE_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        end_with_parent(&mut command);
        let mut child = command.spawn().expect("the binary starts");
        let log = collect(child.stderr.take().expect("piped"));
        let mut process = Self {
            address: String::new(),
            connector: String::new(),
            first_key: None,
            child,
            log,
        };
        process.read_announcement();
        process
    }

    fn read_announcement(&mut self) {
        let stdout = BufReader::new(self.child.stdout.take().expect("piped"));
        for line in stdout.lines() {
            let line = line.expect("text");
            match line
                .split_once(char::is_whitespace)
                .map(|(word, rest)| (word, rest.trim()))
            {
                None if line == "ready" => return,
                Some(("sluice", rest)) => {
                    self.address = rest
                        .rsplit("http://")
                        .next()
                        .expect("an address")
                        .to_owned();
                }
                Some(("connector", id)) => self.connector = id.to_owned(),
                Some(("api", rest)) => {
                    self.first_key = rest.strip_prefix("key").map(|key| key.trim().to_owned())
                }
                _ => {}
            }
        }
        panic!("the host did not start: {}", self.log());
    }

    /// What it has written to its log so far.
    pub fn log(&self) -> String {
        self.log.lock().expect("no panic while held").clone()
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    pub fn kill(&mut self) {
        self.child.kill().expect("ours to kill");
        self.child.wait().expect("ours to wait for");
    }

    /// SIGTERM, then the end.
    pub fn terminate(&mut self) -> ExitStatus {
        self.signal(libc::SIGTERM);
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("ours to wait for") {
                return status;
            }
            assert!(start.elapsed() < LONGEST_STOP, "no end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGSTOP: it does nothing until [`Process::resume`], and nobody is told.
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    /// What it holds in memory now.
    pub fn resident_mib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kib.expect("in kB").parse::<u64>().expect("a number") / 1024
    }

    fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: kill(2) takes numbers only, and the child has not been waited for, so the id is still its own.
        unsafe { libc::kill(pid, signal) };
    }

    /// No file of the process may become larger than this; none: the bound is gone. Stands in for a full disk.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        let limit = libc::rlimit {
            rlim_cur: bytes.unwrap_or(libc::RLIM_INFINITY),
            rlim_max: libc::RLIM_INFINITY,
        };
        // SAFETY: prlimit(2) reads the struct during the call, and the child has not been waited for.
        let done = unsafe { libc::prlimit(pid, libc::RLIMIT_FSIZE, &limit, std::ptr::null_mut()) };
        assert_eq!(done, 0, "our own child");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A test that is killed runs no destructors.
fn end_with_parent(command: &mut Command) {
    // SAFETY: prctl(2) and signal(2) are async-signal-safe and touch only the new process.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            // See `limit_files`: an error then, as a full disk gives, and not a signal.
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            Ok(())
        });
    }
}

/// Reads to the end in a thread, so that the host never blocks on a full pipe.
fn collect(mut from: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&log);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            into.lock()
                .expect("no panic while held")
                .push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    });
    log
}
