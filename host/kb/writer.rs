//! Rows on their way into one table: encodes a batch while the caller reads the next, then commits.
//! Decides nothing about versions (see `commit`). After a failed write nothing can be committed any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinHandle;

use super::commit::Committer;
use super::encoder::Encoder;
use super::log::run;
use super::table::Tables;
use super::{CommitError, KbError, Staged, Target};
use crate::model::batch::Batch;
use crate::model::checkpoint::Checkpoint;

/// Rows on their way into one table. Nothing is visible to readers before `commit`.
pub struct TableWriter {
    table: String,
    encoder: Slot,
    committer: Committer,
    /// Rows written since the last commit.
    rows: u64,
    staged_bytes: Arc<AtomicU64>,
}

/// Where the encoder is.
enum Slot {
    Idle(Box<Encoder>),
    /// Encoding the batch before.
    Busy(JoinHandle<(Box<Encoder>, Result<(), KbError>)>),
    /// Lost in a panic, or with a future that was dropped.
    Lost,
}

impl TableWriter {
    pub(super) async fn open(tables: Arc<Tables>, target: Target) -> Result<Self, KbError> {
        let table = target.table.clone();
        let (committer, fit) = Committer::open(tables, target).await?;
        let encoder = Encoder::new(committer.place()?, fit);
        let staged_bytes = encoder.staged_bytes();
        Ok(Self {
            table,
            encoder: Slot::Idle(Box::new(encoder)),
            committer,
            rows: 0,
            staged_bytes,
        })
    }

    /// Hands rows to the encoder, once it is done with those before. Trouble with them may show at the next call.
    pub async fn write(&mut self, batch: &Batch) -> Result<(), KbError> {
        let mut encoder = self.idle_encoder().await?;
        let rows = batch.rows.clone();
        self.rows += rows.num_rows() as u64;
        self.encoder = Slot::Busy(tokio::task::spawn_blocking(move || {
            let written = encoder.write(&rows);
            (encoder, written)
        }));
        Ok(())
    }

    /// What was written since the last commit; bytes are an estimate until `seal`.
    pub fn staged(&self) -> Staged {
        Staged {
            rows: self.rows,
            bytes: self.staged_bytes.load(Ordering::Relaxed),
        }
    }

    /// What the commits so far did to the columns of the table, in sentences for the operator.
    pub fn notes(&self) -> &[String] {
        &self.committer.notes
    }

    /// Closes and syncs the open files: exact sizes of what the next commit will make visible.
    pub async fn seal(&mut self) -> Result<Staged, KbError> {
        let mut encoder = self.idle_encoder().await?;
        self.encoder = Slot::Busy(tokio::task::spawn_blocking(move || {
            let sealed = encoder.seal();
            (encoder, sealed)
        }));
        self.encoder = Slot::Idle(self.idle_encoder().await?);
        Ok(self.staged())
    }

    /// Makes what is sealed visible, together with the checkpoint, in one log entry. Also without rows.
    /// In mode `Replace` the first commit is the swap. Seals by itself what was not.
    ///
    /// Dropping the future leaves open whether the entry landed; the log says it (`Lake::last_checkpoint`).
    pub async fn commit(&mut self, checkpoint: &Checkpoint) -> Result<u64, CommitError> {
        self.seal().await?;
        let mut encoder = self.idle_encoder().await?;
        let committed = self.committer.commit(encoder.take(), checkpoint).await;
        let result = match committed {
            Ok(version) => {
                self.rows = 0;
                Ok(version)
            }
            Err(failed) => {
                encoder.give_back(failed.files);
                Err(failed.error)
            }
        };
        self.encoder = Slot::Idle(encoder);
        result
    }

    /// Removes staged files that no commit made visible.
    pub async fn discard(mut self) {
        // Trouble with an earlier write is no news to one who discards.
        if let Ok(encoder) = self.idle_encoder().await {
            run(move || drop(encoder)).await;
        }
    }

    /// Waits for the batch before and takes the encoder out. Its error, if there was one, is reported here.
    async fn idle_encoder(&mut self) -> Result<Box<Encoder>, KbError> {
        if let Slot::Busy(task) = &mut self.encoder {
            // Dropped while waiting, the task stays in its place.
            let ended = task.await;
            self.encoder = Slot::Lost;
            let (encoder, written) =
                ended.map_err(|error| KbError::storage("write", &self.table, error))?;
            self.encoder = Slot::Idle(encoder);
            written?;
        }
        match std::mem::replace(&mut self.encoder, Slot::Lost) {
            Slot::Idle(encoder) => Ok(encoder),
            Slot::Busy(_) | Slot::Lost => Err(KbError::Incomplete(self.table.clone())),
        }
    }
}
