//! Opened tables of all knowledge bases, brought up to date whenever they are asked for.
//! Writes nothing. A folder is a table from the moment its log has an entry.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::Field;
use deltalake_core::{DeltaTable, DeltaTableBuilder};
use tokio_util::task::TaskTracker;

use super::encoder::Place;
use super::log::{Log, run};
use super::{KbError, TableSummary, name};
use crate::model::ids::KbUid;
use crate::model::source::NATIVE_TYPE;

/// Every table that was asked for since the start, as it was then.
#[derive(Debug)]
pub(super) struct Tables {
    root: PathBuf,
    /// This process, in the names of its files.
    instance: Arc<str>,
    /// By folder. Held only to take or put an entry; clones share their file lists.
    opened: Mutex<HashMap<PathBuf, DeltaTable>>,
    /// Maintenance that runs beside the writers. Each task ends by itself within seconds.
    pub(super) background: TaskTracker,
}

impl Tables {
    pub(super) fn open(root: &Path) -> Result<Self, KbError> {
        let open = || fs::create_dir_all(root).and_then(|()| root.canonicalize());
        let root = open().map_err(|error| KbError::folder("open", error))?;
        Ok(Self {
            root,
            instance: uuid::Uuid::now_v7().simple().to_string().into(),
            opened: Mutex::default(),
            background: TaskTracker::new(),
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
            instance: self.instance.clone(),
        })
    }

    pub(super) fn log(&self, kb: &KbUid, table: &str) -> Result<Log, KbError> {
        Ok(Log::new(table, &self.folder(kb, table)?))
    }

    /// The newest state of a table, if it exists.
    pub(super) async fn current(
        &self,
        kb: &KbUid,
        table: &str,
    ) -> Result<Option<DeltaTable>, KbError> {
        self.current_in(self.folder(kb, table)?, table).await
    }

    async fn current_in(
        &self,
        folder: PathBuf,
        label: &str,
    ) -> Result<Option<DeltaTable>, KbError> {
        let looked_at = folder.clone();
        if !run(move || has_log(&looked_at)).await {
            self.with_opened(|opened| opened.remove(&folder));
            return Ok(None);
        }
        let opened = self.with_opened(|opened| opened.get(&folder).cloned());
        let mut table = match opened {
            Some(table) => table,
            None => unloaded(&folder, label)?,
        };
        table
            .update_state()
            .await
            .map_err(|error| KbError::storage("read", label, error))?;
        self.with_opened(|opened| {
            if opened
                .get(&folder)
                .is_none_or(|other| other.version() <= table.version())
            {
                opened.insert(folder, table.clone());
            }
        });
        Ok(Some(table))
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

    /// Removes the folder of a table with all that is in it.
    pub(super) async fn drop_table(&self, kb: &KbUid, table: &str) -> Result<(), KbError> {
        let removed = self.remove_folder(self.folder(kb, table)?).await;
        removed.map_err(|error| KbError::folder("remove a table from", error))
    }

    /// Removes the folder of a knowledge base with all that is in it.
    pub(super) async fn remove(&self, kb: &KbUid) -> Result<(), KbError> {
        let removed = self.remove_folder(self.kb_folder(kb)?).await;
        removed.map_err(|error| KbError::folder("remove a knowledge base from", error))
    }

    async fn remove_folder(&self, folder: PathBuf) -> io::Result<()> {
        self.with_opened(|opened| opened.retain(|table, _| !table.starts_with(&folder)));
        run(move || match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    fn with_opened<T>(&self, work: impl FnOnce(&mut HashMap<PathBuf, DeltaTable>) -> T) -> T {
        // The map is whole at every moment, so a panic elsewhere is no reason to stop.
        work(&mut self.opened.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A folder without a log entry is what a failed or running create has staged.
fn has_log(folder: &Path) -> bool {
    let log = folder.join("_delta_log");
    // Other tools may clean the first entry away, but never without a log checkpoint.
    log.join(format!("{:020}.json", 0)).exists() || log.join("_last_checkpoint").exists()
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
