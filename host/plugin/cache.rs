//! Compiled components in a private folder. A file is machine code that will run unchecked, so it is used only
//! if its authentication code is right: a corrupted one that was not checked ran, a truncated one that was
//! mapped killed the process. Files are read whole, checked in memory, and replaced by rename.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use wasmtime::Engine;
use wasmtime::component::Component;

const KEY_FILE: &str = "key";
const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;
const EXTENSION: &str = "cwasm";
/// More than anybody has plugins, and few for who builds one again and again under a running host.
const MAX_FILES: usize = 64;

/// A folder of compiled components that only this user can read.
pub struct Cache {
    folder: PathBuf,
    key: [u8; KEY_BYTES],
}

impl Cache {
    /// Makes the folder and its key when they are missing.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let key_path = folder.join(KEY_FILE);
        let key = match read_key(&key_path)? {
            Some(key) => key,
            None => make_key(&key_path)?,
        };
        Ok(Self {
            folder: folder.to_owned(),
            key,
        })
    }

    /// The compiled component, if it is there and ours.
    pub fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let name = file_name(engine, digest);
        let file = fs::read(self.folder.join(&name)).ok()?;
        let (code, compiled) = file.split_at_checked(MAC_BYTES)?;
        self.mac(&name, compiled).verify_slice(code).ok()?;
        // SAFETY: these are the bytes that `store` wrote for this engine and this component: nobody without
        // the key could make their authentication code, and they are no longer in reach of the file system.
        unsafe { Component::deserialize(engine, compiled) }.ok()
    }

    /// Keeps a compiled component for the next start.
    pub fn store(&self, engine: &Engine, digest: &str, component: &Component) -> io::Result<()> {
        let name = file_name(engine, digest);
        let compiled = component.serialize().map_err(io::Error::other)?;
        let code = self.mac(&name, &compiled).finalize().into_bytes();
        // A name of its own: two hosts may share the folder.
        let unfinished = self
            .folder
            .join(format!(".{name}.{}", uuid::Uuid::now_v7().simple()));
        let mut file = private_file(&unfinished)?;
        file.write_all(&code)?;
        file.write_all(&compiled)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.folder.join(&name))?;
        self.forget_the_oldest()
    }

    /// One that is still used is compiled once more, at the next start.
    fn forget_the_oldest(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == EXTENSION)
            {
                files.push((fs::metadata(&path)?.modified()?, path));
            }
        }
        files.sort();
        let many = files.len().saturating_sub(MAX_FILES);
        for (_, oldest) in files.into_iter().take(many) {
            fs::remove_file(oldest)?;
        }
        Ok(())
    }

    /// Over the name as well: a valid file under another name is another component, or for another engine.
    fn mac(&self, name: &str, compiled: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(name.as_bytes());
        mac.update(&[0]);
        mac.update(compiled);
        mac
    }
}

fn file_name(engine: &Engine, digest: &str) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    format!("{digest}-{:016x}.{EXTENSION}", hasher.finish())
}

/// None if there is no key or not a whole one.
fn read_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(bytes.try_into().ok())
}

fn make_key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    let key: [u8; KEY_BYTES] = rand::random();
    let unfinished = path.with_extension(uuid::Uuid::now_v7().simple().to_string());
    let mut file = private_file(&unfinished)?;
    file.write_all(&key)?;
    file.sync_all()?;
    // Two hosts may do so at once. The last key stays, and what the other wrote is compiled again.
    fs::rename(&unfinished, path)?;
    Ok(key)
}

fn private_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}
