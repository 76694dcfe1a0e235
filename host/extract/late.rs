//! Rows that came late to the tie group at which a read goes on: keeps those that the table has not got.
//! Only asked where the source counts other rows than have landed; never on the way of all others.

use arrow::compute::filter_record_batch;

use crate::kb::{Lake, LandedRows};
use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::job::{Job, Mode};
use crate::model::source::Column;

/// The boundary of one resumed read.
pub struct LateRows<'a> {
    lake: &'a Lake,
    job: &'a Job,
    columns: Vec<Column>,
    /// Positions of what identifies a row; empty if nothing does.
    key: Vec<usize>,
    /// Of the position resumed from, no row has landed: an inclusive lower bound.
    none_landed: bool,
    table: Option<LandedRows>,
}

impl<'a> LateRows<'a> {
    pub fn new(
        lake: &'a Lake,
        job: &'a Job,
        columns: Vec<Column>,
        key: Vec<usize>,
        resumed: Option<&Cursor>,
    ) -> Self {
        Self {
            lake,
            job,
            columns,
            key,
            none_landed: resumed.is_some_and(|cursor| cursor.landed == Some(0)),
            table: None,
        }
    }

    /// What is left of a page at the boundary.
    pub async fn keep(&mut self, batch: Batch) -> Result<Batch, Failure> {
        // A merge finds the rows that it has by itself.
        let is_merged = self.job.spec.mode == Mode::Upsert;
        if self.none_landed || is_merged || batch.num_rows() == 0 {
            return Ok(batch);
        }
        let table = match self.table.take() {
            Some(table) => table,
            None => self.look_up().await?,
        };
        let table = self.table.insert(table);
        let lacks = table.lacks(&batch.rows).await?;
        let rows = filter_record_batch(&batch.rows, &lacks).map_err(|error| {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "cannot filter a batch"
            );
            Failure::new(
                FailureKind::Host,
                "filter",
                "rows that came late could not be told from others",
            )
        })?;
        tracing::debug!(job = %self.job.id, read = batch.num_rows(), late = rows.num_rows(), "looked for late rows");
        Ok(Batch { rows, ..batch })
    }

    async fn look_up(&self) -> Result<LandedRows, Failure> {
        let cursor = &self.job.spec.source.cursor_column;
        let group = self
            .columns
            .iter()
            .position(|column| column.name == *cursor);
        let group = group.ok_or_else(|| {
            let detail = "the plugin's pages do not have the cursor column, so late rows cannot be told from others";
            Failure::new(FailureKind::Plugin, "wrong_columns", detail)
        })?;
        let (kb, table) = (&self.job.kb_uid, &self.job.spec.dest_table);
        let rows = self
            .lake
            .landed_rows(kb, table, &self.columns, group, &self.key);
        Ok(rows.await?)
    }
}
