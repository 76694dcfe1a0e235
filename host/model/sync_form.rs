//! What the AI Squared form of the API says in words of its own: what a model selects, when a sync runs. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ids::ModelId;
use super::sync::Schedule;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// What a model reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Selection {
    Table {
        schema: Option<String>,
        table: String,
    },
    /// A select statement in the source's own language.
    Query(String),
}

/// What that form says of a sync and the sync itself does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncForm {
    /// None: made by the other form, and changed by this one.
    pub model: Option<ModelId>,
    pub words: ScheduleWords,
    /// Kept and shown; means nothing here.
    pub configuration: Map<String, Value>,
}

/// When a sync runs, as its client said it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduleWords {
    pub schedule_type: ScheduleType,
    /// Needed by the two that are intervals.
    pub every: Option<Every>,
    /// Needed by `cron_expression`.
    pub cron_expression: Option<String>,
}

/// How the starts are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleType {
    /// The same as `interval`.
    Automated,
    Interval,
    Manual,
    CronExpression,
}

/// So many of a unit from start to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    pub count: i64,
    pub unit: IntervalUnit,
}

/// Units of exact length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalUnit {
    /// Only shown, for intervals of the other form that are not whole minutes.
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
}

impl IntervalUnit {
    fn secs(self) -> i64 {
        match self {
            Self::Seconds => 1,
            Self::Minutes => MINUTE,
            Self::Hours => HOUR,
            Self::Days => DAY,
            Self::Weeks => WEEK,
        }
    }
}

impl Every {
    /// Seconds between starts, where a sync can have so many: from 1 to the greatest int32.
    pub fn secs(self) -> Option<u32> {
        let secs = self.count.checked_mul(self.unit.secs())?;
        let secs = i32::try_from(secs).ok()?;
        u32::try_from(secs).ok().filter(|secs| *secs > 0)
    }

    /// In the largest unit that says it exactly. None: no interval.
    fn of(secs: u32) -> Option<Self> {
        let secs = i64::from(secs);
        let units = [
            IntervalUnit::Weeks,
            IntervalUnit::Days,
            IntervalUnit::Hours,
            IntervalUnit::Minutes,
            IntervalUnit::Seconds,
        ];
        let unit = units.into_iter().find(|unit| secs % unit.secs() == 0)?;
        let count = secs / unit.secs();
        (count > 0).then_some(Self { count, unit })
    }
}

impl ScheduleWords {
    /// The words for a schedule: the client's own while they still say it, for the other form may have changed it.
    pub fn of(schedule: &Schedule, interval_secs: u32, said: Option<&Self>) -> Self {
        match said {
            Some(said) if said.say(schedule, interval_secs) => said.clone(),
            _ => Self {
                schedule_type: match schedule {
                    Schedule::Interval => ScheduleType::Interval,
                    Schedule::Cron(_) => ScheduleType::CronExpression,
                    Schedule::Manual => ScheduleType::Manual,
                },
                every: Every::of(interval_secs),
                cron_expression: expression(schedule).map(str::to_owned),
            },
        }
    }

    fn say(&self, schedule: &Schedule, interval_secs: u32) -> bool {
        let same_kind = match self.schedule_type {
            ScheduleType::Automated | ScheduleType::Interval => *schedule == Schedule::Interval,
            ScheduleType::Manual => *schedule == Schedule::Manual,
            ScheduleType::CronExpression => {
                expression(schedule).is_some()
                    && expression(schedule) == self.cron_expression.as_deref()
            }
        };
        same_kind && self.interval_secs() == interval_secs
    }

    /// 0: none.
    pub fn interval_secs(&self) -> u32 {
        self.every.and_then(Every::secs).unwrap_or_default()
    }
}

fn expression(schedule: &Schedule) -> Option<&str> {
    match schedule {
        Schedule::Cron(cron) => Some(&cron.text().expression),
        Schedule::Interval | Schedule::Manual => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(count: i64, unit: IntervalUnit) -> Every {
        Every { count, unit }
    }

    #[test]
    fn an_interval_is_exact_seconds() {
        for (interval, secs) in [
            (every(45, IntervalUnit::Minutes), Some(2_700)),
            (every(2, IntervalUnit::Hours), Some(7_200)),
            (every(3, IntervalUnit::Days), Some(259_200)),
            (every(1, IntervalUnit::Weeks), Some(604_800)),
            (every(0, IntervalUnit::Weeks), None),
            (every(-1, IntervalUnit::Minutes), None),
            (every(3_551, IntervalUnit::Weeks), None),
            (every(i64::MAX, IntervalUnit::Weeks), None),
        ] {
            assert_eq!(interval.secs(), secs, "{interval:?}");
        }
    }

    #[test]
    fn words_are_the_clients_own_until_the_schedule_is_another() {
        let said = ScheduleWords {
            schedule_type: ScheduleType::Automated,
            every: Some(every(120, IntervalUnit::Minutes)),
            cron_expression: Some("unused".into()),
        };
        let same = ScheduleWords::of(&Schedule::Interval, 7_200, Some(&said));
        assert_eq!(same, said);
        let other = ScheduleWords::of(&Schedule::Interval, 10_800, Some(&said));
        assert_eq!(other.every, Some(every(3, IntervalUnit::Hours)));
        assert_eq!(other.schedule_type, ScheduleType::Interval);
        let manual = ScheduleWords::of(&Schedule::Manual, 7_200, Some(&said));
        assert_eq!(manual.schedule_type, ScheduleType::Manual);
    }

    #[test]
    fn an_interval_of_the_other_form_is_shown_in_its_largest_exact_unit() {
        for (secs, shown) in [
            (0, None),
            (45, Some(every(45, IntervalUnit::Seconds))),
            (90, Some(every(90, IntervalUnit::Seconds))),
            (5_400, Some(every(90, IntervalUnit::Minutes))),
            (86_400, Some(every(1, IntervalUnit::Days))),
            (1_209_600, Some(every(2, IntervalUnit::Weeks))),
        ] {
            assert_eq!(Every::of(secs), shown, "{secs}");
        }
    }
}
