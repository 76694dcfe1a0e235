//! The Delta log of one table as files: puts an entry if its version is free, reads entries.
//! What an entry should say is decided elsewhere (see `commit`), and which ones can go (see `maintenance`). An entry that
//! exists is whole and on the disk.
//!
//! Old entries go, so below the newest log checkpoint there are gaps. Nobody reads there, so nothing must be put there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use super::KbError;
use super::entry::Entry;
use super::opened::End;

const LAST_CHECKPOINT: &str = "_last_checkpoint";
const ENTRY: &str = "json";
/// The newest log checkpoints stay whatever their age: the pointer to the newest may still name the one before.
pub(super) const KEPT_CHECKPOINTS: usize = 2;
/// Of a log checkpoint in one file, the only form that we write.
const CHECKPOINT: &str = "checkpoint.parquet";

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
        // Asked for first: what it covers is there, or was removed.
        let covered = self.checkpointed() >= version;
        if version == 0 {
            fs::create_dir_all(&log_folder).map_err(trouble)?;
        } else if self.entry_path(version).exists() {
            return Ok(Put::Taken);
        } else if covered || !self.entry_path(version - 1).exists() {
            // Old entries were removed since the writer looked, or the table was dropped and may have been made anew: an
            // entry here would stand in a gap, or leave one behind it.
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
        if self.was_shortened_past(version) {
            // Who stands still after the check for as long as old entries are kept puts it into a gap.
            return Ok(Put::InDoubt(KbError::Changed(self.table.clone())));
        }
        // The first entry is only as durable as the folders that it is in: log, table, knowledge base, root.
        let folders = if version == 0 { 4 } else { 1 };
        let synced = log_folder
            .ancestors()
            .take(folders)
            .try_for_each(sync_folder);
        Ok(synced.map_or_else(|error| Put::InDoubt(trouble(error)), |()| Put::Landed))
    }

    /// The entry of a version, if the log is that long.
    ///
    /// # Errors
    /// [`KbError::Changed`] when it was removed: who reads on from there has not looked for long.
    pub(super) async fn read(&self, version: u64) -> Result<Option<Entry>, KbError> {
        let log = self.clone();
        run(move || {
            // In this order: what it covers is there, or was removed.
            let covered = log.checkpointed() >= version;
            match log.read_blocking(version)? {
                None if covered && version > 0 => Err(KbError::Changed(log.table)),
                entry => Ok(entry),
            }
        })
        .await
    }

    /// The entry of a version, if there is one.
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
        let pointed_to = pointer["version"].as_u64();
        // Readers do without a pointer, so it can be lost and nobody notices. Entries may be gone all the same.
        pointed_to.unwrap_or_else(|| {
            let checkpoints = self.listed().map(|listed| listed.checkpoints);
            checkpoints
                .unwrap_or_default()
                .last()
                .map_or(0, |(at, _)| *at)
        })
    }

    /// What the folder has. Blocking.
    pub(super) fn listed(&self) -> Result<Listed, KbError> {
        let listed = || -> io::Result<Listed> {
            let mut listed = Listed::default();
            for file in fs::read_dir(self.log_folder())? {
                let file = file?;
                let name = file.file_name();
                let parts = name.to_str().and_then(|name| name.split_once('.'));
                let Some((Ok(version), kind)) = parts.map(|(v, kind)| (v.parse(), kind)) else {
                    continue;
                };
                match kind {
                    ENTRY => listed.entries.push(version),
                    CHECKPOINT => match file.metadata() {
                        // Another process tidies up as well.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        metadata => listed.checkpoints.push((version, metadata?.modified()?)),
                    },
                    _ => {}
                }
            }
            listed.entries.sort_unstable();
            listed.checkpoints.sort_unstable();
            Ok(listed)
        };
        listed().map_err(|error| KbError::storage("list the log of", &self.table, error))
    }

    /// Whether a version is so old that its entry may have been removed. Blocking.
    fn was_shortened_past(&self, version: u64) -> bool {
        // Nearly always the first question is the last one, and costs less.
        self.checkpointed() > version
            && self.listed().is_ok_and(|listed| {
                let newer = listed.checkpoints.iter().filter(|(at, _)| *at > version);
                newer.count() >= KEPT_CHECKPOINTS
            })
    }

    pub(super) fn checkpoint_path(&self, version: u64) -> PathBuf {
        self.log_folder()
            .join(format!("{version:020}.{CHECKPOINT}"))
    }

    /// Makes a log checkpoint survive a power cut: the library leaves that to the system. Blocking.
    pub(super) fn sync_checkpoint(&self, version: u64) -> io::Result<()> {
        File::open(self.checkpoint_path(version))?.sync_all()?;
        sync_folder(&self.log_folder())
    }

    /// Which log it is, if there is one: a table that was dropped and made again has another. Blocking.
    pub(super) fn identity(&self) -> Option<Identity> {
        let folder = self.log_folder();
        // A folder without an entry is what a failed or running create has staged. We keep the first entry; other tools may
        // clean it away, but never without a log checkpoint.
        if !self.entry_path(0).exists() && !folder.join(LAST_CHECKPOINT).exists() {
            return None;
        }
        let metadata = fs::metadata(folder).ok()?;
        Some(Identity {
            inode: metadata.ino(),
            created: metadata.created().ok(),
        })
    }

    /// What can be seen of the log without reading it, if there is one. Blocking.
    pub(super) fn look(&self, end: Option<End>) -> Option<Look> {
        let log = self.identity()?;
        // In this order: an entry that was removed since shows in it.
        let checkpointed = self.checkpointed();
        let has_changed = end.is_none_or(|end| {
            end.log != log
                || end.checkpointed != checkpointed
                || self.entry_path(end.version + 1).exists()
                || !self.entry_path(end.version).exists()
        });
        Some(Look {
            log,
            checkpointed,
            has_changed,
        })
    }

    /// Why there is no checkpoint of a stream that a version knows. Who has held on to the version for so long that entries
    /// behind it were removed looks again. Blocking.
    pub(super) fn missing(&self, version: u64) -> KbError {
        let table = self.table.clone();
        if self.was_shortened_past(version) {
            return KbError::Changed(table);
        }
        KbError::CheckpointLost(table)
    }

    fn log_folder(&self) -> PathBuf {
        self.folder.join("_delta_log")
    }

    pub(super) fn entry_path(&self, version: u64) -> PathBuf {
        self.log_folder().join(format!("{version:020}.{ENTRY}"))
    }
}

/// The versions in a log's folder, oldest first.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<u64>,
    /// With the times when they were written.
    pub(super) checkpoints: Vec<(u64, SystemTime)>,
}

/// A glance at a log.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) log: Identity,
    /// The version of its newest log checkpoint.
    pub(super) checkpointed: u64,
    /// Whether it may not end any more where it was asked about.
    pub(super) has_changed: bool,
}

/// A folder of log entries. Numbers of files are used again, but not at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    inode: u64,
    created: Option<SystemTime>,
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
    use crate::model::ids::StreamId;

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
}
