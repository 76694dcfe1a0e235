//! The bytes of a log entry: what was done, the stream's transaction, the added files. No decisions, no I/O.

use serde_json::{Value, json};

use super::encoder::StagedFile;
use super::files::Rows;
use super::log::CHECKPOINT_KEY;
use crate::model::checkpoint::Checkpoint;

/// What every entry of ours says.
pub(super) struct Lines<'a> {
    pub(super) checkpoint: &'a Checkpoint,
    pub(super) files: &'a [StagedFile],
}

impl Lines<'_> {
    /// `changes` are the lines beyond the added files: layout and removals.
    pub(super) fn entry(&self, operation: &str, changes: Vec<Value>) -> Vec<u8> {
        let now = chrono::Utc::now().timestamp_millis();
        let info = json!({ "commitInfo": {
            "timestamp": now,
            "operation": operation,
            "operationParameters": {},
            "isBlindAppend": changes.is_empty(),
            "engineInfo": concat!("sluice/", env!("CARGO_PKG_VERSION")),
            CHECKPOINT_KEY: self.checkpoint,
        }});
        let txn = json!({ "txn": {
            "appId": self.checkpoint.stream,
            "version": number(self.checkpoint.seq),
            "lastUpdated": now,
        }});
        let added = self
            .files
            .iter()
            .map(|file| add_line(file, now, Rows::Change));
        bytes(
            std::iter::once(info)
                .chain(changes)
                .chain([txn])
                .chain(added),
        )
    }
}

/// An entry of no stream, which changes no row.
pub(super) fn upkeep_entry(operation: &str, changes: Vec<Value>) -> Vec<u8> {
    let info = json!({ "commitInfo": {
        "timestamp": chrono::Utc::now().timestamp_millis(),
        "operation": operation,
        "operationParameters": {},
        "isBlindAppend": false,
        "engineInfo": concat!("sluice/", env!("CARGO_PKG_VERSION")),
    }});
    bytes(std::iter::once(info).chain(changes))
}

fn bytes(lines: impl Iterator<Item = Value>) -> Vec<u8> {
    lines
        .map(|line| format!("{line}\n"))
        .collect::<String>()
        .into_bytes()
}

/// The line that adds a file whose rows were committed at a time in milliseconds.
pub(super) fn add_line(file: &StagedFile, modified: i64, rows: Rows) -> Value {
    json!({ "add": {
        "path": file.name,
        "partitionValues": {},
        "size": file.bytes,
        "modificationTime": modified,
        "dataChange": rows == Rows::Change,
        "stats": json!({ "numRecords": file.rows }).to_string(),
    }})
}

/// Delta counts in signed numbers; nobody commits 2^63 times.
pub(super) fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
