//! Rows that came in one fetch: Arrow arrays with the columns they were read from.
//! The arrays always have the types that the columns say.

use std::sync::Arc;

use arrow::record_batch::RecordBatch;

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

    /// Some values of one row, by column index.
    pub fn values(&self, _row: usize, _columns: &[usize]) -> Result<Vec<Value>, SourceError> {
        Err(SourceError::new(
            ErrorKind::Unsupported,
            "stub until the connection branch is merged",
        ))
    }
}
