//! Batches that a guest builds. Every length, offset, byte and digit is checked; nothing is cut, rounded or guessed.

mod columns;
mod rows;

use arrow::array::ArrayRef;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError, arrow_schema};

pub use columns::from_columns;
pub use rows::from_rows;

/// The guest's data contradict what it announced.
fn invalid(message: impl Into<String>) -> SourceError {
    SourceError::new(ErrorKind::InvalidRequest, message)
}

fn assemble(
    columns: Vec<Column>,
    rows: usize,
    arrays: Vec<ArrayRef>,
) -> Result<Batch, SourceError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    // The message of Arrow names types and lengths, never values.
    let rows = RecordBatch::try_new_with_options(arrow_schema(&columns), arrays, &options)
        .map_err(|error| invalid(error.to_string()))?;
    Ok(Batch::exact(columns.into(), rows))
}
