//! `schedule` and `interval_secs`: when runs are due.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::fields::{Field, Fields};
use crate::model::cron::{CronError, CronSchedule, CronText};
use crate::model::sync::Schedule;

pub const INVALID_INTERVAL: &str = "invalid_interval";

const DEFAULT_TIME_ZONE: &str = "UTC";

/// When runs are due.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Schedule)]
pub struct ScheduleView {
    /// `interval`: every `interval_secs`. `cron`: at the times of `expression`. `manual`: only when somebody asks for one.
    #[schema(example = "cron")]
    kind: &'static str,
    /// Five fields: minute, hour, day of month, month, day of week.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "30 2 * * mon-fri")]
    expression: Option<String>,
    /// IANA name; UTC when absent. A time that a change of the clocks skips runs after it, a doubled one runs once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        let text = match &schedule {
            Schedule::Cron(cron) => Some(cron.text().clone()),
            Schedule::Interval | Schedule::Manual => None,
        };
        let (expression, time_zone) = text.map(|text| (text.expression, text.time_zone)).unzip();
        Self {
            kind: match schedule {
                Schedule::Interval => "interval",
                Schedule::Cron(_) => "cron",
                Schedule::Manual => "manual",
            },
            expression,
            time_zone,
        }
    }
}

pub fn schedule(field: &Field) -> Option<Schedule> {
    let fields = field.fields()?;
    let kind = fields.required("kind")?;
    match kind.string()? {
        "interval" => Some(Schedule::Interval),
        "manual" => Some(Schedule::Manual),
        "cron" => cron(&fields),
        _ => kind.wrong("is no kind of schedule; there are interval, cron and manual"),
    }
}

fn cron(fields: &Fields) -> Option<Schedule> {
    let expression = fields.required("expression");
    let time_zone = fields.optional("time_zone", |field| Some(field.string()?.to_owned()));
    let expression = expression?;
    let text = CronText {
        expression: expression.string()?.to_owned(),
        time_zone: time_zone?.unwrap_or_else(|| DEFAULT_TIME_ZONE.into()),
    };
    match CronSchedule::try_from(text) {
        Ok(cron) => Some(Schedule::Cron(cron)),
        Err(error @ CronError::Expression(_)) => expression.wrong(error.to_string()),
        Err(error @ CronError::TimeZone) => fields.required("time_zone")?.wrong(error.to_string()),
    }
}

/// Seconds between starts: at least 1.
pub fn interval_secs(field: &Field) -> Option<u32> {
    let secs = field.integer(i64::MIN..=i64::MAX)?;
    if !(1..=i64::from(i32::MAX)).contains(&secs) {
        let detail = format!("must be from 1 to {} seconds", i32::MAX);
        return field.wrong_as(INVALID_INTERVAL, detail);
    }
    u32::try_from(secs).ok()
}
