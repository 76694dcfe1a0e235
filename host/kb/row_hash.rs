//! Rows, or some columns of them, as hashes of 128 bits under secrets of this process, so that no source can make two
//! rows meet. NULL is a value like any other: equal to NULL.

use std::hash::{BuildHasher, RandomState};

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};

/// The two halves of every hash.
#[derive(Debug, Clone)]
pub(super) struct Secrets([RandomState; 2]);

impl Secrets {
    pub(super) fn new() -> Self {
        Self([RandomState::new(), RandomState::new()])
    }

    fn hash(&self, row: &[u8]) -> u128 {
        let half = |secret: &RandomState| u128::from(secret.hash_one(row));
        half(&self.0[0]) << 64 | half(&self.0[1])
    }
}

/// Hashes rows of columns of these types.
pub(super) struct RowHasher {
    converter: RowConverter,
    secrets: Secrets,
}

impl RowHasher {
    pub(super) fn new<'a>(
        types: impl Iterator<Item = &'a DataType>,
        secrets: Secrets,
    ) -> Result<Self, ArrowError> {
        let fields = types.map(|data_type| SortField::new(data_type.clone()));
        Ok(Self {
            converter: RowConverter::new(fields.collect())?,
            secrets,
        })
    }

    /// The hash of each row.
    pub(super) fn hashes(&self, columns: &[ArrayRef]) -> Result<Vec<u128>, ArrowError> {
        let rows = self.converter.convert_columns(columns)?;
        let hashes = rows.iter().map(|row| self.secrets.hash(row.as_ref()));
        Ok(hashes.collect())
    }
}
