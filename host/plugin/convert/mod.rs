//! The contract's types into the model's and back, and nothing else. What comes from a guest is checked here.

mod columns;

use super::bindings::sluice::source::types as wit;
use super::bounds;
use super::limits::{MAX_CURSOR_BYTES, MAX_NAME_BYTES, MAX_TIE_VALUES};
use crate::model::cursor::Cursor;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

pub use columns::{column_from_guest, column_to_guest, columns_from_guest};

pub fn value_from_guest(value: wit::Value) -> Value {
    match value {
        wit::Value::Null => Value::Null,
        wit::Value::Boolean(b) => Value::Boolean(b),
        wit::Value::Int(i) => Value::Int(i),
        wit::Value::Float(f) => Value::Float(f),
        wit::Value::Decimal(s) => Value::Decimal(s),
        wit::Value::Text(s) => Value::Text(s),
        wit::Value::Bytes(b) => Value::Bytes(b),
        wit::Value::Date(s) => Value::Date(s),
        wit::Value::Time(s) => Value::Time(s),
        wit::Value::Timestamp(s) => Value::Timestamp(s),
        wit::Value::Timestamptz(s) => Value::Timestamptz(s),
        wit::Value::Uuid(s) => Value::Uuid(s),
        wit::Value::Native(wit::Native { type_name, text }) => Value::Native { type_name, text },
    }
}

pub fn value_to_guest(value: Value) -> wit::Value {
    match value {
        Value::Null => wit::Value::Null,
        Value::Boolean(b) => wit::Value::Boolean(b),
        Value::Int(i) => wit::Value::Int(i),
        Value::Float(f) => wit::Value::Float(f),
        Value::Decimal(s) => wit::Value::Decimal(s),
        Value::Text(s) => wit::Value::Text(s),
        Value::Bytes(b) => wit::Value::Bytes(b),
        Value::Date(s) => wit::Value::Date(s),
        Value::Time(s) => wit::Value::Time(s),
        Value::Timestamp(s) => wit::Value::Timestamp(s),
        Value::Timestamptz(s) => wit::Value::Timestamptz(s),
        Value::Uuid(s) => wit::Value::Uuid(s),
        Value::Native { type_name, text } => wit::Value::Native(wit::Native { type_name, text }),
    }
}

/// A cursor within bounds.
///
/// # Errors
/// What is too large.
pub fn cursor_from_guest(cursor: wit::Cursor) -> Result<Cursor, String> {
    if cursor.tie.len() > MAX_TIE_VALUES {
        return Err(format!(
            "a cursor with a key of {} columns (at most {MAX_TIE_VALUES})",
            cursor.tie.len()
        ));
    }
    let cursor = Cursor {
        value: value_from_guest(cursor.value),
        tie: cursor.tie.into_iter().map(value_from_guest).collect(),
        landed: cursor.landed,
        digest: cursor.digest,
    };
    let bytes = cursor
        .tie
        .iter()
        .chain([&cursor.value])
        .map(value_bytes)
        .sum::<usize>()
        + cursor.digest.as_ref().map_or(0, String::len);
    if bytes > MAX_CURSOR_BYTES {
        return Err(format!(
            "a cursor of {bytes} bytes (at most {MAX_CURSOR_BYTES})"
        ));
    }
    Ok(cursor)
}

pub fn cursor_to_guest(cursor: Cursor) -> wit::Cursor {
    wit::Cursor {
        value: value_to_guest(cursor.value),
        tie: cursor.tie.into_iter().map(value_to_guest).collect(),
        landed: cursor.landed,
        digest: cursor.digest,
    }
}

fn value_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Boolean(_) | Value::Int(_) | Value::Float(_) => 8,
        Value::Bytes(bytes) => bytes.len(),
        Value::Decimal(s)
        | Value::Text(s)
        | Value::Date(s)
        | Value::Time(s)
        | Value::Timestamp(s)
        | Value::Timestamptz(s)
        | Value::Uuid(s) => s.len(),
        Value::Native { type_name, text } => type_name.len() + text.len(),
    }
}

/// A guest's error, its sentences bounded.
pub fn error_from_guest(error: wit::Error) -> SourceError {
    use wit::ErrorKind as Guest;
    let kind = match error.kind {
        Guest::InvalidRequest => ErrorKind::InvalidRequest,
        Guest::NotFound => ErrorKind::NotFound,
        Guest::PermissionDenied => ErrorKind::PermissionDenied,
        Guest::Unsupported => ErrorKind::Unsupported,
        Guest::Unavailable => ErrorKind::Unavailable,
        Guest::Conflict => ErrorKind::Conflict,
        Guest::Timeout => ErrorKind::Timeout,
        Guest::LimitExceeded => ErrorKind::LimitExceeded,
        Guest::Conversion => ErrorKind::Conversion,
        Guest::Cancelled => ErrorKind::Cancelled,
        Guest::Other => ErrorKind::Other,
    };
    let short = |text: String| bounds::visible(&text, MAX_NAME_BYTES);
    SourceError {
        kind,
        message: bounds::message(&error.message),
        code: error.code.map(short).filter(|code| !code.is_empty()),
        column: error.column.map(short),
    }
}

pub fn error_to_guest(error: SourceError) -> wit::Error {
    use wit::ErrorKind as Guest;
    let kind = match error.kind {
        ErrorKind::InvalidRequest => Guest::InvalidRequest,
        ErrorKind::NotFound => Guest::NotFound,
        ErrorKind::PermissionDenied => Guest::PermissionDenied,
        ErrorKind::Unsupported => Guest::Unsupported,
        ErrorKind::Unavailable => Guest::Unavailable,
        ErrorKind::Conflict => Guest::Conflict,
        ErrorKind::Timeout => Guest::Timeout,
        ErrorKind::LimitExceeded => Guest::LimitExceeded,
        ErrorKind::Conversion => Guest::Conversion,
        ErrorKind::Cancelled => Guest::Cancelled,
        ErrorKind::Other => Guest::Other,
    };
    wit::Error {
        kind,
        message: error.message,
        code: error.code,
        column: error.column,
    }
}
