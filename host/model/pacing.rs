//! How gently to read. Zero means unthrottled everywhere.

use serde::{Deserialize, Serialize};

/// Load that a job may put on its source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pacing {
    /// Milliseconds to sleep between batches.
    pub batch_delay_ms: u64,
    /// Sustained cap over the whole job.
    pub max_rows_per_sec: u32,
    /// SQL Server's `OPTION (MAXDOP n)`.
    pub max_dop: u32,
    /// SQL Server: read without shared locks.
    pub read_uncommitted: bool,
}

impl Pacing {
    /// Whether the job waits between batches, so that nothing may stay open on the source.
    pub fn waits(&self) -> bool {
        self.batch_delay_ms > 0 || self.max_rows_per_sec > 0
    }
}
