//! How many rows of the last cursor value were read up to a position. Pure.
//! Where a type's equality is not that of its texts this counts too few; the next read finds that, looks at the group
//! again and gets the number from the server.

use crate::bindings::{Cursor, Value};
use crate::position::{group_start, same};

#[derive(Debug, Clone, Default)]
pub struct Landed {
    value: Option<Value>,
    /// None: a position that somebody gave, so nobody counted.
    rows: Option<u64>,
}

impl Landed {
    /// What a cursor says of itself.
    pub fn of(cursor: &Cursor) -> Self {
        Self {
            value: Some(cursor.value.clone()),
            rows: cursor.landed,
        }
    }

    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// All rows of this value were read.
    pub fn set(&mut self, value: Value, rows: u64) {
        *self = Self {
            value: Some(value),
            rows: Some(rows),
        };
    }

    /// Counts the next rows in order, whose values `value` answers.
    pub fn count<E>(
        &mut self,
        rows: u32,
        mut value: impl FnMut(u32) -> Result<Value, E>,
    ) -> Result<(), E> {
        let Some(last) = rows.checked_sub(1) else {
            return Ok(());
        };
        let group = value(last)?;
        // Most values are of one row.
        let alone = last > 0 && !same(&group, &value(last - 1)?);
        let start = match alone {
            true => last,
            false => group_start(rows, |row| Ok(same(&group, &value(row)?)))?,
        };
        let found = u64::from(rows - start);
        let goes_on = start == 0 && self.value.as_ref().is_some_and(|value| same(value, &group));
        self.rows = match (goes_on, self.rows) {
            (true, before) => before.map(|before| before + found),
            (false, _) => Some(found),
        };
        self.value = Some(group);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(landed: &mut Landed, values: &[i64]) -> Option<u64> {
        let value = |row: u32| Ok::<_, ()>(Value::Int(values[row as usize]));
        landed
            .count(values.len() as u32, value)
            .expect("values are there");
        landed.rows()
    }

    fn of(value: i64, landed: Option<u64>) -> Landed {
        Landed::of(&Cursor {
            value: Value::Int(value),
            tie: vec![],
            landed,
            digest: None,
        })
    }

    #[test]
    fn a_group_is_counted_across_pages() {
        let mut landed = Landed::default();
        assert_eq!(count(&mut landed, &[1, 2, 2]), Some(2));
        assert_eq!(count(&mut landed, &[]), Some(2));
        assert_eq!(count(&mut landed, &[2, 2]), Some(4));
        assert_eq!(count(&mut landed, &[2, 3]), Some(1));
        assert_eq!(count(&mut landed, &[4]), Some(1));
    }

    #[test]
    fn a_resumed_group_goes_on_from_its_count() {
        assert_eq!(count(&mut of(7, Some(5)), &[7, 7]), Some(7));
        assert_eq!(count(&mut of(7, Some(5)), &[8, 8]), Some(2));
    }

    #[test]
    fn what_nobody_counted_stays_unknown_until_the_value_changes() {
        let mut landed = of(7, None);
        assert_eq!(count(&mut landed, &[7]), None);
        assert_eq!(count(&mut landed, &[7, 8]), Some(1));
    }
}
