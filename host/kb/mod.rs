//! The lake: Delta tables in folders, one folder a knowledge base. Rows and their cursor become durable in one log entry.
//! Knows nothing of sources, jobs or leases beyond what a checkpoint carries.

use std::path::Path;

use crate::model::batch::Batch;
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::{KbUid, StreamId};
use crate::model::source::Column;

/// Trouble with the lake. `Display` is a sentence for an operator.
#[derive(Debug, thiserror::Error)]
pub enum KbError {
    #[error("the table \"{0}\" does not exist")]
    TableNotFound(String),
}

/// A table as clients see it.
#[derive(Debug, Clone)]
pub struct TableSummary {
    pub name: String,
    pub columns: Vec<arrow::datatypes::Field>,
    pub rows: u64,
    pub bytes: u64,
    pub files: u64,
    /// Version of the Delta log.
    pub version: u64,
}

/// All knowledge bases under one folder.
pub struct Lake {}

/// Which table a writer writes, for whom, and how.
#[derive(Debug, Clone)]
pub struct Target {
    pub kb: KbUid,
    pub table: String,
    pub stream: StreamId,
    pub mode: crate::model::job::Mode,
    /// Columns of what will be written, in order.
    pub columns: Vec<Column>,
}

/// Rows on their way into one table. Nothing is visible to readers before `commit`.
pub struct TableWriter {}

/// What is staged for the next commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    pub rows: u64,
    pub bytes: u64,
}

/// Why a commit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The log already has this number of this stream: another holder wrote it. Its checkpoint.
    #[error("commit {} of this stream is already in the table's log", .0.seq)]
    SeqTaken(Box<Checkpoint>),
    #[error(transparent)]
    Kb(#[from] KbError),
}

impl Lake {
    pub fn open(_root: &Path) -> Result<Self, KbError> {
        todo!()
    }

    /// Every table of a knowledge base, by name.
    pub async fn tables(&self, _kb: &KbUid) -> Result<Vec<TableSummary>, KbError> {
        todo!()
    }

    pub async fn table(&self, _kb: &KbUid, _name: &str) -> Result<Option<TableSummary>, KbError> {
        todo!()
    }

    /// The newest checkpoint of a stream that the table's log has.
    pub async fn last_checkpoint(
        &self,
        _kb: &KbUid,
        _table: &str,
        _stream: &StreamId,
    ) -> Result<Option<Checkpoint>, KbError> {
        todo!()
    }

    /// `Create`: the table must not exist unless this stream made it. `Append`, and `Create` resumed: the columns must fit the table.
    pub async fn writer(&self, _target: Target) -> Result<TableWriter, KbError> {
        todo!()
    }

    /// Removes a knowledge base with all its tables.
    pub async fn remove(&self, _kb: &KbUid) -> Result<(), KbError> {
        todo!()
    }

    /// One read-only statement over the tables of a knowledge base.
    pub async fn query(&self, _kb: &KbUid, _query: Query) -> Result<Answer, QueryError> {
        todo!()
    }
}

impl TableWriter {
    /// Encodes rows into the open Parquet file.
    pub async fn write(&mut self, _batch: &Batch) -> Result<(), KbError> {
        todo!()
    }

    /// What was written since the last commit; bytes are an estimate until `seal`.
    pub fn staged(&self) -> Staged {
        todo!()
    }

    /// Closes and syncs the open files: exact sizes of what the next commit will make visible.
    pub async fn seal(&mut self) -> Result<Staged, KbError> {
        todo!()
    }

    /// Makes what is sealed visible, together with the checkpoint, in one log entry. Also without rows.
    /// In mode `Replace` this is the swap.
    pub async fn commit(&mut self, _checkpoint: &Checkpoint) -> Result<u64, CommitError> {
        todo!()
    }

    /// Removes staged files that no commit made visible.
    pub async fn discard(self) {
        todo!()
    }
}

/// A statement with its parameters and limits.
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    /// Bound to `$1`, `$2`, …
    pub params: Vec<serde_json::Value>,
    pub explain: bool,
    pub limits: QueryLimits,
}

/// Bounds of one query.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// Rows returned; more are cut and said in `truncated`.
    pub rows: usize,
    pub time: std::time::Duration,
    pub memory_bytes: usize,
}

/// Rows of a query.
#[derive(Debug)]
pub struct Answer {
    pub schema: arrow::datatypes::SchemaRef,
    pub batches: Vec<arrow::record_batch::RecordBatch>,
    pub truncated: bool,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The statement is wrong, not read-only, or names what is not there. The client's to mend.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    LimitExceeded(String),
    #[error(transparent)]
    Kb(#[from] KbError),
}
