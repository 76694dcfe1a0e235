//! Why a job failed, who can mend it, and whether trying again is worth it. The one table that decides.

use serde::{Deserialize, Serialize};

use super::source::{ErrorKind, SourceError};

/// Who can mend it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The operator or the client: a wrong name, a missing right. Not retried.
    Config,
    /// The source database. Retried with backoff.
    Source,
    /// The author of the plugin: a bug, a limit, a trap. Not retried.
    Plugin,
    /// We, or the machine we run on. Retried.
    Host,
    /// Nobody: an operator stopped it.
    Stopped,
    /// Nobody: another holder runs this job now.
    LeaseLost,
}

/// The end of a job that did not complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Failure {
    pub kind: FailureKind,
    /// SQLSTATE, the server's error number, or a lower_snake word of ours.
    pub code: String,
    /// A sentence: what happened and what to do.
    pub detail: String,
}

impl Failure {
    pub fn new(kind: FailureKind, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code: code.into(),
            detail: detail.into(),
        }
    }

    /// Whether the same page may fail again where a smaller one does not.
    pub fn is_eased_by_smaller_pages(&self) -> bool {
        let code = self.code.as_str();
        match self.kind {
            FailureKind::Source => {
                matches!(
                    code,
                    "timeout"
                        | "conflict"
                        | "57014"
                        | "40001"
                        | "55P03"
                        | "601"
                        | "1205"
                        | "1222"
                        | "3960"
                        | "3961"
                )
            }
            // A page of wide rows was larger than what a plugin may hold.
            FailureKind::Plugin => code == "limit_exceeded",
            _ => false,
        }
    }

    /// Whether another attempt may succeed without anybody doing anything.
    pub fn is_retried(&self) -> bool {
        matches!(self.kind, FailureKind::Source | FailureKind::Host)
    }
}

impl From<SourceError> for Failure {
    /// The one place where trouble with a source becomes somebody's to mend.
    fn from(error: SourceError) -> Self {
        let (kind, word) = match error.kind {
            ErrorKind::InvalidRequest => (FailureKind::Config, "invalid_request"),
            ErrorKind::NotFound => (FailureKind::Config, "not_found"),
            ErrorKind::PermissionDenied => (FailureKind::Config, "permission_denied"),
            ErrorKind::Unsupported => (FailureKind::Config, "unsupported"),
            ErrorKind::Conversion => (FailureKind::Config, "conversion"),
            ErrorKind::Unavailable => (FailureKind::Source, "unavailable"),
            ErrorKind::Conflict => (FailureKind::Source, "conflict"),
            ErrorKind::Timeout => (FailureKind::Source, "timeout"),
            ErrorKind::LimitExceeded => (FailureKind::Plugin, "limit_exceeded"),
            // Whether a job was stopped is known from its row, not from a plugin: one that says so is tried again.
            ErrorKind::Cancelled => (FailureKind::Source, "cancelled"),
            ErrorKind::Other => (FailureKind::Source, "source_error"),
        };
        let detail = match &error.column {
            Some(column) if !error.message.contains(column.as_str()) => {
                format!("column \"{column}\": {}", error.message)
            }
            _ => error.message,
        };
        Self::new(kind, error.code.unwrap_or_else(|| word.to_owned()), detail)
    }
}
