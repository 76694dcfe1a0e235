//! What SQLite says, as whose trouble it is. Its words about a statement name tables and columns; those about the file may
//! name its place and are left out.

use rusqlite::{Error, ErrorCode, ffi};

use crate::model::source::{ErrorKind, SourceError};

pub fn error(error: &Error) -> SourceError {
    let (failure, message) = match error {
        Error::SqliteFailure(failure, message) => (failure, message.as_deref()),
        Error::SqlInputError { error, msg, .. } => (error, Some(msg.as_str())),
        Error::MultipleStatement => return refused("it is more than one"),
        Error::NulError(_) => return refused("its text holds a zero byte"),
        _ => {
            return SourceError::new(
                ErrorKind::Other,
                "the statement ended in a way that is not known",
            );
        }
    };
    let (kind, text) = words(failure, message.unwrap_or_default());
    SourceError::new(kind, text).with_code(failure.extended_code.to_string())
}

fn words(failure: &ffi::Error, message: &str) -> (ErrorKind, String) {
    let said = |kind, text: &str| (kind, text.to_owned());
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => said(
            ErrorKind::Conflict,
            "the database is being written to; it is tried again",
        ),
        ErrorCode::OperationInterrupted => (ErrorKind::Timeout, too_long().message),
        ErrorCode::AuthorizationForStatementDenied => (
            ErrorKind::InvalidRequest,
            refused("it does something else than read the tables of this file").message,
        ),
        ErrorCode::ReadOnly if failure.extended_code == ffi::SQLITE_READONLY => {
            (ErrorKind::InvalidRequest, refused("it writes").message)
        }
        ErrorCode::ReadOnly => said(
            ErrorKind::Unavailable,
            "a program that wrote to the database was interrupted: open it once with one that may write, which mends it",
        ),
        ErrorCode::TooBig => said(ErrorKind::LimitExceeded, "a value is larger than 64 MiB"),
        ErrorCode::OutOfMemory => said(
            ErrorKind::LimitExceeded,
            "the statement needs more memory than there is",
        ),
        ErrorCode::NotADatabase => (ErrorKind::InvalidRequest, no_database().message),
        ErrorCode::DatabaseCorrupt => said(
            ErrorKind::Other,
            "the database file is damaged: look at it with `pragma integrity_check`",
        ),
        ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied => said(
            ErrorKind::Unavailable,
            "the database file, or one beside it, cannot be read",
        ),
        ErrorCode::SchemaChanged => said(
            ErrorKind::Conflict,
            "the tables changed while they were read; it is tried again",
        ),
        ErrorCode::Unknown if message.starts_with("no such ") => {
            (ErrorKind::NotFound, message.to_owned())
        }
        ErrorCode::Unknown => (ErrorKind::InvalidRequest, message.to_owned()),
        _ => (ErrorKind::Other, message.to_owned()),
    }
}

/// A statement that is not let through.
pub fn refused(why: &str) -> SourceError {
    let message = format!("the statement was refused: {why}");
    SourceError::new(ErrorKind::InvalidRequest, message)
}

pub fn no_database() -> SourceError {
    let message = "the file is not an SQLite database, or is encrypted";
    SourceError::new(ErrorKind::InvalidRequest, message)
}

pub fn too_long() -> SourceError {
    let message = "the statement took longer than the connection's statement_timeout_ms allows";
    SourceError::new(ErrorKind::Timeout, message)
}

pub fn lost() -> SourceError {
    let message = "the database file was closed in the middle of a statement; it is opened again";
    SourceError::new(ErrorKind::Unavailable, message)
}
