//! Rows as a multiset: equal exactly where every value is. Pure.

use std::collections::HashMap;

use arrow::row::{RowConverter, SortField};

use crate::model::batch::Batch;

/// One row, in a form that is equal only for equal rows of the same columns.
pub type Row = Box<[u8]>;

/// The rows of a batch.
///
/// # Errors
/// A column has no such form.
pub fn rows_of(batch: &Batch) -> Result<Vec<Row>, String> {
    let arrays = batch.rows.columns();
    let fields = arrays
        .iter()
        .map(|array| SortField::new(array.data_type().clone()));
    let converted =
        RowConverter::new(fields.collect()).and_then(|converter| converter.convert_columns(arrays));
    let rows = converted.map_err(|error| format!("rows cannot be compared: {error}"))?;
    Ok(rows.iter().map(|row| row.as_ref().into()).collect())
}

/// How often each row is there.
#[derive(Default)]
pub struct Counts(HashMap<Row, usize>);

impl Counts {
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut counts = Self::default();
        for row in rows {
            counts.add(row);
        }
        counts
    }

    pub fn add(&mut self, row: &Row) {
        *self.0.entry(row.clone()).or_default() += 1;
    }

    /// False if there is none left.
    pub fn take(&mut self, row: &Row) -> bool {
        match self.0.get_mut(row) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }
}

/// What distinguishes two multisets of rows.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// Positions in what was expected.
    pub missing: Vec<usize>,
    /// Positions in what was found.
    pub extra: Vec<usize>,
}

/// None if they are equal, whatever their order.
pub fn difference(expected: &[Row], found: &[Row]) -> Option<Difference> {
    let mut left = Counts::of(found);
    let missing: Vec<usize> = positions(expected, |row| !left.take(row));
    let mut left = Counts::of(expected);
    let extra: Vec<usize> = positions(found, |row| !left.take(row));
    (!missing.is_empty() || !extra.is_empty()).then_some(Difference { missing, extra })
}

fn positions(rows: &[Row], mut is: impl FnMut(&Row) -> bool) -> Vec<usize> {
    let found = rows.iter().enumerate().filter(|(_, row)| is(row));
    found.map(|(position, _)| position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(letters: &str) -> Vec<Row> {
        letters.bytes().map(|letter| [letter].into()).collect()
    }

    #[test]
    fn order_does_not_count_but_number_does() {
        assert_eq!(difference(&rows("abb"), &rows("bab")), None);
        let expected = Difference {
            missing: vec![2],
            extra: vec![0],
        };
        assert_eq!(difference(&rows("abb"), &rows("cab")), Some(expected));
        let expected = Difference {
            missing: vec![],
            extra: vec![2],
        };
        assert_eq!(difference(&rows("ab"), &rows("abb")), Some(expected));
    }
}
