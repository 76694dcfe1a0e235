//! Batches that a guest holds, and their bytes. The count falls when the last slice of a batch is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::HostError;
use crate::model::batch::Batch;
use crate::model::source::ErrorKind;

/// Bytes of the batches that one instance keeps alive.
pub struct LiveBytes {
    used: Arc<AtomicUsize>,
    limit: usize,
}

/// A batch in the host that a guest holds by a handle.
pub struct LiveBatch {
    pub batch: Batch,
    held: Arc<HeldBytes>,
}

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
        let bytes = batch.memory_bytes();
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
        let held = Arc::new(HeldBytes {
            bytes,
            used: Arc::clone(&self.used),
        });
        Ok(LiveBatch { batch, held })
    }
}

impl LiveBatch {
    /// Some of the rows. They keep the whole batch in memory, and counted.
    /// The caller has checked the range.
    pub fn slice(&self, offset: usize, len: usize) -> Self {
        Self {
            batch: self.batch.slice(offset, len),
            held: Arc::clone(&self.held),
        }
    }

    /// Some of the columns. They keep the whole batch in memory, and counted.
    pub fn project(&self, columns: &[usize]) -> Result<Self, HostError> {
        Ok(Self {
            batch: self.batch.project(columns)?,
            held: Arc::clone(&self.held),
        })
    }
}
