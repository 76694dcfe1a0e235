//! What the lake promises, on real folders.

mod commits;
mod drift;
mod names;
mod queries;
mod replace;
mod shortening;
mod types;
mod upkeep;
mod upsert;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::record_batch::RecordBatch;
use tempfile::TempDir;

use super::*;
use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::ids::JobId;
use crate::model::job::Progress;
use crate::model::source::{DataType, arrow_schema};
use crate::model::value::Value;

/// A lake in a folder of its own.
struct TestLake {
    lake: Lake,
    folder: TempDir,
    kb: KbUid,
}

impl TestLake {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            lake: Lake::open(folder.path()).unwrap(),
            folder,
            kb: KbUid("kb1".into()),
        }
    }

    /// Whose old files go at once.
    fn forgetful() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            lake: Lake::open_keeping(folder.path(), Duration::ZERO).unwrap(),
            folder,
            kb: KbUid("kb1".into()),
        }
    }

    /// Waits for what commits have started.
    async fn settled(&self) {
        let background = &self.lake.tables.background;
        background.close();
        background.wait().await;
        background.reopen();
    }

    /// The same folder, opened by another process.
    fn reopened(&self) -> Lake {
        Lake::open(self.folder.path()).unwrap()
    }

    async fn writer(&self, table: &str, stream: &str, mode: Mode) -> Result<TableWriter, KbError> {
        self.lake
            .writer(self.target(table, stream, mode, people()))
            .await
    }

    fn target(&self, table: &str, stream: &str, mode: Mode, columns: Vec<Column>) -> Target {
        Target {
            kb: self.kb.clone(),
            table: table.into(),
            stream: StreamId(stream.into()),
            mode,
            columns,
            key_columns: Vec::new(),
        }
    }

    /// Writes and commits rows `from..to`.
    async fn land(
        &self,
        writer: &mut TableWriter,
        stream: &str,
        seq: u64,
        ids: std::ops::Range<i64>,
    ) -> Result<u64, CommitError> {
        let to = ids.end;
        writer.write(&people_batch(ids)).await.unwrap();
        writer.commit(&checkpoint(stream, seq, to)).await
    }

    async fn rows(&self, table: &str) -> Option<u64> {
        self.lake
            .table(&self.kb, table)
            .await
            .unwrap()
            .map(|table| table.rows)
    }

    async fn query(&self, sql: &str) -> Result<Answer, QueryError> {
        self.lake.query(&self.kb, query(sql)).await
    }

    /// One number.
    async fn number(&self, sql: &str) -> i64 {
        use arrow::array::AsArray;
        let answer = self.query(sql).await.unwrap();
        answer.batches[0]
            .column(0)
            .as_primitive::<arrow::datatypes::Int64Type>()
            .value(0)
    }

    fn files(&self, table: &str) -> Vec<String> {
        let folder = self.folder.path().join("kb1").join(table);
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "_delta_log")
            .collect()
    }
}

fn query(sql: &str) -> Query {
    let limits = QueryLimits {
        rows: 1000,
        time: Duration::from_secs(60),
        memory_bytes: 64 << 20,
    };
    Query {
        sql: sql.into(),
        params: Vec::new(),
        explain: false,
        limits,
    }
}

fn column(name: &str, data_type: DataType) -> Column {
    Column {
        name: name.into(),
        data_type,
        nullable: true,
        native_type: "n".into(),
    }
}

fn people() -> Vec<Column> {
    vec![
        column("id", DataType::Int64),
        column("name", DataType::Text),
    ]
}

fn batch(columns: Vec<Column>, arrays: Vec<ArrayRef>) -> Batch {
    let rows = RecordBatch::try_new(arrow_schema(&columns), arrays).unwrap();
    Batch::exact(columns.into(), rows)
}

fn people_batch(ids: std::ops::Range<i64>) -> Batch {
    let names: StringArray = ids.clone().map(|id| Some(format!("name {id}"))).collect();
    batch(
        people(),
        vec![Arc::new(Int64Array::from_iter_values(ids)), Arc::new(names)],
    )
}

fn checkpoint(stream: &str, seq: u64, cursor: i64) -> Checkpoint {
    Checkpoint {
        stream: StreamId(stream.into()),
        seq,
        epoch: 1,
        job: JobId("job".into()),
        cursor: Some(Cursor {
            value: Value::Int(cursor),
            tie: vec![],
            landed: None,
            digest: None,
        }),
        progress: Progress {
            rows: cursor.unsigned_abs(),
            ..Progress::default()
        },
    }
}
