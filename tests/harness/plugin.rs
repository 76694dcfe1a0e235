//! Plugins that are not built in, in a folder of their own.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// The component of a package, built if it is not.
pub fn component(package: &str) -> PathBuf {
    // Where cargo runs tests. Another checkout may have compiled this, into a shared target folder.
    let workspace = &std::env::current_dir().expect("there is one");
    let target_dir = Path::new(env!("PLUGIN_TARGET_DIR"));
    plugin_build::build_component(package, workspace, target_dir).expect("it compiles")
}

/// A plugins folder with this one.
pub fn folder_of(package: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join(format!("{package}.wasm"));
    std::fs::copy(component(package), file).expect("writable");
    folder
}
