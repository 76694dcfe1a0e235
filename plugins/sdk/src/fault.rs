//! Errors in our own words. The host's errors pass through with their kind and code; only context is added.

use crate::bindings::{Error, ErrorKind};

pub fn error(kind: ErrorKind, message: impl Into<String>) -> Error {
    Error {
        kind,
        message: message.into(),
        code: None,
        column: None,
    }
}

pub fn column_error(kind: ErrorKind, column: &str, message: impl Into<String>) -> Error {
    Error {
        column: Some(column.to_owned()),
        ..error(kind, message)
    }
}

/// The position to resume from does not fit the table. The host knows this code.
pub fn invalid_cursor(column: &str, message: impl Into<String>) -> Error {
    Error {
        code: Some("invalid_cursor".to_owned()),
        ..column_error(ErrorKind::InvalidRequest, column, message)
    }
}

/// Says what the host's error is about.
pub fn about(source: &str, error: Error) -> Error {
    Error {
        message: format!("{source}: {}", error.message),
        ..error
    }
}
