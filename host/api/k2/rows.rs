//! The rows of an answer as JSON objects, written straight from Arrow in the order of the columns.

use std::collections::HashSet;

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::cell::Cell;

/// Rows under names of which none is there twice.
pub struct Rows {
    names: Vec<String>,
    /// The columns of each batch.
    batches: Vec<(usize, Vec<ArrayRef>)>,
}

impl Rows {
    pub fn new(schema: &SchemaRef, batches: Vec<RecordBatch>) -> Self {
        let fields = schema.fields().iter();
        let columns = |batch: RecordBatch| {
            let columns = batch.columns().iter().map(plain);
            (batch.num_rows(), columns.collect())
        };
        Self {
            names: distinct(fields.map(|field| field.name().as_str())),
            batches: batches.into_iter().map(columns).collect(),
        }
    }

    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub fn len(&self) -> usize {
        self.batches.iter().map(|(rows, _)| rows).sum()
    }
}

/// A dictionary as the values it stands for; everything else as it is.
fn plain(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Dictionary(_, values) => cast(column, values).unwrap_or_else(|_| column.clone()),
        _ => column.clone(),
    }
}

/// A second `a` becomes `a_2`, or the next number that no other column has.
fn distinct<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let given: HashSet<_> = names.clone().collect();
    let mut used = HashSet::new();
    names
        .map(|name| {
            if used.insert(name.to_owned()) {
                return name.to_owned();
            }
            let free = (2..)
                .map(|number: u64| format!("{name}_{number}"))
                .find(|candidate| !given.contains(candidate.as_str()) && !used.contains(candidate))
                .expect("numbers do not end before columns do");
            used.insert(free.clone());
            free
        })
        .collect()
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for (count, columns) in &self.batches {
            for row in 0..*count {
                rows.serialize_element(&Row {
                    names: &self.names,
                    columns,
                    row,
                })?;
            }
        }
        rows.end()
    }
}

struct Row<'a> {
    names: &'a [String],
    columns: &'a [ArrayRef],
    row: usize,
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.names.len()))?;
        for (name, array) in self.names.iter().zip(self.columns) {
            let row = self.row;
            object.serialize_entry(name, &Cell { array, row })?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_of_one_name_lose_no_value() {
        let names = ["a", "a_2", "a", "a", "b"];
        assert_eq!(distinct(names.into_iter()), ["a", "a_2", "a_3", "a_4", "b"]);
    }

    #[test]
    fn rows_keep_the_order_of_their_columns() {
        let schema: SchemaRef = Arc::new(Schema::new(vec![
            Field::new("z", DataType::Int64, true),
            Field::new("a", DataType::Utf8, true),
        ]));
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![Some(1), None])),
            Arc::new(StringArray::from(vec!["x", "y"])),
        ];
        let batch = RecordBatch::try_new(schema.clone(), columns).expect("columns fit");
        let rows = Rows::new(&schema, vec![batch.clone(), batch.slice(1, 1)]);
        assert_eq!(rows.len(), 3);
        assert_eq!(
            serde_json::to_string(&rows).expect("no io"),
            r#"[{"z":1,"a":"x"},{"z":null,"a":"y"},{"z":null,"a":"y"}]"#
        );
        assert_eq!(json!(Rows::new(&schema, vec![])), json!([]));
    }
}
