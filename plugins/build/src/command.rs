//! Child processes with an environment that an outer cargo has not marked, and with a time limit.

use std::env;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Settings of the user, as opposed to what cargo tells its children.
const KEPT: &[&str] = &[
    "CARGO_HOME",
    "CARGO_MAKEFLAGS",
    "CARGO_BUILD_JOBS",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_AUTO_INSTALL",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_UPDATE_ROOT",
    "RUST_BACKTRACE",
];
const KEPT_PREFIXES: &[&str] = &[
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
];
/// What cargo sets for build scripts beside its `CARGO…` and `RUST…` variables.
const OF_BUILD_SCRIPTS: &[&str] = &[
    "OUT_DIR",
    "TARGET",
    "HOST",
    "NUM_JOBS",
    "OPT_LEVEL",
    "PROFILE",
    "DEBUG",
    "LD_LIBRARY_PATH",
];

/// A command without the wrappers, flags and folders of the cargo that runs us. Its stdout is closed:
/// in a build script cargo reads ours.
pub fn clean(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        if is_of_outer_cargo(name) {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn is_of_outer_cargo(name: &str) -> bool {
    if KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return false;
    }
    name.starts_with("CARGO") || name.starts_with("RUST") || OF_BUILD_SCRIPTS.contains(&name)
}

/// First line of what a command prints, if it succeeds.
pub fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = clean(program)
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Whether the command ended well within the limit. One that did not end is killed.
pub fn succeeds_within(mut command: Command, limit: Duration) -> bool {
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if started.elapsed() < limit => sleep(Duration::from_millis(50)),
            Ok(None) | Err(_) => break,
        }
    }
    // It may have ended by itself just now; then there is nothing to kill.
    let _ended = child.kill();
    let _reaped = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_flags_of_the_outer_cargo_are_removed() {
        for name in [
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_TARGET_DIR",
            "RUSTFLAGS",
            "OUT_DIR",
        ] {
            assert!(is_of_outer_cargo(name), "{name}");
        }
        for name in [
            "CARGO_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO_NET_OFFLINE",
            "PATH",
            "HTTPS_PROXY",
        ] {
            assert!(!is_of_outer_cargo(name), "{name}");
        }
    }

    #[test]
    fn a_command_that_does_not_end_is_killed() {
        let mut endless = clean("sleep");
        endless.arg("600");
        assert!(!succeeds_within(endless, Duration::from_millis(100)));
        assert!(succeeds_within(clean("true"), Duration::from_secs(60)));
        assert!(!succeeds_within(clean("false"), Duration::from_secs(60)));
    }
}
