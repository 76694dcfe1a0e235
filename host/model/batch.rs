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
}

impl Batch {
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
