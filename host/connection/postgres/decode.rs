//! The binary protocol → Arrow, straight from the bytes of a row: one builder per column, chosen once per
//! statement. A value that its column cannot hold is an error that names the column; nothing is rounded,
//! wrapped or dropped.

use std::error::Error;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::builder::Builder;
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError, arrow_schema};

/// Why a value could not be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Not the binary form of its type.
    Malformed,
    /// NaN or infinity in a decimal.
    NotFinite,
    /// `infinity` or `-infinity` in a date or timestamp.
    Endless,
    /// Beyond what the landed type can hold.
    OutOfRange,
    /// More than one dimension.
    Dimensions,
}

impl Trouble {
    fn explain(self, column: &Column) -> SourceError {
        let name = &column.name;
        let message = match self {
            Self::Malformed => format!(
                "column \"{name}\" holds a value that is not a valid {}",
                column.native_type
            ),
            Self::NotFinite => format!(
                "column \"{name}\" holds NaN or infinity, which no decimal can hold: clean up the value or leave the column out"
            ),
            Self::Endless => format!(
                "column \"{name}\" holds infinity, which no date or timestamp can hold: clean up the value or leave the column out"
            ),
            Self::OutOfRange => format!(
                "column \"{name}\" holds a value beyond the range of what it lands as: clean up the value or leave the column out"
            ),
            Self::Dimensions => format!(
                "column \"{name}\" holds an array of several dimensions, only one can be landed: clean up the value or leave the column out"
            ),
        };
        SourceError::new(ErrorKind::Conversion, message).with_column(name)
    }
}

/// The bytes of one value, not looked at.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Gathers rows of one statement into batches.
pub struct Decoder {
    columns: Arc<[Column]>,
    builders: Vec<Builder>,
    rows: usize,
    bytes: usize,
}

impl Decoder {
    /// `statement` is the one that `columns` describe.
    pub fn new(statement: &tokio_postgres::Statement, columns: Arc<[Column]>) -> Self {
        let types = statement
            .columns()
            .iter()
            .map(tokio_postgres::Column::type_);
        let builders = types
            .zip(columns.iter())
            .map(|(of, column)| Builder::new(of, &column.data_type))
            .collect();
        Self {
            columns,
            builders,
            rows: 0,
            bytes: 0,
        }
    }

    pub fn columns(&self) -> &Arc<[Column]> {
        &self.columns
    }

    /// Rows since the last batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// About how many bytes those rows take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// # Errors
    /// `Conversion`, naming the column. The decoder is of no use after that.
    pub fn append(&mut self, row: &Row) -> Result<(), SourceError> {
        let mut grown = row.raw_size_bytes();
        for (index, builder) in self.builders.iter_mut().enumerate() {
            let appended = match row.try_get::<_, Raw<'_>>(index) {
                Ok(Raw(raw)) => builder.append(raw),
                Err(_) => Err(Trouble::Malformed),
            };
            grown += appended.map_err(|trouble| trouble.explain(&self.columns[index]))?;
        }
        self.rows += 1;
        self.bytes += grown;
        Ok(())
    }

    /// What was gathered; the decoder starts anew.
    ///
    /// # Errors
    /// `Other` when the arrays do not fit the columns, which would be a fault of ours.
    pub fn finish(&mut self) -> Result<Batch, SourceError> {
        let arrays: Vec<ArrayRef> = self.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        let rows = RecordBatch::try_new_with_options(arrow_schema(&self.columns), arrays, &options)
            .map_err(|error| {
                SourceError::new(
                    ErrorKind::Other,
                    format!("rows do not fit their columns: {error}"),
                )
            })?;
        (self.rows, self.bytes) = (0, 0);
        Ok(Batch::exact(Arc::clone(&self.columns), rows))
    }
}
