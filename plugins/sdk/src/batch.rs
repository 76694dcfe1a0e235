//! Rows of a source that is not SQL, on their way to the host: one builder a column, and a batch when a page is full.

use crate::bindings::{Batch, Column, Error, ErrorKind};
use crate::column::ColumnBuilder;
use crate::fault;

/// Fills batches of the same columns, one after another.
pub struct BatchBuilder {
    columns: Vec<Column>,
    builders: Vec<ColumnBuilder>,
    rows: u32,
}

impl BatchBuilder {
    /// # Errors
    /// `Unsupported` for a column that cannot be built.
    pub fn new(columns: Vec<Column>) -> Result<Self, Error> {
        let builders = columns
            .iter()
            .map(|column| ColumnBuilder::new(&column.data_type));
        Ok(Self {
            builders: builders.collect::<Result<_, _>>()?,
            columns,
            rows: 0,
        })
    }

    /// What every batch has.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Rows that have ended.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Where the value of the row under way is added.
    pub fn column(&mut self, index: usize) -> &mut ColumnBuilder {
        &mut self.builders[index]
    }

    /// Whether the row under way has its value of this column.
    pub fn has(&self, index: usize) -> bool {
        self.builders[index].rows() > self.rows
    }

    /// Ends a row. A column that got no value is null in it.
    ///
    /// # Errors
    /// `Other` where a column got two, which is a bug of the plugin.
    pub fn end_row(&mut self) -> Result<(), Error> {
        self.rows += 1;
        for (builder, column) in self.builders.iter_mut().zip(&self.columns) {
            if builder.rows() < self.rows {
                builder.null();
            }
            if builder.rows() > self.rows {
                let message = format!("column \"{}\" got two values in one row", column.name);
                return Err(fault::error(ErrorKind::Other, message));
            }
        }
        Ok(())
    }

    /// The rows that have ended, as a batch in the host; the next ones begin another.
    ///
    /// # Errors
    /// What the host finds wrong with them.
    pub fn finish(&mut self) -> Result<Batch, Error> {
        let data: Vec<_> = self
            .builders
            .iter_mut()
            .map(ColumnBuilder::finish)
            .collect();
        let rows = std::mem::take(&mut self.rows);
        Batch::from_columns(&self.columns, rows, &data)
    }
}
