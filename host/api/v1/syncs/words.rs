//! `schedule_type`, `sync_interval`, `sync_interval_unit` and `cron_expression`: when runs are due.

use super::super::super::fields::{Field, Fields};
use super::super::super::syncs::schedule::INVALID_INTERVAL;
use crate::model::cron::{CronSchedule, CronText};
use crate::model::sync::Schedule;
use crate::model::sync_form::{Every, IntervalUnit, ScheduleType, ScheduleWords};

/// A cron expression of this form has no time zone.
const TIME_ZONE: &str = "UTC";

/// When runs are due, in the client's words and in ours.
#[derive(Debug, PartialEq)]
pub struct Timing {
    pub words: ScheduleWords,
    pub schedule: Schedule,
}

/// What an absent field is taken from.
pub enum Before<'a> {
    /// Nothing: what is needed must be there.
    New,
    Is(&'a Timing),
}

/// Reads everything before it gives up at the first thing that is wrong.
pub fn timing(fields: &Fields, before: &Before) -> Option<Timing> {
    let schedule_type = match before {
        Before::New => fields
            .required("schedule_type")
            .and_then(|field| schedule_type(&field)),
        Before::Is(now) => fields
            .optional("schedule_type", schedule_type)
            .map(|given| given.unwrap_or(now.words.schedule_type)),
    };
    let every = every(fields, before, schedule_type);
    let cron = cron(fields, before, schedule_type);
    let (schedule_type, every, (cron_expression, cron)) = (schedule_type?, every?, cron?);
    Some(Timing {
        words: ScheduleWords {
            schedule_type,
            every,
            cron_expression,
        },
        schedule: match schedule_type {
            ScheduleType::Automated | ScheduleType::Interval => Schedule::Interval,
            ScheduleType::Manual => Schedule::Manual,
            ScheduleType::CronExpression => Schedule::Cron(cron?),
        },
    })
}

fn schedule_type(field: &Field) -> Option<ScheduleType> {
    match field.string()? {
        "automated" => Some(ScheduleType::Automated),
        "interval" => Some(ScheduleType::Interval),
        "manual" => Some(ScheduleType::Manual),
        "cron_expression" => Some(ScheduleType::CronExpression),
        _ => field.wrong("is none of automated, interval, manual and cron_expression"),
    }
}

/// Outer none: wrong or missing, as reported.
fn every(
    fields: &Fields,
    before: &Before,
    schedule_type: Option<ScheduleType>,
) -> Option<Option<Every>> {
    let now = match before {
        Before::New => None,
        Before::Is(now) => now.words.every,
    };
    let count = fields.optional("sync_interval", |field| field.integer(i64::MIN..=i64::MAX));
    let unit = fields.optional("sync_interval_unit", |field| unit(field, now));
    let count = count?.or(now.map(|now| now.count));
    let unit = unit?.or(now.map(|now| now.unit));
    let is_needed = matches!(
        schedule_type,
        Some(ScheduleType::Automated | ScheduleType::Interval)
    );
    match (count, unit) {
        // What other schedules say of an interval need not be one.
        (None | Some(0), _) | (_, None) if !is_needed => Some(None),
        (Some(count), Some(unit)) => {
            let every = Every { count, unit };
            if every.secs().is_some() {
                return Some(Some(every));
            }
            let detail = format!("must be from 1 to {} seconds in all", i32::MAX);
            fields
                .required("sync_interval")?
                .wrong_as(INVALID_INTERVAL, detail)
        }
        (count, unit) => {
            if count.is_none() {
                fields.required("sync_interval");
            }
            if unit.is_none() {
                fields.required("sync_interval_unit");
            }
            None
        }
    }
}

/// A client may say again what it was shown, also of a sync of the other form.
fn unit(field: &Field, now: Option<Every>) -> Option<IntervalUnit> {
    match field.string()? {
        "seconds" if now.is_some_and(|now| now.unit == IntervalUnit::Seconds) => {
            Some(IntervalUnit::Seconds)
        }
        "minutes" => Some(IntervalUnit::Minutes),
        "hours" => Some(IntervalUnit::Hours),
        "days" => Some(IntervalUnit::Days),
        "weeks" => Some(IntervalUnit::Weeks),
        _ => field.wrong("is none of minutes, hours, days and weeks"),
    }
}

/// The text, and what it means where it is needed. Outer none: wrong or missing, as reported.
fn cron(
    fields: &Fields,
    before: &Before,
    schedule_type: Option<ScheduleType>,
) -> Option<(Option<String>, Option<CronSchedule>)> {
    let given = fields.optional("cron_expression", |field| field.string().map(str::to_owned))?;
    let (text, now) = match before {
        Before::New => (given, None),
        Before::Is(now) => (
            given.or_else(|| now.words.cron_expression.clone()),
            Some(&now.schedule),
        ),
    };
    if schedule_type != Some(ScheduleType::CronExpression) {
        return Some((text, None));
    }
    let Some(expression) = text else {
        fields.required("cron_expression");
        return None;
    };
    // The other form may have set a time zone, which stays with its expression.
    if let Some(Schedule::Cron(cron)) = now
        && cron.text().expression == expression
    {
        return Some((Some(expression), Some(cron.clone())));
    }
    let text = CronText {
        expression: expression.clone(),
        time_zone: TIME_ZONE.to_owned(),
    };
    match CronSchedule::try_from(text) {
        Ok(cron) => Some((Some(expression), Some(cron))),
        Err(error) => fields.required("cron_expression")?.wrong(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::super::super::problem::Problem;
    use super::super::super::super::report::Report;
    use super::*;

    fn read(body: Value, before: &Before) -> Result<Timing, Problem> {
        let report = Report::default();
        let read = Fields::of(&body, &report).and_then(|fields| timing(&fields, before));
        report.finish(read)
    }

    fn automated() -> Value {
        json!({"schedule_type": "automated", "sync_interval": 45, "sync_interval_unit": "minutes"})
    }

    #[test]
    fn words_have_their_meaning() {
        for (body, schedule, secs) in [
            (automated(), Schedule::Interval, 2_700),
            (
                json!({"schedule_type": "interval", "sync_interval": 2, "sync_interval_unit": "weeks"}),
                Schedule::Interval,
                1_209_600,
            ),
            (json!({"schedule_type": "manual"}), Schedule::Manual, 0),
            (
                json!({"schedule_type": "manual", "sync_interval": 1, "sync_interval_unit": "hours"}),
                Schedule::Manual,
                3_600,
            ),
            (
                json!({"schedule_type": "manual", "sync_interval": 0, "sync_interval_unit": "hours"}),
                Schedule::Manual,
                0,
            ),
        ] {
            let timing = read(body, &Before::New).expect("a good body");
            assert_eq!(
                (timing.words.interval_secs(), timing.schedule),
                (secs, schedule)
            );
        }
        let cron = json!({"schedule_type": "cron_expression", "cron_expression": "30 2 * * *"});
        let timing = read(cron, &Before::New).expect("a good body");
        let Schedule::Cron(cron) = timing.schedule else {
            panic!("no cron")
        };
        assert_eq!(
            (&*cron.text().expression, &*cron.text().time_zone),
            ("30 2 * * *", "UTC")
        );
    }

    #[test]
    fn a_change_needs_only_what_changes() {
        let now = read(automated(), &Before::New).expect("a good body");
        let same = read(json!({}), &Before::Is(&now)).expect("a good body");
        assert_eq!(same, now);
        let longer = read(json!({"sync_interval": 46}), &Before::Is(&now)).expect("a good body");
        assert_eq!(longer.words.interval_secs(), 2_760);
        let problem = read(
            json!({"schedule_type": "cron_expression"}),
            &Before::Is(&now),
        );
        let problem = problem.expect_err("no expression");
        assert_eq!(problem.errors()[0].pointer, "/cron_expression");
    }

    #[test]
    fn seconds_can_only_be_said_again() {
        let shown = Timing {
            words: ScheduleWords::of(&Schedule::Interval, 90, None),
            schedule: Schedule::Interval,
        };
        let again = json!({"sync_interval": 90, "sync_interval_unit": "seconds"});
        let same = read(again.clone(), &Before::Is(&shown)).expect("a good body");
        assert_eq!(same, shown);
        let mut new = automated();
        new["sync_interval_unit"] = again["sync_interval_unit"].clone();
        assert!(read(new, &Before::New).is_err());
    }

    #[test]
    fn every_mistake_has_its_place() {
        for (changes, code, pointers) in [
            (
                json!({"schedule_type": null}),
                "invalid_request",
                vec!["/schedule_type"],
            ),
            (
                json!({"schedule_type": "hourly"}),
                "invalid_request",
                vec!["/schedule_type"],
            ),
            (
                json!({"sync_interval": null, "sync_interval_unit": null}),
                "invalid_request",
                vec!["/sync_interval", "/sync_interval_unit"],
            ),
            (
                json!({"sync_interval": "1"}),
                "invalid_request",
                vec!["/sync_interval"],
            ),
            (
                json!({"sync_interval": 0}),
                "invalid_interval",
                vec!["/sync_interval"],
            ),
            (
                json!({"sync_interval": -1}),
                "invalid_interval",
                vec!["/sync_interval"],
            ),
            (
                json!({"sync_interval": i64::MAX}),
                "invalid_interval",
                vec!["/sync_interval"],
            ),
            (
                json!({"sync_interval_unit": "months"}),
                "invalid_request",
                vec!["/sync_interval_unit"],
            ),
            (
                json!({"cron_expression": 1}),
                "invalid_request",
                vec!["/cron_expression"],
            ),
            (
                json!({"schedule_type": "cron_expression"}),
                "invalid_request",
                vec!["/cron_expression"],
            ),
            (
                json!({"schedule_type": "cron_expression", "cron_expression": "x"}),
                "invalid_request",
                vec!["/cron_expression"],
            ),
        ] {
            let mut body = automated();
            for (name, value) in changes.as_object().expect("an object") {
                body[name] = value.clone();
            }
            let problem = read(body, &Before::New).expect_err("a bad body");
            let found: Vec<_> = problem.errors().iter().map(|e| &*e.pointer).collect();
            assert_eq!((problem.code(), found), (code, pointers), "{changes}");
        }
    }
}
