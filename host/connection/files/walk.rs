//! What is below a folder. Each folder is opened from the one above it, never by its whole path: a symbolic link that
//! somebody puts in between meanwhile leads nowhere.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;

use super::path::{is_hidden, refused};
use crate::model::source::{ErrorKind, SourceError};

/// Names that are looked at, so that a listing ends.
const MAX_NAMES: usize = 100_000;
/// Folders within folders: more is a mistake.
const MAX_DEPTH: usize = 32;

/// One file below the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry {
    pub path: String,
    /// In bytes.
    pub size: u64,
}

/// Every file below the folder, ordered by the bytes of its path. Blocks.
///
/// # Errors
/// `LimitExceeded` for too many names; `PermissionDenied` for a folder that cannot be read, whose files would be missed.
pub fn files_below(folder: BorrowedFd<'_>) -> Result<Vec<FileEntry>, SourceError> {
    let mut walk = Walk {
        files: Vec::new(),
        names: 0,
    };
    walk.folder(folder, "", 0)?;
    walk.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.files)
}

/// Opens the folder of that name in another one, unless it is a symbolic link.
pub fn open_folder(folder: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(folder, name, flags, Mode::empty())
}

struct Walk {
    files: Vec<FileEntry>,
    names: usize,
}

impl Walk {
    fn folder(
        &mut self,
        folder: BorrowedFd<'_>,
        path: &str,
        depth: usize,
    ) -> Result<(), SourceError> {
        let mut entries = Dir::read_from(folder).map_err(|error| refused(path, error))?;
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(|error| refused(path, error))?;
            if is_hidden(entry.file_name().to_bytes()) {
                continue;
            }
            self.names += 1;
            if self.names > MAX_NAMES {
                return Err(too_many());
            }
            let Ok(name) = entry.file_name().to_str() else {
                return Err(not_text(path, entry.file_name().to_bytes()));
            };
            let below = match path {
                "" => name.to_owned(),
                path => format!("{path}/{name}"),
            };
            self.entry(folder, name, below, depth)?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        folder: BorrowedFd<'_>,
        name: &str,
        path: String,
        depth: usize,
    ) -> Result<(), SourceError> {
        let found = match statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => found,
            // Removed since it was listed.
            Err(Errno::NOENT) => return Ok(()),
            Err(error) => return Err(refused(&path, error)),
        };
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => self.files.push(FileEntry {
                path,
                size: u64::try_from(found.st_size).unwrap_or(0),
            }),
            FileType::Directory if depth == MAX_DEPTH => return Err(too_deep(&path)),
            FileType::Directory => match open_folder(folder, name) {
                Ok(inner) => self.folder(inner.as_fd(), &path, depth + 1)?,
                // Removed, or something else by now.
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                Err(error) => return Err(refused(&path, error)),
            },
            _ => {}
        }
        Ok(())
    }
}

fn too_many() -> SourceError {
    let message = format!(
        "the folder holds more than {MAX_NAMES} files and folders: move finished ones elsewhere, or lend the folders in it one by one"
    );
    SourceError::new(ErrorKind::LimitExceeded, message)
}

fn too_deep(path: &str) -> SourceError {
    let message = format!("\"{path}\" is more than {MAX_DEPTH} folders deep: move it up");
    SourceError::new(ErrorKind::LimitExceeded, message)
}

/// Left out it would be missed by nobody until its rows are.
fn not_text(path: &str, name: &[u8]) -> SourceError {
    let name = name.escape_ascii();
    let place = match path {
        "" => String::new(),
        path => format!(" in \"{path}\""),
    };
    let message = format!("the name \"{name}\"{place} is not UTF-8: rename it");
    SourceError::new(ErrorKind::InvalidRequest, message)
}
