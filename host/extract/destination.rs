//! The table that a run writes, opened when it has something to write: a run that finds nothing new costs the table
//! nothing.

use crate::kb::{Lake, Staged, TableWriter, Target};
use crate::model::failure::Failure;

pub struct Destination<'a> {
    lake: &'a Lake,
    target: Target,
    writer: Option<TableWriter>,
}

impl<'a> Destination<'a> {
    pub fn new(lake: &'a Lake, target: Target) -> Self {
        Self {
            lake,
            target,
            writer: None,
        }
    }

    /// Opens the table at the first call, which finds whether the rows fit into it.
    pub async fn writer(&mut self) -> Result<&mut TableWriter, Failure> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            None => self.lake.writer(self.target.clone()).await?,
        };
        Ok(self.writer.insert(writer))
    }

    /// What was written since the last commit.
    pub fn staged(&self) -> Staged {
        let staged = self.writer.as_ref().map(TableWriter::staged);
        staged.unwrap_or_default()
    }

    /// What the commits did to the columns of the table, in sentences for the operator.
    pub fn notes(&self) -> &[String] {
        self.writer.as_ref().map_or(&[], TableWriter::notes)
    }

    /// Removes staged files that no commit made visible.
    pub async fn discard(self) {
        if let Some(writer) = self.writer {
            writer.discard().await;
        }
    }
}
