//! Rows of one statement on their way to a batch: one builder per column, chosen once per statement by the engine.
//! A value that its column cannot hold is an error that names the column; nothing is wrapped or dropped.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};

use super::trouble::Trouble;
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError, arrow_schema};

/// Gathers rows of one statement into batches; `B` is the engine's builder of one column.
pub struct Decoder<B> {
    columns: Arc<[Column]>,
    builders: Vec<B>,
    rows: usize,
    bytes: usize,
}

impl<B> Decoder<B> {
    /// One builder for each of the columns.
    pub fn new(columns: Arc<[Column]>, builders: Vec<B>) -> Self {
        Self {
            columns,
            builders,
            rows: 0,
            bytes: 0,
        }
    }

    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    pub fn builders(&self) -> &[B] {
        &self.builders
    }

    /// Rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes those rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a row of `size` bytes. `append` adds one value and answers the bytes that it takes beyond those.
    ///
    /// # Errors
    /// `Conversion`, naming the column. The decoder is of no use after that.
    pub fn append<V>(
        &mut self,
        size: usize,
        values: impl Iterator<Item = V>,
        append: impl Fn(&mut B, V) -> Result<usize, Trouble>,
    ) -> Result<(), SourceError> {
        let mut grown = size;
        for (index, (builder, value)) in self.builders.iter_mut().zip(values).enumerate() {
            grown +=
                append(builder, value).map_err(|trouble| trouble.explain(&self.columns[index]))?;
        }
        self.rows += 1;
        self.bytes += grown;
        Ok(())
    }

    /// What was gathered; the decoder starts anew.
    ///
    /// # Errors
    /// `Other` when the arrays do not fit the columns, which would be a fault of ours.
    pub fn finish(&mut self, finish: impl Fn(&mut B) -> ArrayRef) -> Result<Batch, SourceError> {
        let arrays: Vec<ArrayRef> = self.builders.iter_mut().map(finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let rows = RecordBatch::try_new_with_options(arrow_schema(&self.columns), arrays, &options)
            .map_err(|error| {
                SourceError::new(
                    ErrorKind::Other,
                    format!("rows do not fit their columns: {error}"),
                )
            })?;
        (self.rows, self.bytes) = (0, 0);
        Ok(Batch::exact(Arc::clone(&self.columns), rows))
    }
}
