//! When a sync is due, and when it is stalled. Pure; `schedule` acts on it, `api` shows it.
//!
//! A run is due when now ≥ last start + effective interval. Missed times are not made up for: the next one counts from
//! the last start, whenever that was.

use chrono::{DateTime, TimeDelta, Utc};

use super::cron::CronSchedule;
use super::sync::{Schedule, SyncOrder};

/// So many of its own intervals without a good sign, and a sync is stalled.
const STALLED_INTERVALS: i32 = 3;
/// Doubling further changes nothing: any interval is above any cap by then.
const MOST_DOUBLINGS: u32 = 30;

/// What holds for all syncs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchedulePolicy {
    /// The shortest interval that is served.
    pub tick: TimeDelta,
    /// The longest interval that failures make of a shorter one.
    pub longest_backoff: TimeDelta,
    /// So many failures in a row disable a sync.
    pub disable_after: u32,
}

impl SchedulePolicy {
    /// When the next run is due, whether the sync is enabled or not. None: only when somebody asks for it.
    pub fn due_at(&self, sync: &SyncOrder) -> Option<DateTime<Utc>> {
        let due = match (&sync.schedule, sync.last_start) {
            (Schedule::Manual, _) => None,
            (Schedule::Interval, None) => Some(sync.scheduled_from),
            (Schedule::Interval, Some(last)) => {
                let own = self.interval(sync.interval_secs);
                Some(last + self.effective(own, sync.consecutive_failures))
            }
            (Schedule::Cron(cron), last) => {
                let from = last.map_or(sync.scheduled_from, |last| last.max(sync.scheduled_from));
                self.cron_due(cron, from, sync.consecutive_failures)
            }
        };
        due.map(|due| sync.held_until.map_or(due, |held| due.max(held)))
    }

    /// Failures skip the times within the backoff: it is counted from the last start, as with intervals.
    fn cron_due(
        &self,
        cron: &CronSchedule,
        from: DateTime<Utc>,
        failures: u32,
    ) -> Option<DateTime<Utc>> {
        let next = cron.next_after(from)?;
        let own = cron.next_after(next)? - next;
        let longer = self.effective(own, failures) - own;
        cron.next_after(from + longer)
    }

    /// Smaller intervals than a tick mean every tick.
    fn interval(&self, secs: u32) -> TimeDelta {
        TimeDelta::seconds(secs.into()).max(self.tick)
    }

    /// Doubles with each failure up to the cap, and is never below the sync's own.
    fn effective(&self, own: TimeDelta, failures: u32) -> TimeDelta {
        let doubled = own
            .checked_mul(1 << failures.min(MOST_DOUBLINGS))
            .unwrap_or(TimeDelta::MAX);
        own.max(doubled.min(self.longest_backoff))
    }

    /// Whether nothing good has happened for three of its intervals: no run completed, none is at work. Says nothing about
    /// a sync that is not scheduled.
    pub fn is_stalled(&self, sync: &SyncOrder, now: DateTime<Utc>) -> bool {
        if !sync.enabled {
            return false;
        }
        let own = match &sync.schedule {
            Schedule::Manual => None,
            Schedule::Interval => Some(self.interval(sync.interval_secs)),
            Schedule::Cron(cron) => cron
                .next_after(now)
                .and_then(|next| Some(cron.next_after(next)? - next)),
        };
        let at_work = sync.newest_run.filter(|run| !run.state.is_final());
        let good = [sync.last_success_at, at_work.map(|run| run.updated_at)];
        let last_good = good
            .into_iter()
            .flatten()
            .fold(sync.scheduled_from, DateTime::max);
        own.is_some_and(|own| now - last_good > own * STALLED_INTERVALS)
    }
}
