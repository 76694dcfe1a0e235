//! The contract's types into the model's and back, and nothing else. What comes from a guest is checked here.

use std::collections::HashSet;

use super::bindings::sluice::source::types as wit;
use super::bounds;
use super::limits::{MAX_COLUMNS, MAX_CURSOR_BYTES, MAX_NAME_BYTES, MAX_TIE_VALUES};
use crate::model::cursor::Cursor;
use crate::model::source::{Column, DataType, ErrorKind, SourceError};
use crate::model::value::Value;

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
    };
    let bytes: usize = cursor
        .tie
        .iter()
        .chain([&cursor.value])
        .map(value_bytes)
        .sum();
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

/// The columns of a batch or a reader, each checked, no name twice.
pub fn columns_from_guest(columns: Vec<wit::Column>) -> Result<Vec<Column>, SourceError> {
    if columns.is_empty() || columns.len() > MAX_COLUMNS {
        return Err(invalid(format!(
            "{} columns (1 to {MAX_COLUMNS} are possible)",
            columns.len()
        )));
    }
    let columns = columns
        .into_iter()
        .map(column_from_guest)
        .collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    match columns
        .iter()
        .find(|column| !names.insert(column.name.as_str()))
    {
        Some(twice) => Err(invalid(format!(
            "two columns are named \"{}\"",
            bounds::message(&twice.name)
        ))),
        None => Ok(columns),
    }
}

pub fn column_from_guest(column: wit::Column) -> Result<Column, SourceError> {
    let wit::Column {
        name,
        data_type,
        nullable,
        native_type,
    } = column;
    if let Some(problem) = bounds::name_problem(&name) {
        return Err(invalid(format!("a column name {problem}")));
    }
    // With modifiers an enum's or a domain's name may be longer than a plain one.
    if native_type.len() > 2 * MAX_NAME_BYTES {
        return Err(invalid(format!(
            "the type name of a column has {} bytes",
            native_type.len()
        ))
        .with_column(name));
    }
    let data_type =
        data_type_from_guest(data_type).map_err(|error| error.with_column(name.as_str()))?;
    Ok(Column {
        name,
        data_type,
        nullable,
        native_type,
    })
}

fn data_type_from_guest(data_type: wit::DataType) -> Result<DataType, SourceError> {
    Ok(match data_type {
        wit::DataType::Boolean => DataType::Boolean,
        wit::DataType::Int16 => DataType::Int16,
        wit::DataType::Int32 => DataType::Int32,
        wit::DataType::Int64 => DataType::Int64,
        wit::DataType::Float32 => DataType::Float32,
        wit::DataType::Float64 => DataType::Float64,
        wit::DataType::Decimal((precision, scale)) => decimal(precision, scale)?,
        wit::DataType::Text => DataType::Text,
        wit::DataType::Bytes => DataType::Bytes,
        wit::DataType::Date => DataType::Date,
        wit::DataType::Time => DataType::Time,
        wit::DataType::Timestamp => DataType::Timestamp,
        wit::DataType::Timestamptz => DataType::Timestamptz,
        wit::DataType::Uuid => DataType::Uuid,
        wit::DataType::Json => DataType::Json,
        wit::DataType::Array(element) => DataType::Array(Box::new(element_from_guest(element))),
        wit::DataType::Native(name) => match bounds::name_problem(&name) {
            Some(problem) => return Err(invalid(format!("the name of a type {problem}"))),
            None => DataType::Native(name),
        },
    })
}

/// A scale below zero or above the precision has no form in a dest table.
fn decimal(precision: u8, scale: i8) -> Result<DataType, SourceError> {
    let fits = (1..=38).contains(&precision) && scale >= 0 && scale.unsigned_abs() <= precision;
    if fits {
        Ok(DataType::Decimal(precision, scale))
    } else {
        Err(invalid(format!("decimal({precision},{scale})")))
    }
}

fn element_from_guest(element: wit::ElementType) -> DataType {
    match element {
        wit::ElementType::Boolean => DataType::Boolean,
        wit::ElementType::Int16 => DataType::Int16,
        wit::ElementType::Int32 => DataType::Int32,
        wit::ElementType::Int64 => DataType::Int64,
        wit::ElementType::Float32 => DataType::Float32,
        wit::ElementType::Float64 => DataType::Float64,
        wit::ElementType::Text => DataType::Text,
        wit::ElementType::Bytes => DataType::Bytes,
        wit::ElementType::Date => DataType::Date,
        wit::ElementType::Timestamp => DataType::Timestamp,
        wit::ElementType::Timestamptz => DataType::Timestamptz,
        wit::ElementType::Uuid => DataType::Uuid,
    }
}

pub fn column_to_guest(column: &Column) -> wit::Column {
    wit::Column {
        name: column.name.clone(),
        data_type: data_type_to_guest(&column.data_type),
        nullable: column.nullable,
        native_type: column.native_type.clone(),
    }
}

fn data_type_to_guest(data_type: &DataType) -> wit::DataType {
    match data_type {
        DataType::Boolean => wit::DataType::Boolean,
        DataType::Int16 => wit::DataType::Int16,
        DataType::Int32 => wit::DataType::Int32,
        DataType::Int64 => wit::DataType::Int64,
        DataType::Float32 => wit::DataType::Float32,
        DataType::Float64 => wit::DataType::Float64,
        DataType::Decimal(precision, scale) => wit::DataType::Decimal((*precision, *scale)),
        DataType::Text => wit::DataType::Text,
        DataType::Bytes => wit::DataType::Bytes,
        DataType::Date => wit::DataType::Date,
        DataType::Time => wit::DataType::Time,
        DataType::Timestamp => wit::DataType::Timestamp,
        DataType::Timestamptz => wit::DataType::Timestamptz,
        DataType::Uuid => wit::DataType::Uuid,
        DataType::Json => wit::DataType::Json,
        DataType::Array(element) => wit::DataType::Array(element_to_guest(element)),
        DataType::Native(name) => wit::DataType::Native(name.clone()),
    }
}

/// Connections make arrays of the contract's elements only; any other would land as text.
fn element_to_guest(element: &DataType) -> wit::ElementType {
    match element {
        DataType::Boolean => wit::ElementType::Boolean,
        DataType::Int16 => wit::ElementType::Int16,
        DataType::Int32 => wit::ElementType::Int32,
        DataType::Int64 => wit::ElementType::Int64,
        DataType::Float32 => wit::ElementType::Float32,
        DataType::Float64 => wit::ElementType::Float64,
        DataType::Bytes => wit::ElementType::Bytes,
        DataType::Date => wit::ElementType::Date,
        DataType::Timestamp => wit::ElementType::Timestamp,
        DataType::Timestamptz => wit::ElementType::Timestamptz,
        DataType::Uuid => wit::ElementType::Uuid,
        DataType::Text
        | DataType::Decimal(..)
        | DataType::Time
        | DataType::Json
        | DataType::Native(_)
        | DataType::Array(_) => wit::ElementType::Text,
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

fn invalid(message: String) -> SourceError {
    SourceError::new(ErrorKind::InvalidRequest, message)
}
