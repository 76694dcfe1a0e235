//! What Delta says about the columns of a table: the lines that create it, and how a batch fits into its files.
//! The lines themselves are the library's. A layout never changes (`drift` makes another one), so files written by it
//! can be read by it.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use deltalake_core::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};
use deltalake_core::kernel::{Action, StructType};
use deltalake_core::{DeltaTable, DeltaTableError};
use serde_json::Value;

use super::KbError;
use super::protocol::{mapping_protocol, stronger_protocol};
use super::widen::holds;
use crate::model::source::{Column, arrow_schema};

/// What Parquet cannot have in a name: such columns get other names in the files.
const UNFIT_FOR_PARQUET: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];
/// Arrow's key for the field id that a Parquet file carries.
const PARQUET_FIELD_ID: &str = "PARQUET:field_id";
pub(super) const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";
pub(super) const COLUMN_ID: &str = "delta.columnMapping.id";
pub(super) const MAPPING_MODE: &str = "delta.columnMapping.mode";
pub(super) const MAX_COLUMN_ID: &str = "delta.columnMapping.maxColumnId";
/// How long a log checkpoint names files that were taken out.
const REMOVALS_KEPT: &str = "delta.deletedFileRetentionDuration";

/// The `protocol` and `metaData` of a table, as the log has them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) protocol: Value,
    pub(super) metadata: Value,
    /// `metadata.schemaString`, parsed.
    pub(super) fields: Vec<Value>,
    /// The same columns as readers see them.
    arrow: SchemaRef,
}

/// How a batch becomes rows of a file.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// Schema of the files.
    pub(super) physical: SchemaRef,
    /// For each column of the file its place in the batch; none where the batch has no such column.
    pub(super) sources: Vec<Option<usize>>,
}

impl Fit {
    /// Of batches that look like the files already.
    pub(super) fn identity(physical: SchemaRef) -> Self {
        let sources = (0..physical.fields().len()).map(Some).collect();
        Self { physical, sources }
    }
}

impl Layout {
    /// The layout of a table that does not exist yet. `mapped`: its predecessor had other names in its files.
    pub(super) async fn new(
        table: &str,
        columns: &[Column],
        mapped: bool,
    ) -> Result<Self, KbError> {
        let schema = delta_schema(table, columns)?;
        let mapped = mapped || columns.iter().any(needs_mapping);
        // Which other features the columns need is the library's knowledge: it creates the table in memory.
        let created = DeltaTable::new_in_memory()
            .create()
            .with_table_name(table)
            .with_columns(schema.fields().cloned())
            .with_configuration(mapped.then_some((MAPPING_MODE, Some("name"))))
            .with_actions(mapped.then(mapping_protocol))
            .await;
        created
            .and_then(|created| Self::of(&created))
            .map_err(|error| KbError::storage("lay out the columns of", table, error))
    }

    /// The layout of a table that exists.
    pub(super) fn of(table: &DeltaTable) -> Result<Self, DeltaTableError> {
        let state = table.snapshot()?;
        let line = |action: Action| -> Result<Value, DeltaTableError> {
            let mut value = serde_json::to_value(action)?;
            let line = value
                .as_object_mut()
                .and_then(|object| object.values_mut().next());
            Ok(line.map(Value::take).unwrap_or_default())
        };
        let protocol = line(Action::Protocol(state.protocol().clone()))?;
        let metadata = line(Action::Metadata(state.metadata().clone()))?;
        Ok(Self::from_lines(protocol, metadata)?)
    }

    /// The layout that two lines of a log describe.
    pub(super) fn from_lines(protocol: Value, metadata: Value) -> Result<Self, ArrowError> {
        let unreadable = |error: serde_json::Error| ArrowError::JsonError(error.to_string());
        let text = text(&metadata["schemaString"]);
        let schema: StructType = serde_json::from_str(text).map_err(unreadable)?;
        let mut json: Value = serde_json::from_str(text).map_err(unreadable)?;
        let fields = match json["fields"].take() {
            Value::Array(fields) => fields,
            _ => Vec::new(),
        };
        Ok(Self {
            protocol,
            metadata,
            fields,
            arrow: Arc::new((&schema).try_into_arrow()?),
        })
    }

    /// Of a table whose log checkpoints name the files that were taken out for so long; without it for a week, which makes
    /// them large where many small files are merged.
    pub(super) fn keeping_removals(mut self, time: Duration) -> Self {
        let interval = format!("interval {} seconds", time.as_secs());
        self.metadata["configuration"][REMOVALS_KEPT] = interval.into();
        self
    }

    pub(super) fn is_mapped(&self) -> bool {
        self.metadata["configuration"][MAPPING_MODE]
            .as_str()
            .is_some_and(|mode| mode != "none")
    }

    /// Whether these are the columns of the table, in their order and with their types.
    fn is_made_of(&self, offered: &[Value]) -> bool {
        let same = |(field, offer): (&Value, &Value)| {
            field["name"] == offer["name"] && field["type"] == offer["type"]
        };
        self.fields.len() == offered.len() && self.fields.iter().zip(offered).all(same)
    }

    /// The layout of a replacement with these columns: this one, if they are its own.
    pub(super) async fn replaced(&self, table: &str, columns: &[Column]) -> Result<Self, KbError> {
        if self.is_made_of(&delta_fields(table, columns)?) {
            return Ok(self.clone());
        }
        Self::new(table, columns, self.is_mapped()).await
    }

    /// How batches with these columns are written. A column that the table has and the batch has not becomes null, and
    /// one of a narrower type is cast. The table has them all (see `drift`).
    ///
    /// # Errors
    /// A column that the table cannot hold; a required one that is missing.
    pub(super) fn fit(&self, table: &str, columns: &[Column]) -> Result<Fit, KbError> {
        let offered = delta_fields(table, columns)?;
        let mut physical = Vec::with_capacity(self.fields.len());
        let mut sources = Vec::with_capacity(self.fields.len());
        for (field, arrow) in self.fields.iter().zip(self.arrow.fields()) {
            let source = offered.iter().position(|o| o["name"] == field["name"]);
            let data_type = match source {
                Some(index) if offered[index]["type"] == field["type"] => {
                    columns[index].data_type.to_arrow()
                }
                Some(index) if holds(&field["type"], &offered[index]["type"]) => {
                    arrow.data_type().clone()
                }
                Some(index) => return Err(other_type(table, field, &offered[index])),
                None if field["nullable"] == true => arrow.data_type().clone(),
                None => {
                    return Err(KbError::column(
                        table,
                        text(&field["name"]),
                        "is required, but is not read",
                    ));
                }
            };
            physical.push(self.physical_field(field, data_type));
            sources.push(source);
        }
        Ok(Fit {
            physical: Arc::new(Schema::new(physical)),
            sources,
        })
    }

    /// The schema of files that have every column.
    pub(super) fn file_schema(&self) -> SchemaRef {
        let fields = self.fields.iter().zip(self.arrow.fields());
        let fields =
            fields.map(|(field, arrow)| self.physical_field(field, arrow.data_type().clone()));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    pub(super) fn max_column_id(&self) -> i64 {
        let text = self.metadata["configuration"][MAX_COLUMN_ID].as_str();
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    fn physical_field(&self, field: &Value, data_type: DataType) -> Field {
        let mapped = &field["metadata"];
        match (mapped[PHYSICAL_NAME].as_str(), mapped[COLUMN_ID].as_i64()) {
            (Some(name), Some(id)) if self.is_mapped() => Field::new(name, data_type, true)
                .with_metadata([(PARQUET_FIELD_ID.to_owned(), id.to_string())].into()),
            _ => Field::new(text(&field["name"]), data_type, true),
        }
    }

    /// The lines that turn a table of the layout `old` into one of this layout. None if it is one.
    pub(super) fn change_from(&self, old: &Self) -> Vec<Value> {
        let mut lines = Vec::new();
        if let Some(protocol) = stronger_protocol(&old.protocol, &self.protocol) {
            lines.push(serde_json::json!({ "protocol": protocol }));
        }
        if old.fields != self.fields {
            let mut metadata = old.metadata.clone();
            metadata["schemaString"] = self.metadata["schemaString"].clone();
            let highest = self.max_column_id().max(old.max_column_id());
            for (key, value) in self.metadata["configuration"]
                .as_object()
                .into_iter()
                .flatten()
            {
                metadata["configuration"][key] = value.clone();
            }
            if self.is_mapped() {
                metadata["configuration"][MAX_COLUMN_ID] = highest.to_string().into();
            }
            lines.push(serde_json::json!({ "metaData": metadata }));
        }
        lines
    }
}

/// Whether a table with this column has another name for it in its files.
pub(super) fn needs_mapping(column: &Column) -> bool {
    column.name.contains(UNFIT_FOR_PARQUET)
}

/// The columns as fields of Delta's schema.
pub(super) fn delta_fields(table: &str, columns: &[Column]) -> Result<Vec<Value>, KbError> {
    let schema = delta_schema(table, columns)?;
    let fields = schema.fields().map(serde_json::to_value);
    fields
        .collect::<Result<_, _>>()
        .map_err(|error| KbError::storage("lay out the columns of", table, error))
}

/// The columns in Delta's own types.
fn delta_schema(table: &str, columns: &[Column]) -> Result<StructType, KbError> {
    if columns.is_empty() {
        return Err(KbError::Unsupported {
            table: table.to_owned(),
            problem: "it would have no columns".to_owned(),
        });
    }
    let mut seen = std::collections::HashSet::new();
    for column in columns {
        if !seen.insert(column.name.to_lowercase()) {
            let problem = "has the same name as another one but for case, which a Delta table cannot hold: name the columns to read";
            return Err(KbError::column(table, &column.name, problem));
        }
        let schema = arrow_schema(std::slice::from_ref(column));
        let one: Result<StructType, _> = schema.as_ref().try_into_kernel();
        if one.is_err() {
            let problem = format!(
                "has the type {}, which a Delta table cannot hold",
                column.native_type
            );
            return Err(KbError::column(table, &column.name, problem));
        }
    }
    arrow_schema(columns)
        .as_ref()
        .try_into_kernel()
        .map_err(|error| KbError::storage("lay out the columns of", table, error))
}

pub(super) fn other_type(table: &str, field: &Value, offered: &Value) -> KbError {
    let name = |of: &Value| {
        of["type"]
            .as_str()
            .map_or_else(|| of["type"].to_string(), str::to_owned)
    };
    let problem = format!(
        "is {} in the table, but {} is read: use mode replace, or another table",
        name(field),
        name(offered)
    );
    KbError::column(table, text(&field["name"]), problem)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
