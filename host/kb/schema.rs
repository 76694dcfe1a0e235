//! What Delta says about the columns of a table: the lines that create it, and how a batch fits into its files.
//! The lines themselves are the library's. A layout never changes, so files written by it can be read by it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::{Action, StructType};
use deltalake_core::{DeltaTable, DeltaTableError};
use serde_json::{Map, Value};

use super::KbError;
use super::protocol::{mapping_protocol, stronger_protocol};
use crate::model::source::{Column, arrow_schema};

/// What Parquet cannot have in a name: such columns get other names in the files.
const UNFIT_FOR_PARQUET: &[char] = &[' ', ',', ';', '{', '}', '(', ')', '\n', '\t', '='];
/// Arrow's key for the field id that a Parquet file carries.
const PARQUET_FIELD_ID: &str = "PARQUET:field_id";
const PHYSICAL_NAME: &str = "delta.columnMapping.physicalName";
const COLUMN_ID: &str = "delta.columnMapping.id";
const MAPPING_MODE: &str = "delta.columnMapping.mode";
const MAX_COLUMN_ID: &str = "delta.columnMapping.maxColumnId";
/// Features that ask nothing of a writer who only adds whole files or removes them.
const HARMLESS_FEATURES: &[&str] = &[
    "appendOnly",
    "invariants",
    "timestampNtz",
    "columnMapping",
    "deletionVectors",
    "domainMetadata",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// The `protocol` and `metaData` of a table, as the log has them.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) protocol: Value,
    pub(super) metadata: Value,
    /// `metadata.schemaString`, parsed.
    fields: Vec<Value>,
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
    /// Whether table and batch have the same columns in the same order.
    pub(super) fn is_exact(&self) -> bool {
        self.sources
            .iter()
            .enumerate()
            .all(|(index, source)| *source == Some(index))
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
        let unfit = |column: &Column| column.name.contains(UNFIT_FOR_PARQUET);
        let mapped = mapped || columns.iter().any(unfit);
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
        let schema: Value =
            serde_json::from_str(metadata["schemaString"].as_str().unwrap_or_default())?;
        let fields = schema["fields"].as_array().cloned().unwrap_or_default();
        Ok(Self {
            protocol,
            metadata,
            fields,
            arrow: state.snapshot().arrow_schema(),
        })
    }

    fn is_mapped(&self) -> bool {
        self.metadata["configuration"][MAPPING_MODE]
            .as_str()
            .is_some_and(|mode| mode != "none")
    }

    /// The layout that replaces this one, with other columns.
    pub(super) async fn successor(&self, table: &str, columns: &[Column]) -> Result<Self, KbError> {
        Self::new(table, columns, self.is_mapped()).await
    }

    /// How batches with these columns are written. A column that the table has and the batch has not becomes null.
    ///
    /// # Errors
    /// A column that the table has not, or has with another type; a required one that is missing.
    pub(super) fn fit(&self, table: &str, columns: &[Column]) -> Result<Fit, KbError> {
        let offered = serde_json::to_value(delta_schema(table, columns)?).unwrap_or_default();
        let offered = offered["fields"].as_array().cloned().unwrap_or_default();
        if let Some(extra) = offered
            .iter()
            .find(|o| !self.fields.iter().any(|f| f["name"] == o["name"]))
        {
            return Err(KbError::column(
                table,
                text(&extra["name"]),
                "is not there yet: name the columns to read without it, or use mode replace",
            ));
        }
        let mut physical = Vec::with_capacity(self.fields.len());
        let mut sources = Vec::with_capacity(self.fields.len());
        for (field, arrow) in self.fields.iter().zip(self.arrow.fields()) {
            let source = offered.iter().position(|o| o["name"] == field["name"]);
            let data_type = match source {
                Some(index) if offered[index]["type"] == field["type"] => {
                    columns[index].data_type.to_arrow()
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

    fn physical_field(&self, field: &Value, data_type: DataType) -> Field {
        let mapped = &field["metadata"];
        match (mapped[PHYSICAL_NAME].as_str(), mapped[COLUMN_ID].as_i64()) {
            (Some(name), Some(id)) if self.is_mapped() => Field::new(name, data_type, true)
                .with_metadata([(PARQUET_FIELD_ID.to_owned(), id.to_string())].into()),
            _ => Field::new(text(&field["name"]), data_type, true),
        }
    }

    /// Whether we may add files to such a table without breaking a promise that it makes.
    pub(super) fn check_writable(&self, table: &str) -> Result<(), KbError> {
        let refuse = |problem: String| {
            Err(KbError::Unsupported {
                table: table.to_owned(),
                problem,
            })
        };
        if self.metadata["partitionColumns"]
            .as_array()
            .is_some_and(|columns| !columns.is_empty())
        {
            return refuse("it is partitioned".to_owned());
        }
        let none = Map::new();
        let configuration = self.metadata["configuration"].as_object().unwrap_or(&none);
        if configuration
            .keys()
            .any(|key| key.starts_with("delta.constraints."))
        {
            return refuse("it has constraints".to_owned());
        }
        let generated = |key: &str| {
            self.fields
                .iter()
                .any(|field| !field["metadata"][key].is_null())
        };
        if generated("delta.generationExpression") || generated("delta.invariants") {
            return refuse("it has generated or checked columns".to_owned());
        }
        let features = self.protocol["writerFeatures"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        match features
            .iter()
            .map(text)
            .find(|feature| !HARMLESS_FEATURES.contains(feature))
        {
            Some(feature) => refuse(format!(
                "it uses Delta's {feature}, which only other tools write"
            )),
            None => Ok(()),
        }
    }

    /// Whether we may also take all files out.
    pub(super) fn check_replaceable(&self, table: &str) -> Result<(), KbError> {
        if self.metadata["configuration"]["delta.appendOnly"] == "true" {
            let problem = "it takes new rows, but gives none away".to_owned();
            return Err(KbError::Unsupported {
                table: table.to_owned(),
                problem,
            });
        }
        self.check_writable(table)
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
            let id = |layout: &Self| -> i64 {
                let text = layout.metadata["configuration"][MAX_COLUMN_ID].as_str();
                text.and_then(|text| text.parse().ok()).unwrap_or_default()
            };
            let highest = id(self).max(id(old));
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

fn other_type(table: &str, field: &Value, offered: &Value) -> KbError {
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

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
