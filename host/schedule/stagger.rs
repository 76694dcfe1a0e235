//! How many runs may start at once. Pure. Syncs that fall due together, after a restart or because a script made them,
//! would hit their sources together: what is too much waits a moment, and keeps the distance from then on.

use chrono::{DateTime, TimeDelta, Utc};

/// Runs that may start within one span.
const STARTS: u32 = 10;
const SPAN: TimeDelta = TimeDelta::milliseconds(250);

/// The starts of the current span.
#[derive(Debug, Default)]
pub struct Stagger {
    since: Option<DateTime<Utc>>,
    started: u32,
}

impl Stagger {
    /// How many runs may start now.
    pub fn left(&mut self, now: DateTime<Utc>) -> u32 {
        // A clock that was set back begins a span, too.
        if self
            .since
            .is_none_or(|since| now < since || now >= since + SPAN)
        {
            self.since = Some(now);
            self.started = 0;
        }
        STARTS - self.started
    }

    /// One of those has started.
    pub fn count(&mut self) {
        self.started += 1;
    }

    /// When more may start than now.
    pub fn next(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.since.map_or(now, |since| since + SPAN)
    }
}
