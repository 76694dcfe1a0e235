//! A DSN → a session with our settings.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::OwnedSemaphorePermit;

use super::super::link::Link as AnyLink;
use super::super::session::Session;
use super::dsn::Dsn;
use super::link::Link;
use super::watch::Watch;
use super::{classify, guard};
use crate::model::source::{ErrorKind, SourceError};

/// A writer that commits holds readers off for milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(5);
/// Instructions between two looks at the watch: well below a millisecond.
const LOOK_EVERY: i32 = 1_000;
/// Of the file: its first bytes, and where it says how it is written to.
const MAGIC: &[u8] = b"SQLite format 3\0";
const WRITE_VERSION: usize = 18;
const WAL: u8 = 2;

/// Opens the file. The permit is given back with it.
///
/// # Errors
/// A sentence that does not say where the file is.
pub async fn connect(
    dsn: Dsn,
    timeout: Duration,
    permit: OwnedSemaphorePermit,
) -> Result<Session, SourceError> {
    let watch = Arc::new(Watch::default());
    watch.allow(timeout);
    let watched = Arc::clone(&watch);
    // The permit goes along: a file system that does not answer keeps the place.
    let opening = tokio::task::spawn_blocking(move || {
        open(&dsn.file, watched, timeout).map(|connection| (connection, permit))
    });
    let (connection, permit) = match tokio::time::timeout(timeout, opening).await {
        Ok(Ok(opened)) => opened?,
        Ok(Err(_)) => return Err(classify::lost()),
        Err(_) => return Err(classify::too_long()),
    };
    let version = format!("SQLite {}", rusqlite::version());
    let link = AnyLink::Sqlite(Box::new(Link::new(connection, permit, watch)));
    Ok(Session::new(link, version, None, timeout))
}

fn open(file: &Path, watch: Arc<Watch>, timeout: Duration) -> Result<Connection, SourceError> {
    let writes_ahead = look(file)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(file, flags).and_then(|connection| {
        connection.busy_timeout(BUSY_WAIT.min(timeout))?;
        connection.progress_handler(LOOK_EVERY, Some(move || watch.is_over()))?;
        // Before the guard, which lets nothing of this kind through; and the first look into the file.
        connection.query_row("select count(*) from sqlite_schema", [], |_| Ok(()))?;
        guard::set(&connection)?;
        Ok(connection)
    });
    opened.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) if writes_ahead => write_ahead_log(),
        _ => classify::error(&error),
    })
}

/// Whether the file is a database, and whether it is written by way of a log.
fn look(path: &Path) -> Result<bool, SourceError> {
    let refused = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            SourceError::new(ErrorKind::NotFound, "the database file is not there")
        }
        std::io::ErrorKind::PermissionDenied => {
            let message = "this host may not read the database file: let its user read it";
            SourceError::new(ErrorKind::PermissionDenied, message)
        }
        kind => {
            let message = format!("the database file cannot be read: {kind}");
            SourceError::new(ErrorKind::Unavailable, message)
        }
    };
    // A pipe would be waited for.
    if !std::fs::metadata(path).map_err(refused)?.is_file() {
        let message = "the database file is not a regular file";
        return Err(SourceError::new(ErrorKind::InvalidRequest, message));
    }
    let mut head = Vec::new();
    let file = std::fs::File::open(path).map_err(refused)?;
    file.take(100).read_to_end(&mut head).map_err(refused)?;
    if !head.is_empty() && !head.starts_with(MAGIC) {
        return Err(classify::no_database());
    }
    Ok(head.get(WRITE_VERSION) == Some(&WAL))
}

/// Such a file cannot be read without a file beside it, in which readers and writers meet.
fn write_ahead_log() -> SourceError {
    let message = "the database is in WAL mode, and this host cannot use the -shm file beside it: let the host's user write to the \
                   folder, or read a copy made by `vacuum into`, or leave that mode with `pragma journal_mode = delete`";
    SourceError::new(ErrorKind::PermissionDenied, message)
}
