//! Whose a staged file is. Its name says which process wrote it, and each process keeps a locked file in the lake for as long
//! as it lives: a file that no log names goes only when its writer is certainly dead, for a `replace` stages for hours.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Beside the folders of the knowledge bases, whose names have no dot.
const FOLDER: &str = ".writers";

/// This process, as a writer of files.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) id: Arc<str>,
    folder: PathBuf,
    /// Locked until the process ends.
    _lock: File,
}

impl Instance {
    pub(super) fn register(root: &Path) -> io::Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder)?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        // Under its name only once it is locked: nobody must find it free and take this process for dead.
        let staged = folder.join(format!(".{id}"));
        let lock = File::create_new(&staged)?;
        lock.lock()?;
        fs::rename(staged, folder.join(&id))?;
        Ok(Self {
            id: id.into(),
            folder,
            _lock: lock,
        })
    }

    /// The processes that keep a file, or kept one until they ended. Blocking.
    pub(super) fn writers(&self) -> io::Result<Writers> {
        let mut writers = Writers::default();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let id = entry.file_name().to_string_lossy().into_owned();
            if id.starts_with('.') {
                continue;
            }
            if File::open(entry.path())?.try_lock().is_ok() {
                writers.dead.insert(id);
            } else {
                writers.alive.insert(id);
            }
        }
        Ok(writers)
    }

    /// Forgets processes that have left nothing behind. Blocking.
    pub(super) fn forget(&self, dead: &HashSet<String>) {
        for id in dead {
            // One that stays is looked at again the next time.
            fs::remove_file(self.folder.join(id)).ok();
        }
    }
}

/// Who may have staged files.
#[derive(Debug, Clone, Default)]
pub(super) struct Writers {
    pub(super) alive: HashSet<String>,
    /// Certainly.
    pub(super) dead: HashSet<String>,
}

/// A name that no other file has.
pub(super) fn file_name(instance: &str) -> String {
    format!("part-{instance}-{}.parquet", uuid::Uuid::now_v7().simple())
}

/// The process that wrote a file, if its name says so.
pub(super) fn writer_of(file_name: &str) -> Option<&str> {
    let name = file_name.strip_prefix("part-")?.strip_suffix(".parquet")?;
    let (instance, _) = name.split_once('-')?;
    (instance.len() == 32).then_some(instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_is_dead_when_its_lock_is_free() {
        let root = tempfile::tempdir().unwrap();
        let one = Instance::register(root.path()).unwrap();
        let two = Instance::register(root.path()).unwrap();
        assert!(two.writers().unwrap().dead.is_empty());
        let id = one.id.clone();
        drop(one);
        let writers = two.writers().unwrap();
        assert_eq!(writers.dead, HashSet::from([id.to_string()]));
        assert_eq!(writers.alive, HashSet::from([two.id.to_string()]));
        two.forget(&writers.dead);
        assert!(two.writers().unwrap().dead.is_empty());
    }

    #[test]
    fn a_name_says_who_wrote_the_file() {
        let id = uuid::Uuid::now_v7().simple().to_string();
        assert_eq!(writer_of(&file_name(&id)), Some(id.as_str()));
        for foreign in ["part-00000-7f3b-c000.snappy.parquet", "x.parquet", "part-"] {
            assert_eq!(writer_of(foreign), None, "{foreign}");
        }
    }
}
