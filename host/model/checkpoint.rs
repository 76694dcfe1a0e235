//! What one commit of a stream means. Written in the table's log beside the rows (the truth) and in the store (its index).

use serde::{Deserialize, Serialize};

use super::cursor::Cursor;
use super::ids::{JobId, StreamId};
use super::job::Progress;

/// A position made durable with its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    pub stream: StreamId,
    /// Number of the commit within the stream, from 1. The Delta application transaction's version.
    pub seq: u64,
    /// Epoch of the lease under which it was written.
    pub epoch: u64,
    pub job: JobId,
    /// Where the next page starts. None: nothing was read yet.
    pub cursor: Option<Cursor>,
    /// Sums of the job, this commit included.
    pub progress: Progress,
}
