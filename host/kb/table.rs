//! Opened tables of all knowledge bases, brought up to date whenever they are asked for.
//! Writes nothing. A folder is a table from the moment its log has an entry.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arrow::datatypes::Field;
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use tokio_util::task::TaskTracker;

use super::encoder::Place;
use super::log::{Identity, Log, run, sync_folder};
use super::opened::Opened;
use super::staged::{Instance, Writers};
use super::streams::Wanted;
use super::{KbError, TableSummary, name};
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::{KbUid, StreamId};
use crate::model::source::NATIVE_TYPE;

/// Where dropped tables go before they are gone, beside the knowledge bases, whose names have no dot.
const TRASH: &str = ".dropped";

/// Every table that was asked for since the start, as it was then.
#[derive(Debug)]
pub(super) struct Tables {
    root: PathBuf,
    /// Files that a table does not have any more stay for this long.
    pub(super) keep_removed: Duration,
    instance: Instance,
    /// By folder. Held only to take or put an entry; clones share their file lists.
    opened: Mutex<HashMap<PathBuf, Opened>>,
    /// Maintenance that runs beside the writers. Each task ends by itself.
    pub(super) background: TaskTracker,
    /// Held by the one that looks after a table.
    pub(super) upkeep: tokio::sync::Mutex<()>,
    /// Folders of tables that a look waits for.
    looks: Mutex<HashSet<PathBuf>>,
}

impl Tables {
    pub(super) fn open(root: &Path, keep_removed: Duration) -> Result<Self, KbError> {
        let trouble = |error| KbError::folder("open", error);
        let open = || fs::create_dir_all(root).and_then(|()| root.canonicalize());
        let root = open().map_err(trouble)?;
        Ok(Self {
            instance: Instance::register(&root).map_err(trouble)?,
            root,
            keep_removed,
            opened: Mutex::default(),
            background: TaskTracker::new(),
            upkeep: tokio::sync::Mutex::default(),
            looks: Mutex::default(),
        })
    }

    /// Uids are ours, but one that climbs out of the root would be a disaster in [`Tables::remove`].
    fn kb_folder(&self, kb: &KbUid) -> Result<PathBuf, KbError> {
        let uid = kb.as_str();
        let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if uid.is_empty() || !uid.bytes().all(letter) {
            return Err(KbError::KbName);
        }
        Ok(self.root.join(uid))
    }

    pub(super) fn folder(&self, kb: &KbUid, table: &str) -> Result<PathBuf, KbError> {
        Ok(self.kb_folder(kb)?.join(name::folder_name(table)?))
    }

    /// Where files of a table are staged.
    pub(super) fn place(&self, kb: &KbUid, table: &str) -> Result<Place, KbError> {
        Ok(Place {
            table: table.to_owned(),
            folder: self.folder(kb, table)?,
            instance: self.instance.id.clone(),
        })
    }

    pub(super) fn log(&self, kb: &KbUid, table: &str) -> Result<Log, KbError> {
        Ok(Log::new(table, &self.folder(kb, table)?))
    }

    pub(super) fn log_at(&self, place: &Place) -> Log {
        Log::new(&place.table, &place.folder)
    }

    /// The newest state of a table, if it exists.
    pub(super) async fn current(
        &self,
        kb: &KbUid,
        table: &str,
    ) -> Result<Option<DeltaTable>, KbError> {
        self.current_in(self.folder(kb, table)?, table).await
    }

    pub(super) async fn current_at(&self, place: &Place) -> Result<Option<DeltaTable>, KbError> {
        self.current_in(place.folder.clone(), &place.table).await
    }

    async fn current_in(
        &self,
        folder: PathBuf,
        label: &str,
    ) -> Result<Option<DeltaTable>, KbError> {
        let log = Log::new(label, &folder);
        let end = self.with_opened(|opened| opened.get(&folder).and_then(Opened::end));
        let looked = run(move || log.look(end)).await;
        let Some(look) = looked else {
            self.with_opened(|opened| opened.remove(&folder));
            return Ok(None);
        };
        let opened = self.with_entry(&folder, look.log, |opened| opened.table());
        let mut table = match opened {
            Some(table) if !look.has_changed => return Ok(Some(table)),
            Some(table) => table,
            None => unloaded(&folder, label)?,
        };
        table
            .update_state()
            .await
            .map_err(|error| KbError::storage("read", label, error))?;
        self.with_entry(&folder, look.log, |opened| {
            opened.remember(&table, look.checkpointed);
        });
        Ok(Some(table))
    }

    /// The newest number of a stream that a table knows. Idle streams ask again and again.
    pub(super) async fn newest_seq(
        &self,
        place: &Place,
        table: &DeltaTable,
        stream: &StreamId,
    ) -> Result<Option<i64>, KbError> {
        let opened = |opened: &HashMap<_, Opened>| opened.get(&place.folder)?.seq(table, stream);
        if let Some(seq) = self.with_opened(|all| opened(all)) {
            return Ok(seq);
        }
        let log_store = table.log_store();
        let state = table
            .snapshot()
            .map_err(|error| KbError::storage("read", &place.table, error))?;
        let seq = state
            .transaction_version(log_store.as_ref(), stream.as_str())
            .await
            .map_err(|error| KbError::storage("read", &place.table, error))?;
        self.with_opened(|all| {
            if let Some(opened) = all.get_mut(&place.folder) {
                opened.remember_seq(table, stream, seq);
            }
        });
        Ok(seq)
    }

    /// The newest checkpoint of a stream in a log of which we know that it has the version and the stream's number.
    pub(super) async fn newest_checkpoint(
        &self,
        place: &Place,
        wanted: Wanted,
    ) -> Result<Checkpoint, KbError> {
        let log = self.log_at(place);
        let looked_at = log.clone();
        let Some(identity) = run(move || looked_at.identity()).await else {
            return Err(log.missing(wanted.version));
        };
        let walk = self.with_entry(&place.folder, identity, |opened| opened.walk.take());
        // Two at once read the same twice, and the log is the same for both.
        let mut walk = walk.unwrap_or_default();
        let (found, walk) = run(move || (walk.newest(&log, &wanted), walk)).await;
        self.with_entry(&place.folder, identity, |opened| opened.walk = Some(walk));
        found
    }

    /// Every table of a knowledge base with its true name, by name.
    pub(super) async fn all(&self, kb: &KbUid) -> Result<Vec<(String, DeltaTable)>, KbError> {
        let mut tables = Vec::new();
        for folder in self.table_folders(kb).await? {
            let label = folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if let Some(table) = self.current_in(folder, &label).await? {
                tables.push((true_name(&table).unwrap_or(label), table));
            }
        }
        tables.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(tables)
    }

    /// Every table of every knowledge base, under the name of its folder. Blocking.
    pub(super) fn every_place(&self) -> Result<Vec<Place>, KbError> {
        let listed = || -> io::Result<Vec<PathBuf>> {
            let mut folders = Vec::new();
            for kb in fs::read_dir(&self.root)? {
                let kb = kb?;
                let own = kb.file_name().to_string_lossy().starts_with('.');
                if own || !kb.file_type()?.is_dir() {
                    continue;
                }
                for table in fs::read_dir(kb.path())? {
                    folders.push(table?.path());
                }
            }
            Ok(folders)
        };
        let folders = listed().map_err(|error| KbError::folder("list", error))?;
        let places = folders.into_iter().map(|folder| Place {
            table: folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            folder,
            instance: self.instance.id.clone(),
        });
        Ok(places.collect())
    }

    /// Notes that a look at a table waits for its turn. False: one does already, and will see what this one would.
    pub(super) fn queue_look(&self, place: &Place) -> bool {
        self.with_looks(|looks| looks.insert(place.folder.clone()))
    }

    /// Who wants a look from now on wants another one.
    pub(super) fn begin_look(&self, place: &Place) {
        self.with_looks(|looks| looks.remove(&place.folder));
    }

    pub(super) fn is_look_queued(&self, place: &Place) -> bool {
        self.with_looks(|looks| looks.contains(&place.folder))
    }

    fn with_looks<T>(&self, work: impl FnOnce(&mut HashSet<PathBuf>) -> T) -> T {
        work(&mut self.looks.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who may have staged files. Blocking.
    pub(super) fn writers(&self) -> Result<Writers, KbError> {
        let writers = self.instance.writers();
        writers.map_err(|error| KbError::folder("list the writers of", error))
    }

    pub(super) fn forget_writers(&self, dead: &HashSet<String>) {
        self.instance.forget(dead);
    }

    async fn table_folders(&self, kb: &KbUid) -> Result<Vec<PathBuf>, KbError> {
        let folder = self.kb_folder(kb)?;
        run(move || match fs::read_dir(folder) {
            Ok(entries) => entries.map(|entry| entry.map(|e| e.path())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        })
        .await
        .map_err(|error| KbError::folder("list", error))
    }

    /// Removes a table, if there is one: at once for all who look, and then its files.
    pub(super) async fn drop_table(&self, kb: &KbUid, table: &str) -> Result<(), KbError> {
        let folder = self.folder(kb, table)?;
        let removed = self.remove_folder(folder).await;
        removed.map_err(|error| KbError::storage("remove", table, error))
    }

    /// Removes what a process that was killed has left of dropped tables; not the folder of them, into which another one may
    /// be on its way. Blocking.
    pub(super) fn empty_trash(&self) -> Result<(), KbError> {
        let entries = match fs::read_dir(self.root.join(TRASH)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(|error| KbError::folder("clean up", error))?,
        };
        for entry in entries {
            let removed = entry.and_then(|entry| remove_all(&entry.path()));
            removed.map_err(|error| KbError::folder("clean up", error))?;
        }
        Ok(())
    }

    /// Removes the folder of a knowledge base with all that is in it.
    pub(super) async fn remove(&self, kb: &KbUid) -> Result<(), KbError> {
        let removed = self.remove_folder(self.kb_folder(kb)?).await;
        removed.map_err(|error| KbError::folder("remove a knowledge base from", error))
    }

    /// Takes a folder away at once and whole: upkeep that is under way finds nothing of it, and writes nothing into it.
    async fn remove_folder(&self, folder: PathBuf) -> io::Result<()> {
        self.with_opened(|opened| opened.retain(|table, _| !table.starts_with(&folder)));
        let trash = self.root.join(TRASH);
        let moved = trash.join(uuid::Uuid::now_v7().simple().to_string());
        run(move || {
            fs::create_dir_all(trash)?;
            match fs::rename(&folder, &moved) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                renamed => renamed?,
            }
            folder.parent().map_or(Ok(()), sync_folder)?;
            remove_all(&moved)
        })
        .await
    }

    /// What is known of a table with this log; nothing that was known of another one.
    fn with_entry<T>(
        &self,
        folder: &Path,
        log: Identity,
        work: impl FnOnce(&mut Opened) -> T,
    ) -> T {
        let fresh = || Opened::new(log);
        self.with_opened(|opened| {
            let entry = opened.entry(folder.to_owned()).or_insert_with(fresh);
            if entry.log != log {
                *entry = fresh();
            }
            work(entry)
        })
    }

    fn with_opened<T>(&self, work: impl FnOnce(&mut HashMap<PathBuf, Opened>) -> T) -> T {
        // The map is whole at every moment, so a panic elsewhere is no reason to stop.
        work(&mut self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn unloaded(folder: &Path, label: &str) -> Result<DeltaTable, KbError> {
    let url = url::Url::from_directory_path(folder)
        .map_err(|()| KbError::storage("open", label, "its folder has no absolute path"))?;
    DeltaTableBuilder::from_url(url)
        .and_then(DeltaTableBuilder::build)
        .map_err(|error| KbError::storage("open", label, error))
}

fn true_name(table: &DeltaTable) -> Option<String> {
    let state = table.snapshot().ok()?;
    state.metadata().name().map(str::to_owned)
}

/// Removes a folder; one that is gone, or that somebody else removes as well, is no trouble.
fn remove_all(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// What clients see of a table.
pub(super) fn summary(name: String, table: &DeltaTable) -> Result<TableSummary, KbError> {
    let state = table
        .snapshot()
        .map_err(|error| KbError::storage("read", &name, error))?;
    let (mut rows, mut bytes, mut files) = (0, 0, 0);
    for file in state.log_data().iter() {
        rows += file.num_records().unwrap_or_default() as u64;
        bytes += u64::try_from(file.size()).unwrap_or_default();
        files += 1;
    }
    let columns = state
        .snapshot()
        .arrow_schema()
        .fields()
        .iter()
        .map(|field| plain_field(field))
        .collect();
    Ok(TableSummary {
        name,
        columns,
        rows,
        bytes,
        files,
        version: state.version(),
    })
}

/// Without Delta's own notes, which mean nothing to clients.
fn plain_field(field: &Field) -> Field {
    let native = field.metadata().get_key_value(NATIVE_TYPE);
    let metadata = native
        .map(|(key, value)| (key.clone(), value.clone()))
        .into_iter()
        .collect();
    field.clone().with_metadata(metadata)
}
