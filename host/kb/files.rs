//! The files that a table has: which ones, and their rows in the form that its files have now. Changes nothing.

use std::fs::File;

use arrow::array::{ArrayRef, UInt64Array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::{Action, Remove};
use futures::TryStreamExt;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use serde_json::Value;

use super::KbError;
use super::encoder::Place;

/// A file that the newest version of a table has.
#[derive(Debug, Clone)]
pub(super) struct LiveFile {
    pub(super) name: String,
    pub(super) bytes: u64,
    /// When its rows were committed, in milliseconds. Orders the rows of a table, also after they moved to another file.
    pub(super) modified: i64,
    removal: Remove,
}

/// Whether a line changes what readers see, or only where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    Change,
    Stay,
}

impl LiveFile {
    /// The line that takes it out.
    pub(super) fn removal(&self, rows: Rows) -> Value {
        let removal = Remove {
            data_change: rows == Rows::Change,
            ..self.removal.clone()
        };
        serde_json::to_value(Action::Remove(removal)).unwrap_or_default()
    }

    /// Whether the file is all there is to know about its rows, so that they can be moved to another one.
    pub(super) fn is_plain(&self) -> bool {
        self.removal.deletion_vector.is_none() && !self.name.contains(':')
    }
}

/// Every file of a table, in the order of their rows' commits.
pub(super) async fn live_files(name: &str, table: &DeltaTable) -> Result<Vec<LiveFile>, KbError> {
    let log_store = table.log_store();
    let state = table
        .snapshot()
        .map_err(|error| KbError::storage("read", name, error))?;
    let views: Vec<_> = state
        .snapshot()
        .file_views(log_store.as_ref(), None)
        .try_collect()
        .await
        .map_err(|error| KbError::storage("read", name, error))?;
    let files = views.iter().map(|view| LiveFile {
        name: view.path().into_owned(),
        bytes: view.size().try_into().unwrap_or_default(),
        modified: view.modification_time(),
        removal: view.remove_action(true),
    });
    let mut files: Vec<_> = files.collect();
    files.sort_by(|a, b| (a.modified, &a.name).cmp(&(b.modified, &b.name)));
    Ok(files)
}

/// An opened file of a table.
pub(super) struct TableFile {
    builder: ParquetRecordBatchReaderBuilder<File>,
}

/// What a file says about the values of a column, for each of its row groups.
pub(super) struct Statistics {
    pub(super) least: ArrayRef,
    pub(super) greatest: ArrayRef,
    pub(super) nulls: UInt64Array,
}

impl TableFile {
    pub(super) fn open(place: &Place, name: &str) -> Result<Self, KbError> {
        let trouble = |error| KbError::storage("read a file of", &place.table, error);
        let file = File::open(place.folder.join(name))
            .map_err(|error| KbError::storage("read a file of", &place.table, error))?;
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(trouble)?;
        Ok(Self { builder })
    }

    /// Whether a process like this one wrote it.
    pub(super) fn is_ours(&self) -> bool {
        let creator = self.builder.metadata().file_metadata().created_by();
        creator.is_some_and(|creator| creator.starts_with("sluice "))
    }

    /// Rows of each row group.
    pub(super) fn row_groups(&self) -> impl Iterator<Item = usize> {
        let groups = self.builder.metadata().row_groups().iter();
        groups.map(|group| group.num_rows().try_into().unwrap_or_default())
    }

    /// None: it has no such column.
    pub(super) fn statistics(&self, column: &str) -> Result<Option<Statistics>, ParquetError> {
        let schema = self.builder.schema();
        if schema.index_of(column).is_err() {
            return Ok(None);
        }
        let converter =
            StatisticsConverter::try_new(column, schema, self.builder.parquet_schema())?;
        let groups = self.builder.metadata().row_groups();
        Ok(Some(Statistics {
            least: converter.row_group_mins(groups)?,
            greatest: converter.row_group_maxes(groups)?,
            nulls: converter.row_group_null_counts(groups)?,
        }))
    }

    /// Its rows as batches of a schema: columns that it has not are null, others are cast. Of some row groups, or of all.
    pub(super) fn read(
        self,
        place: &Place,
        schema: &SchemaRef,
        groups: Option<Vec<usize>>,
    ) -> Result<FileRows, KbError> {
        let has = self.builder.schema();
        let roots = schema.fields().iter();
        let roots: Vec<_> = roots.filter_map(|f| has.index_of(f.name()).ok()).collect();
        let mask = ProjectionMask::roots(self.builder.parquet_schema(), roots);
        let mut builder = self.builder.with_projection(mask);
        if let Some(groups) = groups {
            builder = builder.with_row_groups(groups);
        }
        let reader = builder
            .build()
            .map_err(|error| KbError::storage("read a file of", &place.table, error))?;
        Ok(FileRows {
            table: place.table.clone(),
            schema: schema.clone(),
            reader,
        })
    }
}

/// Rows of one file, a few thousand at a time.
pub(super) struct FileRows {
    table: String,
    schema: SchemaRef,
    reader: ParquetRecordBatchReader,
}

impl Iterator for FileRows {
    type Item = Result<RecordBatch, KbError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.reader.next()?;
        let rows = rows.and_then(|rows| shaped(&rows, &self.schema));
        Some(rows.map_err(|error| KbError::storage("read a file of", &self.table, error)))
    }
}

fn shaped(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match rows.column_by_name(field.name()) {
            Some(column) => as_type(column, field.data_type()),
            None => Ok(new_null_array(field.data_type(), rows.num_rows())),
        });
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns.collect::<Result<_, _>>()?, &options)
}

/// The same values as another type. A value that has no place in it is an error, never null.
pub(super) fn as_type(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == data_type {
        return Ok(column.clone());
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(column, data_type, &options)
}
