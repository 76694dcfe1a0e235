//! Paths below the folder, as a guest says them, and what is said when one cannot be used.

use rustix::io::Errno;

use crate::model::source::{ErrorKind, SourceError};

/// What Linux takes.
const MAX_PATH_BYTES: usize = 4096;

/// The parts of a path below the folder. None of them leads out of it or is hidden.
///
/// # Errors
/// `InvalidRequest` for any other path.
pub fn parts(path: &str) -> Result<Vec<&str>, SourceError> {
    let parts: Vec<&str> = path.split('/').collect();
    let is_plain = |part: &&str| !part.is_empty() && !is_hidden(part.as_bytes());
    if path.len() > MAX_PATH_BYTES || path.contains('\0') || !parts.iter().all(is_plain) {
        let message = "a path names a file below the folder, its parts separated by one \"/\" each, none beginning with a dot";
        return Err(SourceError::new(ErrorKind::InvalidRequest, message));
    }
    Ok(parts)
}

/// Names that begin with a dot: the folder itself, the one above, and files that are not for everybody or not whole yet.
pub fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".")
}

/// Why a file or folder cannot be used. The system's own message has no path.
pub fn refused(path: &str, error: Errno) -> SourceError {
    let what = match path {
        "" => "the folder of this connection".to_owned(),
        path => format!("\"{path}\""),
    };
    let (kind, message) = match error {
        Errno::NOENT => (ErrorKind::NotFound, format!("{what} is not there")),
        Errno::NOTDIR if path.is_empty() => (ErrorKind::NotFound, format!("{what} is a file")),
        Errno::LOOP | Errno::NOTDIR => (
            ErrorKind::NotFound,
            format!("{what} is not below the folder: symbolic links are not followed"),
        ),
        Errno::ACCESS | Errno::PERM => (
            ErrorKind::PermissionDenied,
            format!("this host may not read {what}: let its user read it"),
        ),
        error => (
            ErrorKind::Unavailable,
            format!(
                "{what} cannot be read: {}",
                std::io::Error::from(error).kind()
            ),
        ),
    };
    SourceError::new(kind, message)
}

/// Of what is there, but has no content to read: a folder, a pipe, a device.
pub fn not_a_file(path: &str) -> SourceError {
    let message = format!("\"{path}\" is not a regular file");
    SourceError::new(ErrorKind::Unsupported, message)
}
