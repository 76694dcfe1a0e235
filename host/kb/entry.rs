//! The bytes of a log entry, written and read: what was done, the stream's transaction, the files. No decisions, no I/O.

use serde_json::{Value, json};

use super::encoder::StagedFile;
use super::files::Rows;
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::StreamId;

/// Key of the checkpoint in an entry's `commitInfo`.
const CHECKPOINT_KEY: &str = "sluice";

/// What an entry of ours says it did when it replaced rows by key.
pub(super) const MERGE: &str = "MERGE";

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

/// What a writer must know of an entry that another one wrote.
#[derive(Debug, Default)]
pub(super) struct Entry {
    transactions: Vec<(String, i64)>,
    /// Paths of files that it took out.
    removed: Vec<String>,
    changes_layout: bool,
    pub(super) checkpoint: Option<Checkpoint>,
    /// It changed the columns, the rules, or took rows away; not those that an upsert of ours replaced, which nobody
    /// else's rows depend on.
    pub(super) changes_table: bool,
}

impl Entry {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let mut entry = Self::default();
        let (mut takes_rows, mut merges) = (false, false);
        for action in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
            let action = action?;
            if let Some(txn) = action.get("txn") {
                let app_id = txn["appId"].as_str().unwrap_or_default().to_owned();
                entry
                    .transactions
                    .push((app_id, txn["version"].as_i64().unwrap_or_default()));
            }
            if let Some(checkpoint) = action.get("commitInfo").and_then(|c| c.get(CHECKPOINT_KEY)) {
                entry.checkpoint = serde_json::from_value(checkpoint.clone()).ok();
                merges = action["commitInfo"]["operation"] == MERGE;
            }
            if let Some(remove) = action.get("remove") {
                takes_rows |= remove["dataChange"] != false;
                let path = remove["path"].as_str().unwrap_or_default().to_owned();
                entry.removed.push(path);
            }
            entry.changes_layout |=
                action.get("metaData").is_some() || action.get("protocol").is_some();
        }
        entry.changes_table = entry.changes_layout || takes_rows && !merges;
        Ok(entry)
    }

    /// Whether files with these names cannot be moved any more.
    pub(super) fn conflicts_with<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        // A path with an escape may be any name.
        let escaped = self.removed.iter().any(|path| path.contains('%'));
        self.changes_layout || escaped || names.any(|name| self.removed.iter().any(|p| p == name))
    }

    /// The streams that wrote in it, each with its number.
    pub(super) fn transactions(&self) -> impl Iterator<Item = (&str, i64)> {
        let pairs = self.transactions.iter();
        pairs.map(|(stream, seq)| (stream.as_str(), *seq))
    }

    /// The number that the stream's commit has in this entry.
    pub(super) fn seq_of(&self, stream: &StreamId) -> Option<i64> {
        let own = |(app_id, seq): &(String, i64)| (app_id == stream.as_str()).then_some(*seq);
        self.transactions.iter().find_map(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compaction_does_not_change_a_table_but_deletion_does() {
        let compacted = Entry::parse(br#"{"remove":{"path":"a","dataChange":false}}"#).unwrap();
        assert!(!compacted.changes_table);
        for line in [
            &br#"{"remove":{"path":"a","dataChange":true}}"#[..],
            br#"{"metaData":{}}"#,
            br#"{"protocol":{}}"#,
        ] {
            assert!(Entry::parse(line).unwrap().changes_table);
        }
    }
}
