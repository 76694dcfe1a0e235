//! What is read: a table of a source, its columns and their types, and what can go wrong while reading.

use std::sync::Arc;

use arrow::datatypes::{DataType as ArrowType, Field, Schema, SchemaRef, TimeUnit};
use serde::{Deserialize, Serialize};

/// Which table to read, and how. `source` of a job request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// `postgres`, `sql_server`, or what a loaded plugin brings.
    pub kind: String,
    /// A name in `connections.json`.
    pub connection_ref: String,
    /// The plugin's default schema when absent.
    pub schema: Option<String>,
    pub table: String,
    /// Reads the rows of this query; `table` is then only its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The monotonic column.
    pub cursor_column: String,
    /// Empty: all.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// Logical type of a column. Mirrors `data-type` of the plugin contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataType {
    Boolean,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    /// Precision 1..=38 and scale.
    Decimal(u8, i8),
    Text,
    Bytes,
    Date,
    Time,
    /// Microseconds, no zone.
    Timestamp,
    /// Microseconds, UTC.
    Timestamptz,
    Uuid,
    Json,
    /// One dimension; never an array of arrays.
    Array(Box<DataType>),
    /// Landed as text; the database's own name of the type.
    Native(String),
}

impl DataType {
    /// The Arrow form that is landed.
    pub fn to_arrow(&self) -> ArrowType {
        match self {
            Self::Boolean => ArrowType::Boolean,
            Self::Int16 => ArrowType::Int16,
            Self::Int32 => ArrowType::Int32,
            Self::Int64 => ArrowType::Int64,
            Self::Float32 => ArrowType::Float32,
            Self::Float64 => ArrowType::Float64,
            Self::Decimal(precision, scale) => ArrowType::Decimal128(*precision, *scale),
            Self::Bytes => ArrowType::Binary,
            Self::Date => ArrowType::Date32,
            Self::Timestamp => ArrowType::Timestamp(TimeUnit::Microsecond, None),
            Self::Timestamptz => ArrowType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Array(element) => {
                ArrowType::List(Arc::new(Field::new("element", element.to_arrow(), true)))
            }
            Self::Text | Self::Time | Self::Uuid | Self::Json | Self::Native(_) => ArrowType::Utf8,
        }
    }
}

/// One column of a source or of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub data_type: DataType,
    pub nullable: bool,
    /// The database's own name of the type, with its modifiers.
    pub native_type: String,
}

/// Key of the field metadata that keeps [`Column::native_type`] in a dest table.
pub const NATIVE_TYPE: &str = "sluice.native_type";

/// The Arrow schema of a batch with these columns. Every field is nullable: a source may drop a
/// constraint at any time, and that must not make its rows unwritable.
pub fn arrow_schema(columns: &[Column]) -> SchemaRef {
    let fields = columns.iter().map(|column| {
        Field::new(&column.name, column.data_type.to_arrow(), true)
            .with_metadata([(NATIVE_TYPE.to_owned(), column.native_type.clone())].into())
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What kind of trouble a source, a plugin or a connection reports. Mirrors `error-kind` of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    InvalidRequest,
    NotFound,
    PermissionDenied,
    Unsupported,
    Unavailable,
    Conflict,
    Timeout,
    LimitExceeded,
    Conversion,
    Cancelled,
    Other,
}

/// Trouble while talking to a source. The message is a sentence for an operator and holds neither
/// credentials nor row data.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct SourceError {
    pub kind: ErrorKind,
    pub message: String,
    /// SQLSTATE or the server's error number.
    pub code: Option<String>,
    pub column: Option<String>,
}

impl SourceError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            code: None,
            column: None,
        }
    }

    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    pub fn with_column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }
}
