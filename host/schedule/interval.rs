//! What is to be done about one sync. Pure; the rule for due times is `model::due`.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::due::SchedulePolicy;
use crate::model::sync::SyncOrder;

/// A start that is later than this has a phase of its own from then on. One that is not keeps its phase, so that no
/// delay of the machine adds up to a drift.
const PUNCTUAL: TimeDelta = TimeDelta::seconds(1);

/// What is to be done about an enabled sync.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision {
    /// Start a run at this time, which may be past.
    DueAt(DateTime<Utc>),
    /// Nothing, until its run ends or somebody asks for one.
    Wait,
    /// End its schedule.
    Disable { reason: String },
}

/// Decides about an enabled sync.
pub fn decide(sync: &SyncOrder, policy: &SchedulePolicy) -> Decision {
    if sync.is_running() {
        return Decision::Wait;
    }
    if sync.consecutive_failures >= policy.disable_after {
        let last = sync.last_failure.as_deref().unwrap_or("it failed");
        return Decision::Disable {
            reason: format!(
                "disabled after {} failed runs in a row; the last one said: {last}; mend that, then enable the sync again",
                sync.consecutive_failures
            ),
        };
    }
    policy.due_at(sync).map_or(Decision::Wait, Decision::DueAt)
}

/// What the next due time counts from, when a run that was due at one time starts at another.
pub fn last_start(due: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if now - due < PUNCTUAL { due } else { now }
}
