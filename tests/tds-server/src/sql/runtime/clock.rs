//! The clock, and how far two moments are apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rusqlite::{Connection, Result};

use super::{STABLE, VOLATILE};
use crate::error::SqlError;
use crate::types::{Type, ticks};

/// A session's. It stands still while a statement runs: the server asks for the time once, before the first row.
#[derive(Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A statement begins.
    pub fn set(&self) {
        self.0.store(ticks::now(), Ordering::Relaxed);
    }

    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub fn register(db: &Connection, clock: &Clock) -> Result<()> {
    let clock = clock.clone();
    db.create_scalar_function("ms_now", 0, VOLATILE, move |_| Ok(clock.now()))?;
    db.create_scalar_function("ms_switchoffset", 2, STABLE, |context| {
        let held: Option<String> = context.get(0)?;
        let offset: String = context.get(1)?;
        let minutes = ticks::parse(&format!("00:00{offset}")).and_then(|moment| moment.offset);
        let minutes = minutes.ok_or_else(|| SqlError::date_conversion().into_sqlite())?;
        let utc = held
            .as_deref()
            .and_then(ticks::offset_parts)
            .map(|(utc, _)| utc);
        Ok(utc.map(|utc| ticks::hold_offset(utc, minutes)))
    })?;
    db.create_scalar_function("ms_dateadd", 4, STABLE, |context| {
        let (Some(count), Some(at)) = (
            context.get::<Option<i64>>(1)?,
            context.get::<Option<i64>>(2)?,
        ) else {
            return Ok(None);
        };
        let ty = Type::from_code(context.get(3)?);
        let part: String = context.get(0)?;
        let at = add(&part, count, at).ok_or_else(|| {
            SqlError::new(
                155,
                15,
                format!("'{part}' is not a recognized dateadd option."),
            )
            .into_sqlite()
        })?;
        Ok(Some(if ty == Some(Type::DateTime) {
            ticks::round_datetime(at)
        } else {
            at
        }))
    })?;
    db.create_scalar_function("ms_datediff", 3, STABLE, |context| {
        let (Some(from), Some(to)) = (
            context.get::<Option<i64>>(1)?,
            context.get::<Option<i64>>(2)?,
        ) else {
            return Ok(None);
        };
        let part: String = context.get(0)?;
        let unit = unit(&part).ok_or_else(|| {
            SqlError::new(
                155,
                15,
                format!("'{part}' is not a recognized datediff option."),
            )
            .into_sqlite()
        })?;
        Ok(Some(to.div_euclid(unit) - from.div_euclid(unit)))
    })
}

/// Ticks of a part of a date that is always of the same length.
fn unit(part: &str) -> Option<i64> {
    Some(match part.to_lowercase().as_str() {
        "day" | "dd" | "d" | "dayofyear" => ticks::DAY,
        "week" | "wk" | "ww" => 7 * ticks::DAY,
        "hour" | "hh" => 60 * ticks::MINUTE,
        "minute" | "mi" | "n" => ticks::MINUTE,
        "second" | "ss" | "s" => ticks::SECOND,
        "millisecond" | "ms" => ticks::SECOND / 1000,
        "microsecond" | "mcs" => ticks::SECOND / 1_000_000,
        _ => return None,
    })
}

fn add(part: &str, count: i64, at: i64) -> Option<i64> {
    if let Some(unit) = unit(part) {
        return Some(at + count * unit);
    }
    let months = match part.to_lowercase().as_str() {
        "nanosecond" | "ns" => return Some(at + count / 100),
        "month" | "mm" | "m" => count,
        "year" | "yyyy" | "yy" => 12 * count,
        _ => return None,
    };
    let (year, month, day) = ticks::civil(at.div_euclid(ticks::DAY));
    let month = year * 12 + month - 1 + months;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    // The last day of a shorter month.
    let date =
        (0..4).find_map(|less| ticks::parse(&format!("{year:04}-{month:02}-{:02}", day - less)))?;
    Some(date.ticks + at.rem_euclid(ticks::DAY))
}
