//! `sluice:source/files`: the lent folder and what is open in it. The folder itself checks every path.

use wasmtime::component::Resource;

use super::super::bindings::sluice::source::files::{self, Host, HostFile, HostFolder};
use super::{HostError, State};
use crate::connection::{File, Folder};

impl Host for State {}

impl HostFolder for State {
    async fn list(&mut self, folder: Resource<Folder>) -> Result<Vec<files::FileEntry>, HostError> {
        self.source_calls.begin()?;
        let folder = self.table.get(&folder)?;
        self.waits_for_source = true;
        let answer = folder.list().await;
        self.waits_for_source = false;
        let entries = answer?.into_iter().map(|entry| files::FileEntry {
            path: entry.path,
            size: entry.size,
        });
        Ok(entries.collect())
    }

    async fn open(
        &mut self,
        folder: Resource<Folder>,
        path: String,
    ) -> Result<Resource<File>, HostError> {
        self.source_calls.begin()?;
        let folder = self.table.get(&folder)?;
        self.waits_for_source = true;
        let answer = folder.open(&path).await;
        self.waits_for_source = false;
        Ok(self.table.push(answer?)?)
    }

    fn drop(&mut self, folder: Resource<Folder>) -> wasmtime::Result<()> {
        self.table.delete(folder)?;
        Ok(())
    }
}

impl HostFile for State {
    async fn size(&mut self, file: Resource<File>) -> Result<u64, HostError> {
        self.source_calls.begin()?;
        let file = self.table.get(&file)?;
        self.waits_for_source = true;
        let answer = file.size().await;
        self.waits_for_source = false;
        Ok(answer?)
    }

    async fn read(
        &mut self,
        file: Resource<File>,
        offset: u64,
        len: u32,
    ) -> Result<Vec<u8>, HostError> {
        self.source_calls.begin()?;
        let file = self.table.get(&file)?;
        self.waits_for_source = true;
        let answer = file.read(offset, len).await;
        self.waits_for_source = false;
        Ok(answer?)
    }

    fn drop(&mut self, file: Resource<File>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}
