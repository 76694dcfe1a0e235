//! The most memory that a process had at once, as Linux counts it. Not from `wait4`: its figure is never less than what the
//! parent had when the child was forked.

use std::fs;

use super::Outcome;

/// The high-water mark of a process, or of `self`.
pub fn peak_mib(process: &str) -> Outcome<f64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    match kib.and_then(|kib| kib.trim().parse::<f64>().ok()) {
        Some(kib) => Ok(kib / 1024.0),
        None => Err(format!("{path} has no peak").into()),
    }
}

/// Sets this process's mark to what it has now (`clear_refs` in proc(5)).
pub fn forget_peak() -> Outcome<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}
