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

/// Which rows a session of SQL Server sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Committed ones; it waits for the others, unless the database keeps versions of rows.
    ReadCommitted,
    /// All, without waiting: some may never be committed.
    ReadUncommitted,
}

impl Pacing {
    pub fn isolation(&self) -> Isolation {
        if self.read_uncommitted {
            Isolation::ReadUncommitted
        } else {
            Isolation::ReadCommitted
        }
    }

    /// Whether the job waits between batches, so that nothing may stay open on the source.
    pub fn waits(&self) -> bool {
        self.batch_delay_ms > 0 || self.max_rows_per_sec > 0
    }
}

/// What a job has waited for, in milliseconds. It takes no time of the source's, and holds nothing open there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waited {
    /// Between batches.
    pub batch_delay_ms: u64,
    /// For the cap in rows per second, beyond the delay.
    pub max_rows_per_sec_ms: u64,
    /// For the source's transactions in flight, as its plugin asked.
    pub source_ms: u64,
}

impl Waited {
    /// For pacing.
    pub fn throttled_ms(self) -> u64 {
        self.batch_delay_ms + self.max_rows_per_sec_ms
    }
}

impl std::ops::AddAssign for Waited {
    fn add_assign(&mut self, more: Self) {
        self.batch_delay_ms += more.batch_delay_ms;
        self.max_rows_per_sec_ms += more.max_rows_per_sec_ms;
        self.source_ms += more.source_ms;
    }
}
