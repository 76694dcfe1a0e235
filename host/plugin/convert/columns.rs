//! Columns and their types, out of and into the contract. A guest's names and precisions are checked.

use std::collections::HashSet;

use super::super::bindings::sluice::source::types as wit;
use super::super::bounds;
use super::super::limits::{MAX_COLUMNS, MAX_NAME_BYTES};
use crate::model::source::{Column, DataType, ErrorKind, SourceError};

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

fn invalid(message: String) -> SourceError {
    SourceError::new(ErrorKind::InvalidRequest, message)
}
