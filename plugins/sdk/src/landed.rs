//! Which rows of the last cursor value were read up to a position: how many, and the sum of hashes of their keys. Pure.
//! Where a type's equality is not that of its texts this counts too few; the next read finds that, looks at the group
//! again and gets all of it.

use crate::bindings::{ColumnData, ColumnValues, Cursor, Value};
use crate::position::{group_start, same};

/// Some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub rows: u64,
    /// The sum of the hashes of their keys. None: they are only counted.
    pub digest: Option<i128>,
}

impl Tally {
    /// What a cursor says of itself. None: a position that somebody gave, so nobody counted.
    pub fn of(cursor: &Cursor) -> Option<Self> {
        let digest = cursor.digest.as_deref();
        cursor.landed.map(|rows| Self {
            rows,
            digest: digest.and_then(|digest| digest.parse().ok()),
        })
    }

    pub fn add(&mut self, more: Self) {
        self.digest = match self.rows {
            0 => more.digest,
            _ => self.digest.zip(more.digest).map(|(a, b)| a + b),
        };
        self.rows += more.rows;
    }
}

/// The sum of a column of hashes, or of the texts of some; none if it is another column, or may have nulls.
pub fn digest(column: &ColumnData) -> Option<i128> {
    if column.validity.is_some() {
        return None;
    }
    match &column.values {
        ColumnValues::Int64s(values) => Some(values.iter().copied().map(i128::from).sum()),
        ColumnValues::Texts(texts) => {
            let values = texts.offsets.windows(2).map(|ends| {
                let text = texts.data.get(ends[0] as usize..ends[1] as usize)?;
                str::from_utf8(text).ok()?.parse::<i128>().ok()
            });
            values.sum()
        }
        _ => None,
    }
}

#[derive(Debug, Clone, Default)]
pub struct Landed {
    value: Option<Value>,
    tally: Option<Tally>,
}

impl Landed {
    pub fn of(cursor: &Cursor) -> Self {
        Self {
            value: Some(cursor.value.clone()),
            tally: Tally::of(cursor),
        }
    }

    /// Makes a cursor say it.
    pub fn mark(&self, cursor: &mut Cursor) {
        cursor.landed = self.tally.map(|tally| tally.rows);
        let digest = self.tally.and_then(|tally| tally.digest);
        cursor.digest = digest.map(|digest| digest.to_string());
    }

    /// All rows of this value were read.
    pub fn set(&mut self, value: Value, tally: Tally) {
        *self = Self {
            value: Some(value),
            tally: Some(tally),
        };
    }

    /// Adds the next rows in order. `value` answers the value of one of them, `tally` those from one on.
    pub fn count<E>(
        &mut self,
        rows: u32,
        mut value: impl FnMut(u32) -> Result<Value, E>,
        tally: impl FnOnce(u32) -> Result<Tally, E>,
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
        let found = tally(start)?;
        let goes_on = start == 0 && self.value.as_ref().is_some_and(|value| same(value, &group));
        if !goes_on {
            self.tally = Some(found);
        } else if let Some(before) = &mut self.tally {
            before.add(found);
        }
        self.value = Some(group);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::Varlen;

    /// The hash of each row is its number in this page, from 1.
    fn count(landed: &mut Landed, values: &[i64]) -> (Option<u64>, Option<String>) {
        let value = |row: u32| Ok::<_, ()>(Value::Int(values[row as usize]));
        let rows = values.len() as u32;
        let tally = |start: u32| {
            Ok(Tally {
                rows: (rows - start).into(),
                digest: Some((start + 1..=rows).map(i128::from).sum()),
            })
        };
        landed.count(rows, value, tally).expect("values are there");
        let mut cursor = cursor(0, None, None);
        landed.mark(&mut cursor);
        (cursor.landed, cursor.digest)
    }

    fn cursor(value: i64, landed: Option<u64>, digest: Option<&str>) -> Cursor {
        Cursor {
            value: Value::Int(value),
            tie: vec![],
            landed,
            digest: digest.map(str::to_owned),
        }
    }

    fn of(landed: Option<u64>, digest: Option<&str>) -> Landed {
        Landed::of(&cursor(7, landed, digest))
    }

    fn rows(rows: u64, digest: &str) -> (Option<u64>, Option<String>) {
        (Some(rows), Some(digest.to_owned()))
    }

    #[test]
    fn a_group_is_counted_across_pages() {
        let mut landed = Landed::default();
        assert_eq!(count(&mut landed, &[1, 2, 2]), rows(2, "5"));
        assert_eq!(count(&mut landed, &[]), rows(2, "5"));
        assert_eq!(count(&mut landed, &[2, 2]), rows(4, "8"));
        assert_eq!(count(&mut landed, &[2, 3]), rows(1, "2"));
        assert_eq!(count(&mut landed, &[4]), rows(1, "1"));
    }

    #[test]
    fn a_resumed_group_goes_on_from_what_its_cursor_says() {
        assert_eq!(count(&mut of(Some(5), Some("-4")), &[7, 7]), rows(7, "-1"));
        assert_eq!(count(&mut of(Some(5), Some("-4")), &[8, 8]), rows(2, "3"));
        assert_eq!(count(&mut of(Some(5), None), &[7]), (Some(6), None));
        assert_eq!(count(&mut of(Some(0), None), &[7]), rows(1, "1"));
    }

    #[test]
    fn what_nobody_counted_stays_unknown_until_the_value_changes() {
        let mut landed = of(None, None);
        assert_eq!(count(&mut landed, &[7]), (None, None));
        assert_eq!(count(&mut landed, &[7, 8]), rows(1, "2"));
    }

    #[test]
    fn hashes_are_added_up_whether_they_come_as_numbers_or_as_texts() {
        let column = |validity, values| ColumnData { validity, values };
        let numbers = || ColumnValues::Int64s(vec![i64::MAX, i64::MAX, -1]);
        assert_eq!(
            digest(&column(None, numbers())),
            Some(2 * i128::from(i64::MAX) - 1)
        );
        assert_eq!(digest(&column(Some(vec![3]), numbers())), None);
        let texts = |data: &str, offsets: &[u32]| {
            ColumnValues::Texts(Varlen {
                offsets: offsets.to_vec(),
                data: data.as_bytes().to_vec(),
            })
        };
        assert_eq!(digest(&column(None, texts("12-3", &[0, 2, 4]))), Some(9));
        assert_eq!(digest(&column(None, texts("12x3", &[0, 2, 4]))), None);
    }
}
