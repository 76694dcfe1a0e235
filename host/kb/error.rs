//! What can go wrong in the lake, in words for an operator. No path of this machine in any of them.

use std::error::Error;
use std::io;

use crate::model::checkpoint::Checkpoint;
use crate::model::failure::{Failure, FailureKind};

/// Trouble with the lake. `Display` is a sentence for an operator.
#[derive(Debug, thiserror::Error)]
pub enum KbError {
    #[error("the table \"{0}\" does not exist")]
    TableNotFound(String),
    #[error("the table \"{0}\" exists already")]
    TableExists(String),
    #[error("\"{0}\" cannot be the name of a table: 1 to 255 bytes without control characters")]
    TableName(String),
    #[error("the column \"{column}\" of the table \"{table}\" {problem}")]
    Column {
        table: String,
        column: String,
        problem: String,
    },
    /// Another writer gave the table other columns or took rows away. A fresh writer may succeed.
    #[error("the table \"{0}\" was changed by another writer in the meantime")]
    Changed(String),
    #[error("the table \"{table}\" cannot be written: {problem}")]
    Unsupported { table: String, problem: String },
    /// The log says that the stream wrote, but the entry that says how far is gone.
    #[error(
        "the log of the table \"{0}\" no longer has the entry with this stream's checkpoint; write to a new table or replace it"
    )]
    CheckpointLost(String),
    #[error("an earlier write to the table \"{0}\" failed, so what is staged is not complete")]
    Incomplete(String),
    #[error(
        "the disk is full, or a limit on it is reached, while writing the table \"{0}\": free some space, then run again"
    )]
    DiskFull(String),
    #[error("the knowledge base cannot be found under this name")]
    KbName,
    #[error("cannot {doing} {what}")]
    Storage {
        doing: &'static str,
        what: String,
        source: Box<dyn Error + Send + Sync>,
    },
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

impl KbError {
    /// Trouble with the files of one table. A full disk is told apart, because the operator can mend it.
    pub(super) fn storage(
        doing: &'static str,
        table: &str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        if is_disk_full(source.as_ref()) {
            return Self::DiskFull(table.to_owned());
        }
        Self::Storage {
            doing,
            what: format!("the table \"{table}\""),
            source,
        }
    }

    /// Trouble with the folder of all knowledge bases, or of one.
    pub(super) fn folder(doing: &'static str, source: io::Error) -> Self {
        Self::Storage {
            doing,
            what: "the folder of the knowledge bases".to_owned(),
            source: source.into(),
        }
    }

    pub(super) fn column(table: &str, column: &str, problem: impl Into<String>) -> Self {
        Self::Column {
            table: table.to_owned(),
            column: column.to_owned(),
            problem: problem.into(),
        }
    }
}

/// Parquet, object stores and Delta all wrap the error that says it: look for it at every level.
fn is_disk_full(error: &(dyn Error + 'static)) -> bool {
    let mut level = Some(error);
    while let Some(current) = level {
        if let Some(io) = current.downcast_ref::<io::Error>()
            && matches!(
                io.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            )
        {
            return true;
        }
        level = current.source();
    }
    false
}

impl From<KbError> for Failure {
    /// Whose trouble it is: a name or a column is the client's to mend, everything else the host's.
    fn from(error: KbError) -> Self {
        let (kind, code) = match &error {
            KbError::TableNotFound(_) => (FailureKind::Config, "dest_table_not_found"),
            KbError::TableExists(_) => (FailureKind::Config, "dest_table_exists"),
            KbError::TableName(_) => (FailureKind::Config, "invalid_dest_table"),
            KbError::Column { .. } => (FailureKind::Config, "column_mismatch"),
            KbError::Unsupported { .. } => (FailureKind::Config, "unsupported"),
            KbError::CheckpointLost(_) => (FailureKind::Config, "checkpoint_lost"),
            KbError::KbName => (FailureKind::Config, "kb_not_found"),
            KbError::Changed(_) => (FailureKind::Host, "table_changed"),
            KbError::Incomplete(_) => (FailureKind::Host, "write_incomplete"),
            KbError::DiskFull(_) => (FailureKind::Host, "disk_full"),
            KbError::Storage { .. } => {
                tracing::error!(error = &error as &dyn Error, "the lake failed");
                (FailureKind::Host, "storage")
            }
        };
        Self::new(kind, code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_inside_other_errors() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let parquet = parquet::errors::ParquetError::External(Box::new(full));
        let error = KbError::storage("write", "orders", parquet);
        assert_eq!(
            error.to_string(),
            "the disk is full, or a limit on it is reached, while writing the table \"orders\": free some space, then run again"
        );
    }

    #[test]
    fn another_error_names_the_table_and_keeps_its_source() {
        let error = KbError::storage("read", "orders", io::Error::other("boom"));
        assert_eq!(error.to_string(), "cannot read the table \"orders\"");
        assert_eq!(
            error.source().map(ToString::to_string).as_deref(),
            Some("boom")
        );
    }
}
