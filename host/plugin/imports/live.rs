//! Batches that a guest holds, and their bytes. The count falls when the last slice of a batch is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::HostError;
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind};

/// Bytes of the batches that one instance keeps alive.
pub struct LiveBytes {
    used: Arc<AtomicUsize>,
    limit: usize,
}

/// A batch in the host that a guest holds by a handle.
pub struct LiveBatch {
    pub batch: Batch,
    rows: Arc<HeldBytes>,
    /// Of a batch without rows they are all there is, and a guest names them.
    columns: Arc<HeldBytes>,
}

/// What a column takes beside its names: itself, and its field in the schema.
const COLUMN_BYTES: usize = 512;

/// Counted until dropped.
struct HeldBytes {
    bytes: usize,
    used: Arc<AtomicUsize>,
}

impl Drop for HeldBytes {
    fn drop(&mut self) {
        self.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl LiveBytes {
    pub fn new(limit: usize) -> Self {
        Self {
            used: Arc::default(),
            limit,
        }
    }

    /// What a further batch may have.
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.used.load(Ordering::Relaxed))
    }

    /// Counts a batch, or refuses it.
    pub fn hold(&self, batch: Batch) -> Result<LiveBatch, HostError> {
        Ok(LiveBatch {
            rows: self.take(batch.memory_bytes())?,
            columns: self.take(column_bytes(&batch.columns))?,
            batch,
        })
    }

    /// Some of the columns of a batch. They keep all of its rows in memory, and counted.
    pub fn project(&self, live: &LiveBatch, columns: &[usize]) -> Result<LiveBatch, HostError> {
        let batch = live.batch.project(columns)?;
        Ok(LiveBatch {
            rows: Arc::clone(&live.rows),
            columns: self.take(column_bytes(&batch.columns))?,
            batch,
        })
    }

    fn take(&self, bytes: usize) -> Result<Arc<HeldBytes>, HostError> {
        if bytes > self.left() {
            return Err(HostError::new(
                ErrorKind::LimitExceeded,
                format!(
                    "the batches that a plugin holds would pass {} bytes: ask for fewer rows at once",
                    self.limit
                ),
            ));
        }
        self.used.fetch_add(bytes, Ordering::Relaxed);
        Ok(Arc::new(HeldBytes {
            bytes,
            used: Arc::clone(&self.used),
        }))
    }
}

fn column_bytes(columns: &[Column]) -> usize {
    let names = columns
        .iter()
        .map(|column| 2 * (column.name.len() + column.native_type.len()));
    columns.len() * COLUMN_BYTES + names.sum::<usize>()
}

impl LiveBatch {
    /// Some of the rows. They keep the whole batch in memory, and counted.
    /// The caller has checked the range.
    pub fn slice(&self, offset: usize, len: usize) -> Self {
        Self {
            batch: self.batch.slice(offset, len),
            rows: Arc::clone(&self.rows),
            columns: Arc::clone(&self.columns),
        }
    }
}
