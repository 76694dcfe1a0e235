//! Asks rustup for the wasm target once, and remembers when it could not: offline, each try costs a wait.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::command;
use crate::toolchain::TARGET;

/// The target is a download of about 25 MB.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// A machine that was offline may be online again.
const FAILURE_REMEMBERED: Duration = Duration::from_secs(6 * 60 * 60);

/// Whether the wasm target is installed now.
pub fn add_target(target_dir: &Path) -> bool {
    let marker = target_dir.join("rustup-target-add-failed");
    if is_recent(&marker) {
        return false;
    }
    let mut add = command::clean("rustup");
    add.args(["target", "add", TARGET]).stderr(Stdio::null());
    let added = command::succeeds_within(add, TIME_LIMIT);
    if !added {
        // Without the marker the next build only tries again.
        let _remembered = fs::write(
            &marker,
            "rustup target add failed; delete this file to try again at once\n",
        );
    }
    added
}

fn is_recent(marker: &Path) -> bool {
    let modified = fs::metadata(marker).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FAILURE_REMEMBERED))
}
