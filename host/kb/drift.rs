//! A source that changed its columns: the layout of a table grown so that it holds what is read now. Loses nothing and
//! rebuilds nothing: what cannot be widened is an error that names the column. No I/O but the library's knowledge of features.

use serde_json::Value;

use super::KbError;
use super::protocol::stronger_protocol;
use super::schema::{
    COLUMN_ID, Layout, MAPPING_MODE, MAX_COLUMN_ID, PHYSICAL_NAME, delta_fields, needs_mapping,
    other_type, text,
};
use super::widen::holds;
use crate::model::source::{Column, NATIVE_TYPE};

/// Marks a column that came after the first rows, which have null in it whatever the source says of them now.
pub(super) const ADDED: &str = "sluice.added";

/// What a table becomes for new rows.
pub(super) struct Growth {
    pub(super) layout: Layout,
    /// What turns the table into it.
    pub(super) lines: Vec<Value>,
    /// Columns have other types than in the files that are there.
    pub(super) widens: bool,
    /// Sentences for the operator.
    pub(super) notes: Vec<String>,
}

impl Layout {
    /// The layout in which this table holds rows with these columns; none if it does already.
    ///
    /// # Errors
    /// A column whose type neither holds the other one nor is held by it, or whose name differs from another one's in case only.
    pub(super) async fn grown(
        &self,
        table: &str,
        columns: &[Column],
    ) -> Result<Option<Growth>, KbError> {
        let mut fields = self.fields.clone();
        let (mut notes, mut added) = (Vec::new(), Vec::new());
        let mut widens = false;
        for (offered, column) in delta_fields(table, columns)?.iter().zip(columns) {
            match fields.iter_mut().find(|f| f["name"] == offered["name"]) {
                Some(field) if takes(field, offered) => {}
                Some(field) if holds(&offered["type"], &field["type"]) => {
                    notes.push(widened(table, field, offered));
                    field["type"] = offered["type"].clone();
                    field["metadata"][NATIVE_TYPE] = column.native_type.clone().into();
                    widens = true;
                }
                Some(field) => return Err(other_type(table, field, offered)),
                None => {
                    check_case(table, &column.name, &self.fields)?;
                    notes.push(format!(
                        "the column \"{}\" was added to the table \"{table}\"; rows that landed before have null in it",
                        column.name
                    ));
                    added.push(column.clone());
                }
            }
        }
        if notes.is_empty() {
            return Ok(None);
        }
        let layout = self.with_columns(table, fields, &added).await?;
        Ok(Some(Growth {
            lines: layout.change_from(self),
            layout,
            widens,
            notes,
        }))
    }

    async fn with_columns(
        &self,
        table: &str,
        mut fields: Vec<Value>,
        added: &[Column],
    ) -> Result<Self, KbError> {
        let (mut protocol, mut metadata) = (self.protocol.clone(), self.metadata.clone());
        if !added.is_empty() {
            let mapped = self.is_mapped() || added.iter().any(needs_mapping);
            // Names and ids of new columns, and the features that they need, are the library's knowledge.
            let new = Self::new(table, added, mapped).await?;
            let mut highest = self.max_column_id();
            if mapped && !self.is_mapped() {
                highest = name_in_place(&mut fields);
                metadata["configuration"][MAPPING_MODE] = "name".into();
            }
            for mut field in new.fields {
                field["metadata"][ADDED] = "true".into();
                if mapped {
                    highest += 1;
                    field["metadata"][COLUMN_ID] = highest.into();
                }
                fields.push(field);
            }
            if mapped {
                metadata["configuration"][MAX_COLUMN_ID] = highest.to_string().into();
            }
            protocol = stronger_protocol(&protocol, &new.protocol).unwrap_or(protocol);
        }
        let schema = serde_json::json!({ "type": "struct", "fields": fields });
        metadata["schemaString"] = schema.to_string().into();
        Self::from_lines(protocol, metadata)
            .map_err(|error| KbError::storage("lay out the columns of", table, error))
    }
}

/// Gives columns that have their own names in the files the marks of a table whose columns have not. The last id.
fn name_in_place(fields: &mut [Value]) -> i64 {
    let mut id = 0;
    for field in fields {
        id += 1;
        field["metadata"][COLUMN_ID] = id.into();
        field["metadata"][PHYSICAL_NAME] = field["name"].clone();
    }
    id
}

fn takes(field: &Value, offered: &Value) -> bool {
    field["type"] == offered["type"] || holds(&field["type"], &offered["type"])
}

fn widened(table: &str, field: &Value, offered: &Value) -> String {
    format!(
        "the column \"{}\" of the table \"{table}\" was widened from {} to {}; no value changed",
        text(&field["name"]),
        text(&field["type"]),
        text(&offered["type"])
    )
}

fn check_case(table: &str, name: &str, fields: &[Value]) -> Result<(), KbError> {
    let same = |field: &&Value| text(&field["name"]).to_lowercase() == name.to_lowercase();
    let Some(field) = fields.iter().find(same) else {
        return Ok(());
    };
    let problem = format!(
        "is there as \"{}\", and a Delta table cannot hold both: rename it in the source, or use mode replace",
        text(&field["name"])
    );
    Err(KbError::column(table, name, problem))
}
