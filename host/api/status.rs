//! Which status each error of the other modules gets: one `match` per type. What is ours becomes a 500 that keeps its
//! source for the log; what the client or the operator can mend keeps its sentence.

use axum::http::StatusCode;

use super::auth::kb_not_found;
use super::problem::Problem;
use super::report::FieldError;
use crate::kb::{KbError, QueryError};
use crate::model::failure::{Failure, FailureKind};
use crate::store::StoreError;

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::KbNotFound => kb_not_found(),
            StoreError::DestTaken => Self::refused("dest_table_exists", error.to_string()),
            StoreError::Open(_)
            | StoreError::Migrate(_)
            | StoreError::Query(_)
            | StoreError::Corrupt(_)
            | StoreError::LeaseLost
            | StoreError::SeqTaken => Self::internal(error),
        }
    }
}

impl From<KbError> for Problem {
    fn from(error: KbError) -> Self {
        match error {
            KbError::TableName(_) => {
                Self::bad_request(super::report::INVALID_REQUEST, error.to_string())
            }
            KbError::TableNotFound(_) => Self::refused("dest_table_not_found", error.to_string()),
            KbError::TableExists(_) => Self::refused("dest_table_exists", error.to_string()),
            KbError::Changed(_) => {
                Self::new(StatusCode::CONFLICT, "table_changed", error.to_string())
            }
            KbError::Column { .. }
            | KbError::Unsupported { .. }
            | KbError::CheckpointLost(_)
            | KbError::Incomplete(_)
            | KbError::DiskFull(_)
            | KbError::KbName
            | KbError::Storage { .. } => Self::internal(error),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Refused(detail) => Self::bad_request("query_refused", detail.as_str())
                .with_errors(vec![FieldError {
                    pointer: "/sql".to_owned(),
                    detail,
                }]),
            QueryError::LimitExceeded(detail) => Self::refused("query_limit_exceeded", detail),
            QueryError::Kb(error) => error.into(),
        }
    }
}

impl From<Failure> for Problem {
    /// Trouble with a source while it is browsed. The sentence is written for operators and holds no secret.
    fn from(failure: Failure) -> Self {
        match failure.kind {
            FailureKind::Config | FailureKind::Source | FailureKind::Plugin => {
                Self::refused("source_refused", failure.detail)
            }
            FailureKind::Host | FailureKind::Stopped | FailureKind::LeaseLost => {
                Self::internal(failure)
            }
        }
    }
}
