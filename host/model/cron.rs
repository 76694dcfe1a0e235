//! Cron expressions in a time zone. Pure. What a change of the clocks means is decided here, by the hour field:
//! an expression for every hour follows real time, so it runs in both passes of a doubled hour and knows no missing one;
//! one for certain hours runs once for each of its wall clock times, for a missing time as soon as the missing hour is over.

use chrono::{DateTime, LocalResult, NaiveDateTime, SubsecRound, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::{Deserialize, Serialize};

/// Minute, hour, day of month, month, day of week.
const FIELDS: usize = 5;

/// When a sync runs, as people write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CronText", into = "CronText")]
pub struct CronSchedule {
    text: CronText,
    /// Boxed, because it is larger than all else that a schedule can be.
    pattern: Box<croner::Cron>,
    zone: Tz,
}

/// The same, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CronText {
    pub expression: String,
    pub time_zone: String,
}

/// Which of the two texts is wrong, and how.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    #[error("{0}")]
    Expression(String),
    #[error("is no IANA time zone, such as Europe/Berlin or UTC")]
    TimeZone,
}

impl TryFrom<CronText> for CronSchedule {
    type Error = CronError;

    fn try_from(text: CronText) -> Result<Self, CronError> {
        let zone = text.time_zone.parse().map_err(|_| CronError::TimeZone)?;
        if text.expression.split_whitespace().count() != FIELDS {
            let wanted = "must have 5 fields: minute, hour, day of month, month, day of week";
            return Err(CronError::Expression(wanted.into()));
        }
        let pattern: croner::Cron = text
            .expression
            .parse()
            .map_err(|error| CronError::Expression(format!("is no cron expression: {error}")))?;
        let schedule = Self {
            text,
            pattern: Box::new(pattern),
            zone,
        };
        // Any start will do: what never falls due within the calendar's cycle does not do so later.
        if schedule.next_after(DateTime::UNIX_EPOCH).is_none() {
            return Err(CronError::Expression("never falls due".into()));
        }
        Ok(schedule)
    }
}

impl From<CronSchedule> for CronText {
    fn from(schedule: CronSchedule) -> Self {
        schedule.text
    }
}

impl CronSchedule {
    pub fn text(&self) -> &CronText {
        &self.text
    }

    /// The first time after this one at which it falls due.
    pub fn next_after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_every_hour() {
            let local = time.with_timezone(&self.zone);
            let next = self.pattern.find_next_occurrence(&local, false).ok()?;
            return Some(next.to_utc());
        }
        let mut wall = time
            .with_timezone(&self.zone)
            .naive_local()
            .trunc_subsecs(0);
        loop {
            // Wall clock times are searched as if they were UTC, where no time is missing or doubled.
            let next = self.pattern.find_next_occurrence(&wall.and_utc(), false);
            wall = next.ok()?.naive_utc();
            let instant = first_instant(self.zone, wall)?;
            // In the second pass of a doubled hour the search sees again what ran in the first.
            if instant > time {
                return Some(instant);
            }
        }
    }

    fn is_every_hour(&self) -> bool {
        let hour = self.text.expression.split_whitespace().nth(1);
        matches!(hour, Some("*" | "*/1" | "0-23"))
    }
}

/// The first instant with this wall clock time; if it is skipped, the first after the gap.
fn first_instant(zone: Tz, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant.to_utc()),
        LocalResult::None => Some(GapInfo::new(&wall, &zone)?.end?.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(expression: &str, time_zone: &str) -> Result<CronSchedule, CronError> {
        CronSchedule::try_from(CronText {
            expression: expression.into(),
            time_zone: time_zone.into(),
        })
    }

    /// Due times from one until before another, as UTC minutes.
    fn due(expression: &str, time_zone: &str, from: &str, until: &str) -> Vec<String> {
        let schedule = parse(expression, time_zone).unwrap();
        let (mut time, until): (DateTime<Utc>, DateTime<Utc>) =
            (from.parse().unwrap(), until.parse().unwrap());
        let mut all = Vec::new();
        while let Some(next) = schedule.next_after(time).filter(|next| *next < until) {
            all.push(next.format("%dT%H:%M").to_string());
            time = next;
        }
        all
    }

    #[test]
    fn expressions_and_zones_are_checked() {
        assert!(parse("0 3 * * mon-fri", "Europe/Berlin").is_ok());
        assert_eq!(parse("0 3 * * *", "Mars"), Err(CronError::TimeZone));
        for wrong in [
            "",
            "* * * *",
            "* * * * * *",
            "61 * * * *",
            "@daily",
            "a b c d e",
        ] {
            let parsed = parse(wrong, "UTC");
            assert!(matches!(parsed, Err(CronError::Expression(_))), "{wrong}");
        }
        let never = parse("0 0 30 2 *", "UTC");
        assert!(matches!(never, Err(CronError::Expression(why)) if why.contains("never")));
    }

    #[test]
    fn a_time_in_the_zone_moves_with_its_offset() {
        // Winter and summer in Berlin: UTC+1, UTC+2.
        let days = due(
            "30 8 * * *",
            "Europe/Berlin",
            "2025-03-28T12:00:00Z",
            "2025-04-01T00:00:00Z",
        );
        assert_eq!(days, ["29T07:30", "30T06:30", "31T06:30"]);
    }

    #[test]
    fn what_falls_into_a_missing_hour_runs_once_when_it_is_over() {
        // On 2025-03-30 in Berlin 02:00 is 03:00, which is 01:00 UTC.
        let day = ("2025-03-29T20:00:00Z", "2025-03-30T08:00:00Z");
        for (expression, times) in [
            ("30 2 * * *", vec!["30T01:00"]),
            ("*/20 2 * * *", vec!["30T01:00"]),
            ("30 1-3 * * *", vec!["30T00:30", "30T01:00", "30T01:30"]),
            ("0 3 * * *", vec!["30T01:00"]),
        ] {
            assert_eq!(due(expression, "Europe/Berlin", day.0, day.1), times);
        }
        let hourly = due(
            "30 * * * *",
            "Europe/Berlin",
            "2025-03-30T00:00:00Z",
            "2025-03-30T03:00:00Z",
        );
        assert_eq!(hourly, ["30T00:30", "30T01:30", "30T02:30"]);
    }

    #[test]
    fn what_falls_into_a_doubled_hour_runs_once_but_every_hour_is_every_hour() {
        // On 2025-10-26 in Berlin 03:00 is 02:00 again, which is 01:00 UTC.
        let night = ("2025-10-25T23:59:59Z", "2025-10-26T02:30:00Z");
        for (expression, times) in [
            ("30 2 * * *", vec!["26T00:30"]),
            ("*/30 2 * * *", vec!["26T00:00", "26T00:30"]),
            ("0 * * * *", vec!["26T00:00", "26T01:00", "26T02:00"]),
            ("15 1-3 * * *", vec!["26T00:15", "26T02:15"]),
        ] {
            assert_eq!(due(expression, "Europe/Berlin", night.0, night.1), times);
        }
    }

    #[test]
    fn a_stored_schedule_is_read_back() {
        let schedule = parse("0 3 1,15 * *", "America/New_York").unwrap();
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(
            serde_json::from_str::<CronSchedule>(&text).unwrap(),
            schedule
        );
    }
}
