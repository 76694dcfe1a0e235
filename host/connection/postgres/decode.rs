//! The binary protocol → Arrow, straight from the bytes of a row: one builder per column, chosen once per
//! statement. A value that its column cannot hold is an error that names the column; nothing is rounded,
//! wrapped or dropped.

use std::error::Error;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};

use super::super::decode::Decoder;
use super::super::trouble::Trouble;
use super::builder::Builder;
use crate::model::source::{Column, SourceError};

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

/// A decoder for a statement that `columns` describe.
pub fn decoder(statement: &tokio_postgres::Statement, columns: Arc<[Column]>) -> Decoder<Builder> {
    let types = statement
        .columns()
        .iter()
        .map(tokio_postgres::Column::type_);
    let builders = types
        .zip(columns.iter())
        .map(|(of, column)| Builder::new(of, &column.data_type))
        .collect();
    Decoder::new(columns, builders)
}

/// # Errors
/// `Conversion`, naming the column. The decoder is of no use after that.
pub fn append(decoder: &mut Decoder<Builder>, row: &Row) -> Result<(), SourceError> {
    let values = (0..row.len()).map(|index| row.try_get::<_, Raw<'_>>(index));
    decoder.append(row.raw_size_bytes(), values, |builder, value| match value {
        Ok(Raw(raw)) => builder.append(raw),
        Err(_) => Err(Trouble::Malformed),
    })
}
