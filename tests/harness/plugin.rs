//! Plugins that are not built in, in a folder of their own.

use tempfile::TempDir;

use super::guest::built;

/// A plugins folder with this one.
pub fn folder_of(package: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(format!("{package}.wasm"));
    std::fs::copy(built(package), file).expect("writable");
    folder
}
