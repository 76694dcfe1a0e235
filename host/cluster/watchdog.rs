//! The shell that outlives us for a moment: it waits on a pipe whose other end only this process has, and then
//! stops the server and removes the folder. So `kill -9` leaves nothing behind either.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `$0` is the folder. An immediate shutdown first; a server that hangs is killed after 5 s.
const WATCHDOG: &str = r#"read -r _
pid=$(head -n 1 "$0/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid"; n=0
  while kill -0 "$pid"; do
    n=$((n + 1)); [ "$n" -eq 100 ] && kill -KILL "$pid"; [ "$n" -gt 120 ] && break
    sleep 0.05
  done
fi
rm -rf "$0""#;

/// Ends when its `stdin` is closed, after the server.
pub fn watchdog(folder: &Path) -> io::Result<Child> {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(WATCHDOG)
        .arg(folder)
        .current_dir("/")
        .process_group(0);
    shell
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
