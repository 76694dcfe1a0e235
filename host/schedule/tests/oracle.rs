//! When runs must start, in the plainest words: the rule of the API, written without a look at the code under test.
//! Cron times are found by trying every minute.

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

use super::world::Fails;

const TICK: TimeDelta = TimeDelta::seconds(30);
const HOUR: TimeDelta = TimeDelta::hours(1);

/// The cron expressions that occur.
#[derive(Debug, Clone, Copy)]
pub enum Times {
    /// `m h * * *`
    Daily { hour: u32, minute: u32 },
    /// `m * * * *`
    Hourly { minute: u32 },
    /// `m h * * 1`
    OnMondays { hour: u32, minute: u32 },
}

#[derive(Debug, Clone, Copy)]
pub enum When {
    Every(TimeDelta),
    Cron(Times, Tz),
    Manual,
}

impl When {
    pub fn expression(times: Times) -> String {
        match times {
            Times::Daily { hour, minute } => format!("{minute} {hour} * * *"),
            Times::Hourly { minute } => format!("{minute} * * * *"),
            Times::OnMondays { hour, minute } => format!("{minute} {hour} * * 1"),
        }
    }
}

/// One sync as it should be.
#[derive(Debug)]
pub struct Expected {
    pub when: When,
    pub enabled: bool,
    pub running: bool,
    pub failures: u32,
    pub started: u64,
    pub completed: u64,
    pub failed: u64,
    since: DateTime<Utc>,
    last_start: Option<DateTime<Utc>>,
    /// When it may start again. None: while nobody asks, never.
    pub due: Option<DateTime<Utc>>,
    /// From when on nothing but the due time was in the way.
    pub free_since: DateTime<Utc>,
}

impl Expected {
    pub fn new(when: When, now: DateTime<Utc>) -> Self {
        let mut new = Self {
            when,
            enabled: true,
            running: false,
            failures: 0,
            started: 0,
            completed: 0,
            failed: 0,
            since: now,
            last_start: None,
            due: None,
            free_since: now,
        };
        new.plan();
        new
    }

    /// From when on a run is owed.
    pub fn owed_from(&self) -> Option<DateTime<Utc>> {
        let due = self.due.filter(|_| self.enabled && !self.running)?;
        Some(due.max(self.free_since))
    }

    pub fn starts(&mut self, now: DateTime<Utc>) {
        let due = self.due.expect("only what is due starts by itself");
        let is_punctual = now - due < TimeDelta::seconds(1);
        self.starts_by_hand(if is_punctual { due } else { now });
    }

    pub fn starts_by_hand(&mut self, counted_from: DateTime<Utc>) {
        assert!(!self.running, "two runs at once");
        self.running = true;
        self.started += 1;
        self.last_start = Some(counted_from);
    }

    pub fn ends(&mut self, now: DateTime<Utc>, fails: Fails) {
        match fails {
            Fails::No => {
                self.completed += 1;
                self.failures = 0;
            }
            Fails::Yes => {
                self.failed += 1;
                self.failures += 1;
            }
        }
        self.is_stopped(now);
        self.enabled &= self.failures < 10;
    }

    pub fn is_stopped(&mut self, now: DateTime<Utc>) {
        self.running = false;
        self.free_since = now;
        self.plan();
    }

    pub fn is_enabled(&mut self, now: DateTime<Utc>) {
        self.enabled = true;
        self.failures = 0;
        self.since = now;
        self.free_since = now;
        self.plan();
    }

    fn plan(&mut self) {
        self.due = match (self.when, self.last_start) {
            (When::Manual, _) => None,
            (When::Every(_), None) => Some(self.since),
            (When::Every(interval), Some(last)) => {
                Some(last + backed_off(interval.max(TICK), self.failures))
            }
            (When::Cron(times, zone), last) => {
                let from = last.map_or(self.since, |last| last.max(self.since));
                let next = next_minute(times, zone, from);
                let own = next_minute(times, zone, next) - next;
                let longer = backed_off(own, self.failures) - own;
                Some(next_minute(times, zone, from + longer))
            }
        };
    }
}

fn backed_off(own: TimeDelta, failures: u32) -> TimeDelta {
    let mut interval = own;
    for _ in 0..failures {
        interval = (interval * 2).min(HOUR.max(own));
    }
    interval
}

/// The first full minute after a time that the expression means.
fn next_minute(times: Times, zone: Tz, after: DateTime<Utc>) -> DateTime<Utc> {
    let minute = TimeDelta::minutes(1);
    let mut at =
        after - TimeDelta::nanoseconds(after.timestamp_nanos_opt().unwrap() % 60_000_000_000);
    loop {
        at += minute;
        if matches(times, zone, at) {
            return at;
        }
    }
}

fn matches(times: Times, zone: Tz, at: DateTime<Utc>) -> bool {
    // These zones differ by whole hours, and clocks change at full ones: no other minute needs a look.
    let (Times::Daily { minute, .. } | Times::Hourly { minute } | Times::OnMondays { minute, .. }) =
        times;
    if at.minute() != minute && at.minute() != 0 {
        return false;
    }
    let local = at.with_timezone(&zone);
    match times {
        Times::Hourly { minute } => local.minute() == minute,
        Times::Daily { hour, minute } => is_first_at(zone, at, hour, minute),
        Times::OnMondays { hour, minute } => {
            local.weekday().num_days_from_monday() == 0 && is_first_at(zone, at, hour, minute)
        }
    }
}

/// Whether the clock on the wall shows a time for the first time, or has just jumped over it.
fn is_first_at(zone: Tz, at: DateTime<Utc>, hour: u32, minute: u32) -> bool {
    let wall = |at: DateTime<Utc>| at.with_timezone(&zone).naive_local();
    let target = wall(at).date().and_hms_opt(hour, minute, 0).unwrap();
    let (before, now) = (wall(at - TimeDelta::minutes(1)), wall(at));
    let shows = now == target && wall(at - HOUR) != now;
    shows || (before < target && target < now)
}
