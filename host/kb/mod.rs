//! The lake: Delta tables in folders, one folder a knowledge base. Rows and their cursor become durable in one log entry.
//! Knows nothing of sources, jobs or leases beyond what a checkpoint carries.
//!
//! `writer` takes rows, `encoder` makes files of them, `commit` puts the entry that makes them visible through `log`, with
//! what `drift` and `rewrite` do to the table for them. `table` opens what is there, `schema` says what Delta thinks of
//! columns, `query` reads, `maintenance` tidies up.

mod commit;
mod drift;
mod encoder;
mod entry;
mod error;
mod files;
mod keys;
mod log;
mod lookup;
mod maintenance;
mod name;
mod opened;
mod protocol;
mod query;
mod query_error;
mod rewrite;
mod row_hash;
mod schema;
mod sql_guard;
mod staged;
mod streams;
mod table;
#[cfg(test)]
mod tests;
mod widen;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use error::{CommitError, KbError};
pub use lookup::LandedRows;
pub use query::{Answer, Query, QueryLimits};
pub use query_error::QueryError;
pub use writer::TableWriter;

use crate::model::checkpoint::Checkpoint;
use crate::model::ids::{KbUid, StreamId};
use crate::model::job::Mode;
use crate::model::source::Column;
use streams::Wanted;
use table::Tables;

/// Longer than any query takes.
pub const KEEP_REMOVED: Duration = Duration::from_secs(3600);

/// A table as clients see it.
#[derive(Debug, Clone)]
pub struct TableSummary {
    pub name: String,
    pub columns: Vec<arrow::datatypes::Field>,
    pub rows: u64,
    pub bytes: u64,
    pub files: u64,
    /// Version of the Delta log.
    pub version: u64,
}

/// Which table a writer writes, for whom, and how.
#[derive(Debug, Clone)]
pub struct Target {
    pub kb: KbUid,
    pub table: String,
    pub stream: StreamId,
    pub mode: Mode,
    /// Columns of what will be written, in order.
    pub columns: Vec<Column>,
    /// By which `Upsert` finds the rows that give way; no other mode looks at them.
    pub key_columns: Vec<String>,
}

/// What is staged for the next commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Staged {
    pub rows: u64,
    pub bytes: u64,
}

/// All knowledge bases under one folder.
pub struct Lake {
    tables: Arc<Tables>,
    queries: query::Engine,
}

impl Lake {
    pub fn open(root: &Path) -> Result<Self, KbError> {
        Self::open_keeping(root, KEEP_REMOVED)
    }

    /// `keep_removed`: files that a table does not have any more stay for this long, for those who still read it as it was.
    pub fn open_keeping(root: &Path, keep_removed: Duration) -> Result<Self, KbError> {
        let queries = query::Engine::start();
        Ok(Self {
            tables: Arc::new(Tables::open(root, keep_removed)?),
            queries: queries.map_err(|error| KbError::folder("start to query", error))?,
        })
    }

    /// Looks after the tables from time to time, until the host ends. Without it they are right, but grow slow and large.
    pub fn upkeep(&self, shutdown: CancellationToken) -> impl Future<Output = ()> + use<> {
        maintenance::keep(self.tables.clone(), shutdown)
    }

    /// Every table of a knowledge base, by name.
    pub async fn tables(&self, kb: &KbUid) -> Result<Vec<TableSummary>, KbError> {
        let tables = self.tables.all(kb).await?;
        tables
            .into_iter()
            .map(|(name, table)| table::summary(name, &table))
            .collect()
    }

    pub async fn table(&self, kb: &KbUid, name: &str) -> Result<Option<TableSummary>, KbError> {
        let table = self.tables.current(kb, name).await?;
        table
            .map(|table| table::summary(name.to_owned(), &table))
            .transpose()
    }

    /// The newest checkpoint of a stream that the table's log has. None without a table, too.
    ///
    /// # Errors
    /// [`KbError::CheckpointLost`] when the stream wrote the table, but the entry that says how far was cleaned up.
    pub async fn last_checkpoint(
        &self,
        kb: &KbUid,
        name: &str,
        stream: &StreamId,
    ) -> Result<Option<Checkpoint>, KbError> {
        let Some(table) = self.tables.current(kb, name).await? else {
            return Ok(None);
        };
        let place = self.tables.place(kb, name)?;
        let Some(seq) = self.tables.newest_seq(&place, &table, stream).await? else {
            return Ok(None);
        };
        let wanted = Wanted {
            stream: stream.clone(),
            seq,
            version: table.version().unwrap_or_default(),
        };
        let checkpoint = self.tables.newest_checkpoint(&place, wanted).await?;
        Ok(Some(checkpoint))
    }

    /// `Create`: the table must not exist unless this stream made it. `Append`, and `Create` resumed: the table grows by
    /// columns that it has not and by wider types, in the first commit; a column that only it has becomes null. `Upsert`: the
    /// same, and rows give way to those with their key. Nothing is written before the first rows.
    pub async fn writer(&self, target: Target) -> Result<TableWriter, KbError> {
        TableWriter::open(self.tables.clone(), target).await
    }

    /// What a table has of a batch's tie groups. `group` and `identity` are positions among `columns`; without an identity
    /// whole rows are counted.
    pub async fn landed_rows(
        &self,
        kb: &KbUid,
        name: &str,
        columns: &[Column],
        group: usize,
        identity: &[usize],
    ) -> Result<LandedRows, KbError> {
        let table = self.tables.current(kb, name).await?;
        let schema = crate::model::source::arrow_schema(columns);
        LandedRows::of(name, table, &schema, group, identity)
    }

    /// Removes a table, if there is one. Whoever still writes it fails.
    pub async fn drop_table(&self, kb: &KbUid, name: &str) -> Result<(), KbError> {
        self.tables.drop_table(kb, name).await
    }

    /// Removes a knowledge base with all its tables.
    pub async fn remove(&self, kb: &KbUid) -> Result<(), KbError> {
        self.tables.remove(kb).await
    }

    /// One read-only statement over the tables of a knowledge base. Dropping the future stops it.
    pub async fn query(&self, kb: &KbUid, query: Query) -> Result<Answer, QueryError> {
        self.queries
            .run(self.tables.clone(), kb.clone(), query)
            .await
    }
}
