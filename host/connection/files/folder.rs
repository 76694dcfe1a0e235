//! The lent folder and its open files. The system's calls block, so they run on threads that may, one after another for
//! each caller; a call that takes longer than the connection's `statement_timeout_ms` is answered by an error.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, open, openat, statat};
use rustix::io::Errno;
use tokio::sync::OwnedSemaphorePermit;

use super::super::session::Session;
use super::dsn::Dsn;
use super::path::{not_a_file, parts, refused};
use super::walk::{FileEntry, files_below, open_folder};
use crate::model::source::{ErrorKind, SourceError};

/// A guest holds what it reads in its own, small memory.
const MAX_READ_BYTES: u32 = 1024 * 1024;

/// A folder that may be read. Cheap to clone; the place under `max_sessions` is free again when the last clone, the last
/// of its files, and the last call that still waits for the system are gone.
#[derive(Clone)]
pub struct Folder {
    open: Arc<Open>,
    timeout: Duration,
}

struct Open {
    folder: OwnedFd,
    _place: OwnedSemaphorePermit,
}

/// An open file: the same one, whatever takes its name meanwhile.
pub struct File {
    content: Arc<Content>,
    timeout: Duration,
}

struct Content {
    file: std::fs::File,
    path: String,
    _folder: Arc<Open>,
}

/// Opens the folder. The permit is given back with it.
///
/// # Errors
/// A sentence that does not say where the folder is.
pub async fn connect(
    dsn: Dsn,
    timeout: Duration,
    permit: OwnedSemaphorePermit,
) -> Result<Session, SourceError> {
    let opened = in_time(timeout, move || {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = open(&dsn.folder, flags, Mode::empty()).map_err(|error| refused("", error))?;
        Ok(Open {
            folder,
            _place: permit,
        })
    });
    let open = Arc::new(opened.await?);
    Ok(Session::of_folder(Folder { open, timeout }, timeout))
}

impl Folder {
    /// Every file below the folder, ordered by the bytes of its path.
    ///
    /// # Errors
    /// What cannot be read, or is too much.
    pub async fn list(&self) -> Result<Vec<FileEntry>, SourceError> {
        let open = Arc::clone(&self.open);
        in_time(self.timeout, move || files_below(open.folder.as_fd())).await
    }

    /// Opens a regular file below the folder.
    ///
    /// # Errors
    /// `NotFound`, `PermissionDenied`, or `Unsupported` for anything else than a regular file.
    pub async fn open(&self, path: &str) -> Result<File, SourceError> {
        let (open, path) = (Arc::clone(&self.open), path.to_owned());
        let content = in_time(self.timeout, move || Content::open(open, path)).await?;
        Ok(File {
            content: Arc::new(content),
            timeout: self.timeout,
        })
    }
}

impl File {
    /// In bytes, as of now.
    ///
    /// # Errors
    /// The system's, with the path below the folder.
    pub async fn size(&self) -> Result<u64, SourceError> {
        let content = Arc::clone(&self.content);
        let size = move || {
            let found = content.file.metadata();
            Ok(found.map_err(|error| content.refused(&error))?.len())
        };
        in_time(self.timeout, size).await
    }

    /// Fewer bytes than asked for only at the end of the file.
    ///
    /// # Errors
    /// `LimitExceeded` for more than 1 MiB.
    pub async fn read(&self, offset: u64, len: u32) -> Result<Vec<u8>, SourceError> {
        if len > MAX_READ_BYTES {
            let message = format!("at most {MAX_READ_BYTES} bytes of a file are read at once");
            return Err(SourceError::new(ErrorKind::LimitExceeded, message));
        }
        let content = Arc::clone(&self.content);
        in_time(self.timeout, move || content.read(offset, len as usize)).await
    }
}

impl Content {
    /// From folder to folder, so that no part of the path is followed elsewhere.
    fn open(open: Arc<Open>, path: String) -> Result<Self, SourceError> {
        let parts = parts(&path)?;
        let (name, above) = parts.split_last().expect("a split has a part");
        let refuse = |error| refused(&path, error);
        let mut inner: Option<OwnedFd> = None;
        for part in above {
            let folder = inner.as_ref().unwrap_or(&open.folder).as_fd();
            inner = Some(open_folder(folder, part).map_err(refuse)?);
        }
        let folder = inner.as_ref().unwrap_or(&open.folder).as_fd();
        // Looked at before it is opened: opening a device may do something.
        let found = statat(folder, *name, AtFlags::SYMLINK_NOFOLLOW).map_err(refuse)?;
        match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => {}
            FileType::Symlink => return Err(refuse(Errno::LOOP)),
            _ => return Err(not_a_file(&path)),
        }
        // And after: something else may have its name by now, and a pipe without a writer would be waited for.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(folder, *name, flags, Mode::empty()).map_err(refuse)?;
        let found = fstat(&file).map_err(refuse)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(not_a_file(&path));
        }
        Ok(Self {
            file: file.into(),
            path,
            _folder: open,
        })
    }

    fn read(&self, offset: u64, len: usize) -> Result<Vec<u8>, SourceError> {
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while filled < len {
            match self
                .file
                .read_at(&mut bytes[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.refused(&error)),
            }
        }
        bytes.truncate(filled);
        Ok(bytes)
    }

    fn refused(&self, error: &std::io::Error) -> SourceError {
        refused(&self.path, Errno::from_io_error(error).unwrap_or(Errno::IO))
    }
}

/// Work that blocks. When it takes too long, or nobody waits any more, it comes to its end unheard.
async fn in_time<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    match tokio::time::timeout(timeout, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => {
            let message = "a call to the file system ended without an answer";
            Err(SourceError::new(ErrorKind::Other, message))
        }
        Err(_) => {
            let message = format!(
                "the file system did not answer within {} ms; the connection's statement_timeout_ms allows no more",
                timeout.as_millis()
            );
            Err(SourceError::new(ErrorKind::Timeout, message))
        }
    }
}
