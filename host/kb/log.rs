//! The Delta log of one table as files: puts an entry if its version is free, reads entries.
//! What an entry should say is decided elsewhere (see `commit`). An entry that exists is whole and on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::KbError;
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::StreamId;

/// Key of the checkpoint in an entry's `commitInfo`.
pub(super) const CHECKPOINT_KEY: &str = "sluice";

const LAST_CHECKPOINT: &str = "_last_checkpoint";

/// What an entry of ours says it did when it replaced rows by key.
pub(super) const MERGE: &str = "MERGE";

/// The log of one table.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// True name of the table, for messages.
    table: String,
    folder: PathBuf,
}

/// What became of an entry that was put.
#[derive(Debug)]
pub(super) enum Put {
    Landed,
    /// The version had an entry already.
    Taken,
    /// It is visible, but may not survive a power cut.
    InDoubt(KbError),
}

impl Log {
    pub(super) fn new(table: &str, folder: &Path) -> Self {
        Self {
            table: table.to_owned(),
            folder: folder.to_owned(),
        }
    }

    /// Writes the entry of a version unless there is one. Runs to its end when the future is dropped.
    ///
    /// The library's log store links an entry before its bytes are on the disk; after a power cut that leaves an
    /// empty entry, which no reader of the table gets past. So the bytes are synced first, then linked.
    pub(super) async fn put(&self, version: u64, entry: Vec<u8>) -> Result<Put, KbError> {
        let log = self.clone();
        run(move || log.put_blocking(version, &entry)).await
    }

    fn put_blocking(&self, version: u64, entry: &[u8]) -> Result<Put, KbError> {
        let trouble = |error| KbError::storage("write the log of", &self.table, error);
        let log_folder = self.log_folder();
        if version == 0 {
            fs::create_dir_all(&log_folder).map_err(trouble)?;
        } else if !self.entry_path(version - 1).exists() {
            // The table was dropped, and may have been made anew: an entry here would leave a gap behind it.
            return Err(KbError::Changed(self.table.clone()));
        }
        let staged = self
            .folder
            .join(format!(".entry-{}", uuid::Uuid::now_v7().simple()));
        let linked = write_synced(&staged, entry)
            .and_then(|()| fs::hard_link(&staged, self.entry_path(version)));
        // A leftover is harmless: nothing reads it, and its name is never used again.
        fs::remove_file(&staged).ok();
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(Put::Taken),
            Err(error) => return Err(trouble(error)),
            Ok(()) => {}
        }
        // The first entry is only as durable as the folders that it is in: log, table, knowledge base, root.
        let folders = if version == 0 { 4 } else { 1 };
        let synced = log_folder
            .ancestors()
            .take(folders)
            .try_for_each(sync_folder);
        Ok(synced.map_or_else(|error| Put::InDoubt(trouble(error)), |()| Put::Landed))
    }

    /// The entry of a version, if there is one.
    pub(super) async fn read(&self, version: u64) -> Result<Option<Entry>, KbError> {
        let log = self.clone();
        run(move || log.read_blocking(version)).await
    }

    pub(super) fn read_blocking(&self, version: u64) -> Result<Option<Entry>, KbError> {
        match fs::read(self.entry_path(version)) {
            Ok(bytes) => Entry::parse(&bytes)
                .map(Some)
                .map_err(|error| KbError::storage("read the log of", &self.table, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(KbError::storage("read the log of", &self.table, error)),
        }
    }

    /// The version of the newest log checkpoint, 0 without one. Blocking.
    pub(super) fn checkpointed(&self) -> u64 {
        let pointer = fs::read(self.log_folder().join(LAST_CHECKPOINT)).unwrap_or_default();
        let pointer: Value = serde_json::from_slice(&pointer).unwrap_or_default();
        pointer["version"].as_u64().unwrap_or_default()
    }

    /// Which log it is, if there is one: a table that was dropped and made again has another. Blocking.
    pub(super) fn identity(&self) -> Option<Identity> {
        let folder = self.log_folder();
        // A folder without an entry is what a failed or running create has staged. Other tools may clean the first entry
        // away, but never without a log checkpoint.
        if !self.entry_path(0).exists() && !folder.join(LAST_CHECKPOINT).exists() {
            return None;
        }
        let metadata = fs::metadata(folder).ok()?;
        Some(Identity {
            inode: metadata.ino(),
            created: metadata.created().ok(),
        })
    }

    pub(super) fn lost(&self) -> KbError {
        KbError::CheckpointLost(self.table.clone())
    }

    fn log_folder(&self) -> PathBuf {
        self.folder.join("_delta_log")
    }

    fn entry_path(&self, version: u64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.json"))
    }
}

/// A folder of log entries. Numbers of files are used again, but not at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    inode: u64,
    created: Option<SystemTime>,
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
    fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
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

    /// The streams that wrote in it.
    pub(super) fn streams(&self) -> impl Iterator<Item = &str> {
        self.transactions.iter().map(|(stream, _)| stream.as_str())
    }

    /// The number that the stream's commit has in this entry.
    pub(super) fn seq_of(&self, stream: &StreamId) -> Option<i64> {
        let own = |(app_id, seq): &(String, i64)| (app_id == stream.as_str()).then_some(*seq);
        self.transactions.iter().find_map(own)
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names of new files in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Runs file work off the async threads. A panic in it goes on in the caller.
pub(super) async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Blocking work is only cancelled when the runtime ends, and then nobody polls this.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_version_is_given_once_and_keeps_its_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new("t", folder.path());
        let first = br#"{"txn":{"appId":"a","version":7}}"#.to_vec();
        assert!(matches!(log.put(0, first).await.unwrap(), Put::Landed));
        assert!(matches!(
            log.put(0, b"{}".to_vec()).await.unwrap(),
            Put::Taken
        ));
        let entry = log.read(0).await.unwrap().unwrap();
        assert_eq!(entry.seq_of(&StreamId("a".into())), Some(7));
        assert_eq!(entry.seq_of(&StreamId("b".into())), None);
        assert!(log.read(1).await.unwrap().is_none());
        let gap = log.put(2, b"{}".to_vec()).await;
        assert!(matches!(gap, Err(KbError::Changed(_))), "{gap:?}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "only the log folder stays");
    }

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
