//! Rows that came in one fetch: Arrow arrays with the columns they were read from.
//! The arrays always have the types that the columns say.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

use super::cell;
use super::source::{Column, ErrorKind, SourceError};
use super::value::Value;

/// Rows in memory. Cheap to clone: the arrays are shared.
#[derive(Debug, Clone)]
pub struct Batch {
    pub columns: Arc<[Column]>,
    /// Its schema is `source::arrow_schema(&columns)`.
    pub rows: RecordBatch,
    /// Columns, by index, with a value that had more digits than lands.
    pub rounded: Vec<usize>,
}

impl Batch {
    /// Rows that hold exactly what was read.
    pub fn exact(columns: Arc<[Column]>, rows: RecordBatch) -> Self {
        Self {
            columns,
            rows,
            rounded: Vec::new(),
        }
    }

    /// Some of the rows, not copied. The caller has checked the range.
    pub fn slice(&self, offset: usize, len: usize) -> Self {
        Self {
            rows: self.rows.slice(offset, len),
            ..self.clone()
        }
    }

    /// Some of the columns, in this order, not copied.
    ///
    /// # Errors
    /// `InvalidRequest` for a column that is not there or is named twice.
    pub fn project(&self, columns: &[usize]) -> Result<Self, SourceError> {
        let count = self.columns.len();
        if let Some(&index) = columns.iter().find(|&&index| index >= count) {
            return Err(out_of_range("column", index, count));
        }
        let mut sorted = columns.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            let message = "a projection names a column twice";
            return Err(SourceError::new(ErrorKind::InvalidRequest, message));
        }
        let rows = self.rows.project(columns).map_err(|error| {
            let message = format!("columns cannot be picked from a batch: {error}");
            SourceError::new(ErrorKind::Other, message)
        })?;
        let is_rounded = |place: &usize| self.rounded.contains(&columns[*place]);
        Ok(Self {
            columns: columns
                .iter()
                .map(|&index| self.columns[index].clone())
                .collect(),
            rows,
            rounded: (0..columns.len()).filter(is_rounded).collect(),
        })
    }

    pub fn num_rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// Bytes that the arrays occupy.
    pub fn memory_bytes(&self) -> usize {
        self.rows.get_array_memory_size()
    }

    /// Some values of one row, by column index, each in its lossless form.
    ///
    /// # Errors
    /// `InvalidRequest` for a row or a column that is not there: both may come from a guest.
    /// `Unsupported` for an array, which has no form as one value.
    pub fn values(&self, row: usize, columns: &[usize]) -> Result<Vec<Value>, SourceError> {
        if row >= self.num_rows() {
            return Err(out_of_range("row", row, self.num_rows()));
        }
        let mut values = Vec::with_capacity(columns.len());
        for &index in columns {
            let Some(column) = self.columns.get(index) else {
                return Err(out_of_range("column", index, self.columns.len()));
            };
            values.push(cell::value(self.rows.column(index), row, column)?);
        }
        Ok(values)
    }
}

fn out_of_range(what: &str, index: usize, count: usize) -> SourceError {
    let message = format!("there is no {what} {index} in this batch, which has {count}");
    SourceError::new(ErrorKind::InvalidRequest, message)
}
