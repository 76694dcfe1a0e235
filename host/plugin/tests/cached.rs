//! Compiled files are machine code: only ours run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::cache::Cache;
use super::*;

/// The one compiled file of a cache.
fn compiled_file(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut compiled = files.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == "cwasm")
    });
    let file = compiled.next().unwrap();
    assert!(compiled.next().is_none());
    file
}

fn filled() -> (tempfile::TempDir, Cache, String) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::open(&folder.path().join("cache")).unwrap();
    gate::compile(runtime(), Some(&cache), component()).unwrap();
    (folder, cache, gate::digest(component()))
}

#[test]
fn a_compiled_component_is_found_again() {
    let (folder, cache, digest) = filled();
    assert!(cache.load(&runtime().engine, &digest).is_some());
    let reopened = Cache::open(&folder.path().join("cache")).unwrap();
    assert!(reopened.load(&runtime().engine, &digest).is_some());
    assert!(cache.load(&runtime().engine, &"0".repeat(64)).is_none());
}

#[test]
fn only_the_owner_reads_the_folder() {
    let (folder, _, _) = filled();
    let folder = folder.path().join("cache");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("key")), 0o600);
    assert_eq!(mode(&compiled_file(&folder)), 0o600);
}

#[test]
fn a_changed_file_is_compiled_again_and_not_run() {
    let (folder, cache, digest) = filled();
    let path = compiled_file(&folder.path().join("cache"));
    let good = fs::read(&path).unwrap();
    for at in [0, 31, 32, good.len() / 2, good.len() - 1] {
        let mut flipped = good.clone();
        flipped[at] ^= 1;
        fs::write(&path, &flipped).unwrap();
        assert!(
            cache.load(&runtime().engine, &digest).is_none(),
            "byte {at}"
        );
    }
    for len in [0, 16, 32, good.len() / 2] {
        fs::write(&path, &good[..len]).unwrap();
        assert!(
            cache.load(&runtime().engine, &digest).is_none(),
            "{len} bytes"
        );
    }
    gate::compile(runtime(), Some(&cache), component()).unwrap();
    assert!(cache.load(&runtime().engine, &digest).is_some());
}

#[test]
fn a_file_under_another_name_or_key_is_not_ours() {
    let (folder, cache, digest) = filled();
    let cache_folder = folder.path().join("cache");
    let path = compiled_file(&cache_folder);
    let other = "1".repeat(64);
    let name = path
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .replace(&digest, &other);
    fs::copy(&path, cache_folder.join(name)).unwrap();
    assert!(cache.load(&runtime().engine, &other).is_none());
    fs::remove_file(cache_folder.join("key")).unwrap();
    let with_new_key = Cache::open(&cache_folder).unwrap();
    assert!(with_new_key.load(&runtime().engine, &digest).is_none());
}

#[test]
fn the_oldest_make_room_for_new_ones() {
    let (folder, cache, digest) = filled();
    let cache_folder = folder.path().join("cache");
    for number in 0..100 {
        fs::write(cache_folder.join(format!("{number}.cwasm")), "later").unwrap();
    }
    let component = gate::component(runtime(), component()).unwrap();
    cache
        .store(&runtime().engine, &"2".repeat(64), &component)
        .unwrap();
    let names = fs::read_dir(&cache_folder).unwrap();
    assert_eq!(names.count(), 64 + 1, "and the key");
    assert!(cache.load(&runtime().engine, &digest).is_none());
    assert!(cache.load(&runtime().engine, &"2".repeat(64)).is_some());
}
