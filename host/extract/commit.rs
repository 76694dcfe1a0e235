//! Rows and cursor are one act. Each commit of a stream has a number, `seq`, and three steps:
//!
//! 1. store: the lease is still ours → the checkpoint, prepared;
//! 2. table: the Parquet files, the application transaction (stream, seq) and the checkpoint, in one log entry;
//! 3. store: the checkpoint, committed, with the job's counters.
//!
//! The table's log is the truth. After a crash, and at every claim, the newest checkpoint in the log is adopted: if step 2 landed,
//! step 3 is done again; if not, the prepared row is overwritten. A holder that was paused between 1 and 2 while another one
//! took over writes the same `seq`: the log takes one of the two, and the other finds its number taken. If that one still
//! holds the lease it adopts what it finds there; if not, it stops.

use crate::kb::{CommitError, Lake, TableWriter};
use crate::model::checkpoint::Checkpoint;
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::job::{Job, Progress};
use crate::model::pacing::Waited;
use crate::store::jobs::{self, Lease};
use crate::store::{Store, StoreError, checkpoints};

/// Why an attempt ends before its job does.
#[derive(Debug, PartialEq)]
pub enum CommitEnd {
    /// Another holder of this lease wrote this number first: start again from the checkpoint in the log.
    Adopt,
    /// All is committed, and the source is to be read in another way: go on from here.
    Reopen,
    Failed(Failure),
}

impl From<Failure> for CommitEnd {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Commits of one stream under one lease.
pub struct Committer<'a> {
    pub store: &'a Store,
    pub lease: &'a Lease,
    pub job: &'a Job,
    /// The newest checkpoint in the table's log.
    pub last: Option<Checkpoint>,
}

impl<'a> Committer<'a> {
    /// Reads where the stream stands from the table's log, and brings the store up to it.
    pub async fn recover(
        store: &'a Store,
        lake: &Lake,
        lease: &'a Lease,
        job: &'a Job,
    ) -> Result<Self, Failure> {
        // The store first: it never knows of a commit before the log does.
        let known = checkpoints::last_committed(store, &job.stream).await?;
        let last = lake
            .last_checkpoint(&job.kb_uid, &job.spec.dest_table, &job.stream)
            .await?;
        let seq = |checkpoint: &Option<Checkpoint>| checkpoint.as_ref().map_or(0, |c| c.seq);
        if seq(&last) < seq(&known) {
            return Err(log_cut_short(&job.spec.dest_table));
        }
        if seq(&last) > seq(&known) {
            tracing::info!(job = %job.id, seq = seq(&last), "adopted a commit whose last step was not done");
        }
        if let Some(checkpoint) = &last {
            checkpoints::commit(store, lease, checkpoint).await?;
        }
        Ok(Self {
            store,
            lease,
            job,
            last,
        })
    }

    /// Sums of the job up to the newest checkpoint. Earlier runs of a sync have sums of their own.
    pub fn progress(&self) -> Progress {
        let own = self.last.as_ref().filter(|last| last.job == self.job.id);
        own.map(|checkpoint| checkpoint.progress)
            .unwrap_or_default()
    }

    /// Whether this job has committed something.
    pub fn has_begun(&self) -> bool {
        self.last
            .as_ref()
            .is_some_and(|last| last.job == self.job.id)
    }

    /// Makes everything written so far visible, with the position after it. `progress` counts all of the job but the
    /// bytes, which only the closed files know.
    pub async fn commit(
        &mut self,
        writer: &mut TableWriter,
        cursor: Option<Cursor>,
        progress: Progress,
    ) -> Result<(), CommitEnd> {
        let checkpoint = self.prepare(writer, cursor, progress).await?;
        self.land(writer, &checkpoint).await?;
        self.note(checkpoint).await
    }

    /// Says what the job has waited for, also where nothing is committed after it.
    pub async fn note_waits(&self, waited: Waited) -> Result<(), Failure> {
        if waited == Waited::default() {
            return Ok(());
        }
        Ok(jobs::waited(self.store, self.lease, waited).await?)
    }

    /// Step 1.
    async fn prepare(
        &self,
        writer: &mut TableWriter,
        cursor: Option<Cursor>,
        progress: Progress,
    ) -> Result<Checkpoint, CommitEnd> {
        let sealed = writer.seal().await.map_err(Failure::from)?;
        let bytes = self.progress().bytes + sealed.bytes;
        let checkpoint = self.next(cursor, Progress { bytes, ..progress });
        match checkpoints::prepare(self.store, self.lease, &checkpoint).await {
            Ok(()) => Ok(checkpoint),
            Err(StoreError::SeqTaken) => Err(CommitEnd::Adopt),
            Err(error) => Err(Failure::from(error).into()),
        }
    }

    /// Step 2.
    async fn land(
        &self,
        writer: &mut TableWriter,
        checkpoint: &Checkpoint,
    ) -> Result<(), CommitEnd> {
        match writer.commit(checkpoint).await {
            Ok(_) => Ok(()),
            Err(CommitError::SeqTaken(_)) => Err(CommitEnd::Adopt),
            Err(CommitError::Kb(error)) => Err(Failure::from(error).into()),
        }
    }

    /// Step 3.
    async fn note(&mut self, checkpoint: Checkpoint) -> Result<(), CommitEnd> {
        checkpoints::commit(self.store, self.lease, &checkpoint)
            .await
            .map_err(Failure::from)?;
        tracing::debug!(job = %self.job.id, seq = checkpoint.seq, rows = checkpoint.progress.rows, "committed");
        self.last = Some(checkpoint);
        Ok(())
    }

    fn next(&self, cursor: Option<Cursor>, progress: Progress) -> Checkpoint {
        Checkpoint {
            stream: self.job.stream.clone(),
            seq: self.last.as_ref().map_or(1, |last| last.seq + 1),
            epoch: self.lease.epoch,
            job: self.job.id.clone(),
            cursor,
            progress,
        }
    }
}

/// Going on from what is left would land rows twice, or leave some out.
fn log_cut_short(table: &str) -> Failure {
    let detail = format!(
        "the table \"{table}\" has lost rows that had landed: its log ends before this job's last commit; restore its folder, or write to a new table"
    );
    Failure::new(FailureKind::Config, "checkpoint_lost", detail)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LeaseLost => {
                Self::new(FailureKind::LeaseLost, "lease_lost", error.to_string())
            }
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "the store failed");
                Self::new(FailureKind::Host, "store", other.to_string())
            }
        }
    }
}

#[cfg(test)]
#[path = "commit_tests/mod.rs"]
mod tests;
