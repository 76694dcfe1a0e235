//! `sluice:source/database.batch`: building, looking into and slicing batches that stay in the host.

use wasmtime::component::Resource;

use super::super::bindings::sluice::source::database::{ColumnData, HostBatch};
use super::super::bindings::sluice::source::types;
use super::super::{build_batch, convert, read_column};
use super::{HostError, LiveBatch, State};
use crate::model::batch::Batch;
use crate::model::source::ErrorKind;

impl State {
    /// A handle of the guest for a batch of ours.
    pub(super) fn push_batch(&mut self, batch: Batch) -> Result<Resource<LiveBatch>, HostError> {
        let live = self.live.hold(batch)?;
        Ok(self.table.push(live)?)
    }
}

fn out_of_range(what: &str, index: u32, len: usize) -> HostError {
    HostError::new(
        ErrorKind::InvalidRequest,
        format!("{what} {index} is out of range: the batch has {len}"),
    )
}

impl HostBatch for State {
    fn from_columns(
        &mut self,
        columns: Vec<types::Column>,
        rows: u32,
        data: Vec<ColumnData>,
    ) -> Result<Resource<LiveBatch>, HostError> {
        let columns = convert::columns_from_guest(columns)?;
        let batch = build_batch::from_columns(columns, rows as usize, data)?;
        self.push_batch(batch)
    }

    fn from_rows(
        &mut self,
        columns: Vec<types::Column>,
        rows: Vec<Vec<types::Value>>,
    ) -> Result<Resource<LiveBatch>, HostError> {
        let columns = convert::columns_from_guest(columns)?;
        let batch = build_batch::from_rows(columns, &rows)?;
        self.push_batch(batch)
    }

    fn len(&mut self, batch: Resource<LiveBatch>) -> wasmtime::Result<u32> {
        Ok(u32::try_from(self.table.get(&batch)?.batch.num_rows())?)
    }

    fn columns(&mut self, batch: Resource<LiveBatch>) -> wasmtime::Result<Vec<types::Column>> {
        Ok(self
            .table
            .get(&batch)?
            .batch
            .columns
            .iter()
            .map(convert::column_to_guest)
            .collect())
    }

    fn values(
        &mut self,
        batch: Resource<LiveBatch>,
        row: u32,
        columns: Vec<u32>,
    ) -> Result<Vec<types::Value>, HostError> {
        let batch = &self.table.get(&batch)?.batch;
        if row as usize >= batch.num_rows() {
            return Err(out_of_range("row", row, batch.num_rows()));
        }
        if let Some(index) = columns
            .iter()
            .find(|index| **index as usize >= batch.columns.len())
        {
            return Err(out_of_range("column", *index, batch.columns.len()));
        }
        if columns.len() > batch.columns.len() {
            let message = "more values of a row are asked for than it has columns";
            return Err(HostError::new(ErrorKind::InvalidRequest, message));
        }
        let columns: Vec<usize> = columns.into_iter().map(|index| index as usize).collect();
        let values = batch.values(row as usize, &columns)?;
        Ok(values.into_iter().map(convert::value_to_guest).collect())
    }

    fn column(&mut self, batch: Resource<LiveBatch>, index: u32) -> Result<ColumnData, HostError> {
        let batch = &self.table.get(&batch)?.batch;
        let Some(column) = batch.columns.get(index as usize) else {
            return Err(out_of_range("column", index, batch.columns.len()));
        };
        Ok(read_column::column_data(
            &column.name,
            batch.rows.column(index as usize),
        )?)
    }

    fn slice(
        &mut self,
        batch: Resource<LiveBatch>,
        offset: u32,
        len: u32,
    ) -> Result<Resource<LiveBatch>, HostError> {
        let live = self.table.get(&batch)?;
        let rows = live.batch.num_rows();
        // Two 32-bit numbers: their sum cannot overflow here.
        if offset as usize + len as usize > rows {
            return Err(out_of_range(
                "the end of the slice, row",
                offset.saturating_add(len),
                rows,
            ));
        }
        let slice = live.slice(offset as usize, len as usize);
        Ok(self.table.push(slice)?)
    }

    fn project(
        &mut self,
        batch: Resource<LiveBatch>,
        columns: Vec<u32>,
    ) -> Result<Resource<LiveBatch>, HostError> {
        let live = self.table.get(&batch)?;
        if columns.len() > live.batch.columns.len() {
            let message = "more columns are picked from a batch than it has";
            return Err(HostError::new(ErrorKind::InvalidRequest, message));
        }
        let columns: Vec<usize> = columns.into_iter().map(|index| index as usize).collect();
        let picked = self.live.project(live, &columns)?;
        Ok(self.table.push(picked)?)
    }

    fn rounded(&mut self, batch: Resource<LiveBatch>) -> wasmtime::Result<Vec<u32>> {
        let rounded = &self.table.get(&batch)?.batch.rounded;
        // A statement has fewer columns than 32 bits can number.
        Ok(rounded.iter().map(|&index| index as u32).collect())
    }

    fn drop(&mut self, batch: Resource<LiveBatch>) -> wasmtime::Result<()> {
        self.table.delete(batch)?;
        Ok(())
    }
}
