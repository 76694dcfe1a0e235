//! Aggregates that SQLite lacks: the sum of decimals.

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::{Connection, Result};

use crate::error::SqlError;
use crate::types::decimal;

struct Sum;

impl Aggregate<Option<(i128, u8)>, Option<String>> for Sum {
    fn init(&self, _: &mut Context<'_>) -> Result<Option<(i128, u8)>> {
        Ok(None)
    }

    fn step(&self, context: &mut Context<'_>, sum: &mut Option<(i128, u8)>) -> Result<()> {
        let Some(text) = context.get::<Option<String>>(0)? else {
            return Ok(());
        };
        let scale: u8 = context.get(1)?;
        let overflow = || SqlError::overflow("numeric").into_sqlite();
        let value = decimal::mantissa(&text, scale).ok_or_else(overflow)?;
        let so_far = sum.map_or(0, |(so_far, _)| so_far);
        *sum = Some((so_far.checked_add(value).ok_or_else(overflow)?, scale));
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        sum: Option<Option<(i128, u8)>>,
    ) -> Result<Option<String>> {
        Ok(sum
            .flatten()
            .map(|(sum, scale)| decimal::from_mantissa(sum, scale)))
    }
}

pub fn register(db: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_aggregate_function("ms_sum", 2, flags, Sum)
}
