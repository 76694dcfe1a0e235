//! What an operator reads in the log when the plugins change: a line for each version that came, went or is refused.

use super::Standing;
use super::listed::Listed;
use super::slot::BUILT_IN;

/// One line for each version that went, and for each standing that began.
pub fn log(before: &[Listed], after: &[Listed]) {
    for line in before {
        if is_there(line)
            && !after
                .iter()
                .any(|other| is_there(other) && other.is_of(line))
        {
            let jobs_running = line.plugin().map_or(0, |plugin| plugin.jobs_running());
            let (plugin, digest) = (line.origin.as_str(), line.digest.as_str());
            tracing::info!(plugin, digest, jobs_running, "was replaced or removed");
        }
    }
    for line in after {
        if is_there(line) && !before.iter().any(|other| other.is_same(line)) {
            log_begun(line);
        }
    }
}

/// In the folder, or built in.
fn is_there(line: &Listed) -> bool {
    line.standing != Standing::Retired
}

fn log_begun(line: &Listed) {
    let (plugin, digest) = (line.origin.as_str(), line.digest.as_str());
    let reason = line.reason.as_deref().unwrap_or_default();
    match line.plugin() {
        Some(is) if line.standing == Standing::Serving => {
            let (kind, version) = (&is.description().kind, &is.description().version);
            tracing::info!(plugin, digest, kind, version, "serves");
        }
        // The operator put something in its place.
        Some(_) if plugin == BUILT_IN => tracing::info!(plugin, digest, "{reason}"),
        _ => tracing::warn!(plugin, digest, "{reason}"),
    }
}
