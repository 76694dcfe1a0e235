//! Which process holds a lease. Each process keeps a locked file in the data folder for as long as it lives; the lock ends
//! with the process however that ends, so the jobs of a killed one are free at once and not only when their leases run out.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::jobs;
use crate::store::{Store, StoreError};

/// This process, as a holder of leases.
pub struct Instance {
    id: String,
    folder: PathBuf,
    /// Locked until the process ends.
    _lock: File,
}

impl Instance {
    /// Registers this process in a folder that only processes on one store share.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn register(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let id = uuid::Uuid::now_v7().simple().to_string();
        let lock = File::create(folder.join(&id))?;
        lock.lock()?;
        Ok(Self {
            id,
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Frees the jobs of those owners that are gone.
    pub async fn expire_the_dead(
        &self,
        store: &Store,
        owners: impl IntoIterator<Item = &str>,
    ) -> Result<(), StoreError> {
        for owner in owners {
            if owner != self.id && self.is_dead(owner) {
                let freed = jobs::expire_leases(store, owner).await?;
                if freed > 0 {
                    tracing::info!(
                        jobs = freed,
                        "took over the jobs of a process that ended without giving them back"
                    );
                }
            }
        }
        Ok(())
    }

    /// Only a certain answer is yes: a file that is missing may belong to a process on another machine.
    fn is_dead(&self, owner: &str) -> bool {
        let path = self.folder.join(owner);
        let Ok(file) = File::open(&path) else {
            return false;
        };
        match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => false,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // Left behind it would only be an empty file that proves this process dead, which it is.
        let _ = std::fs::remove_file(self.folder.join(&self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_dead_when_its_lock_is_free() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (one, two) = (
            Instance::register(folder.path()).expect("writable"),
            Instance::register(folder.path()).expect("writable"),
        );
        assert!(!two.is_dead(one.id()));
        std::fs::write(folder.path().join("gone"), "").expect("writable");
        assert!(two.is_dead("gone"));
        assert!(!two.is_dead("on-another-machine"));
    }
}
