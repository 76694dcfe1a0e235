//! A lent folder against the real file system.

use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::{Dsn, Folder, connect};
use crate::connection::Session;
use crate::model::source::{ErrorKind, SourceError};

const IN_TIME: Duration = Duration::from_secs(60);

/// A folder with these files, each holding its own name.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file).unwrap();
    }
    folder
}

async fn session(folder: &Path, places: &Arc<Semaphore>) -> Result<Session, SourceError> {
    let dsn = Dsn::parse(folder.to_str().unwrap(), Path::new("/")).unwrap();
    let place = Arc::clone(places).acquire_owned().await.unwrap();
    connect(dsn, IN_TIME, place).await
}

async fn lent(folder: &Path) -> Folder {
    let session = session(folder, &Arc::new(Semaphore::new(1))).await.unwrap();
    session.files().unwrap()
}

async fn paths(folder: &Path) -> Vec<String> {
    let entries = lent(folder).await.list().await.unwrap();
    entries.into_iter().map(|entry| entry.path).collect()
}

async fn no_file(folder: &Path, path: &str) -> SourceError {
    let Err(error) = lent(folder).await.open(path).await else {
        panic!("{path:?} was opened")
    };
    assert!(!error.message.contains(folder.to_str().unwrap()), "{error}");
    error
}

#[tokio::test]
async fn files_are_listed_in_the_order_of_their_bytes() {
    let folder = folder(&["b.csv", "a/2.csv", "a/1.csv", "a.csv", "Z.csv", "ä.csv"]);
    assert_eq!(
        paths(folder.path()).await,
        ["Z.csv", "a.csv", "a/1.csv", "a/2.csv", "b.csv", "ä.csv"]
    );
    let entries = lent(folder.path()).await.list().await.unwrap();
    assert_eq!(entries[2].size, "a/1.csv".len() as u64);
}

#[tokio::test]
async fn only_regular_files_with_plain_names_are_listed() {
    let folder = folder(&["a.csv", ".hidden.csv", ".git/config", "inner/b.csv"]);
    let inside = |name: &str| folder.path().join(name);
    symlink(inside("a.csv"), inside("link.csv")).unwrap();
    symlink("/etc", inside("etc")).unwrap();
    let _socket = UnixListener::bind(inside("socket")).unwrap();
    pipe(&inside("pipe"));
    assert_eq!(paths(folder.path()).await, ["a.csv", "inner/b.csv"]);
}

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[tokio::test]
async fn nothing_else_can_be_named() {
    let folder = folder(&["inner/a.csv", ".hidden"]);
    for path in [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../a",
        "inner/../inner/a.csv",
        "./inner/a.csv",
        "inner//a.csv",
        "inner/",
        "inner/a.csv/",
        "a\0b",
        ".hidden",
        &"x".repeat(5_000),
    ] {
        let error = no_file(folder.path(), path).await;
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{path:?}: {error}");
    }
    assert_eq!(
        no_file(folder.path(), "b.csv").await.kind,
        ErrorKind::NotFound
    );
    assert_eq!(
        no_file(folder.path(), "inner/a.csv/x").await.kind,
        ErrorKind::NotFound
    );
}

#[tokio::test]
async fn links_are_not_followed() {
    let outside = folder(&["secret.csv"]);
    let folder = folder(&["a.csv"]);
    symlink(outside.path(), folder.path().join("out")).unwrap();
    symlink(
        outside.path().join("secret.csv"),
        folder.path().join("b.csv"),
    )
    .unwrap();
    for path in ["out/secret.csv", "b.csv"] {
        let error = no_file(folder.path(), path).await;
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(error.message.contains("symbolic links"), "{error}");
        assert!(!error.message.contains(outside.path().to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_pipe_or_a_folder_is_no_file_and_holds_nobody_up() {
    let folder = folder(&["inner/a.csv"]);
    pipe(&folder.path().join("pipe.csv"));
    for path in ["pipe.csv", "inner"] {
        let error = no_file(folder.path(), path).await;
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    }
}

#[tokio::test]
async fn ranges_are_whole_up_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| at as u8).collect();
    fs::write(folder.path().join("a"), &content).unwrap();
    let file = lent(folder.path()).await.open("a").await.unwrap();
    assert_eq!(file.size().await.unwrap(), 3_000_000);
    let most = 1024 * 1024;
    assert_eq!(
        file.read(5, most).await.unwrap(),
        content[5..5 + most as usize]
    );
    assert_eq!(
        file.read(2_999_990, most).await.unwrap(),
        content[2_999_990..]
    );
    assert!(file.read(3_000_000, 1).await.unwrap().is_empty());
    assert!(file.read(u64::MAX, 0).await.unwrap().is_empty());
    let error = file.read(0, most + 1).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    // Beyond what the system can count: an error, not a panic.
    assert!(file.read(u64::MAX, 1).await.is_err());
}

#[tokio::test]
async fn an_open_file_stays_itself_and_may_grow() {
    let folder = folder(&["a"]);
    let path = folder.path().join("a");
    let file = lent(folder.path()).await.open("a").await.unwrap();
    let mut writer = fs::OpenOptions::new().append(true).open(&path).unwrap();
    writer.write_all(b" grew").unwrap();
    fs::rename(&path, folder.path().join("old")).unwrap();
    fs::write(&path, "other").unwrap();
    assert_eq!(file.read(0, 100).await.unwrap(), b"a grew");
    assert_eq!(file.size().await.unwrap(), 6);
}

#[tokio::test]
async fn a_name_that_is_not_utf8_is_said() {
    let folder = folder(&["inner/a.csv"]);
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.csv");
    fs::write(folder.path().join("inner").join(name), "").unwrap();
    let error = lent(folder.path()).await.list().await.unwrap_err();
    assert!(error.message.contains("caf\\xe9.csv"), "{error}");
    assert!(error.message.contains("\"inner\""), "{error}");
}

#[tokio::test]
async fn too_many_folders_within_folders_are_said() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(["d"; 40].join("/"))).unwrap();
    let error = lent(folder.path()).await.list().await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded, "{error}");
}

#[tokio::test]
async fn a_missing_folder_is_said_without_its_place() {
    let folder = folder(&["canary.csv"]);
    for wrong in ["nowhere", "canary.csv"] {
        let wrong = folder.path().join(wrong);
        let Err(error) = session(&wrong, &Arc::new(Semaphore::new(1))).await else {
            panic!("{} was opened", wrong.display())
        };
        assert_eq!(error.kind, ErrorKind::NotFound);
        assert!(!error.message.contains("canary"), "{error}");
        assert!(!error.message.contains('/'), "{error}");
    }
}

#[tokio::test]
async fn a_folder_answers_no_statements() {
    let folder = folder(&["a.csv"]);
    let mut session = session(folder.path(), &Arc::new(Semaphore::new(1)))
        .await
        .unwrap();
    assert_eq!(session.kind(), "files");
    for _ in 0..2 {
        let error = session.query("select 1", &[]).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unsupported, "{error}");
    }
    assert!(session.files().is_ok());
}

#[tokio::test]
async fn the_place_is_free_when_the_last_file_is_closed() {
    let folder = folder(&["a.csv"]);
    let places = Arc::new(Semaphore::new(1));
    let session = session(folder.path(), &places).await.unwrap();
    let file = session.files().unwrap().open("a.csv").await.unwrap();
    drop(session);
    assert_eq!(places.available_permits(), 0);
    drop(file);
    assert_eq!(places.available_permits(), 1);
}
