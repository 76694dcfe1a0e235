//! Compiles a plugin crate to a WebAssembly component with whichever toolchain this machine has.
//! Used by `build.rs` and by the tests; never needs a network when the crates are there.
//! The nested cargo sees a clean environment and its own target folder, so that check, clippy, test and release
//! of the host share one build of each plugin.

mod command;
mod rustup;
mod toolchain;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

use toolchain::Toolchain;

/// Why there is no component. `Display` is a sentence for whoever runs the build.
#[derive(Debug)]
pub enum BuildError {
    /// What to install.
    NoToolchain(String),
    /// The compiler refused the plugin; it has said why on stderr.
    Compile { package: String, status: String },
    /// The module is no component: it does not follow the contract.
    Encode { package: String, reason: String },
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
}

impl std::fmt::Display for BuildError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoToolchain(advice) => f.write_str(advice),
            Self::Compile { package, status } => {
                write!(
                    f,
                    "the plugin {package} did not compile ({status}); the compiler's words are above"
                )
            }
            Self::Encode { package, reason } => {
                write!(
                    f,
                    "the plugin {package} compiled, but is not a component: {reason}"
                )
            }
            Self::Io { path, source } => write!(f, "cannot use {}: {source}", path.display()),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Builds one package of a workspace with its profile `plugin` and answers where the component is.
/// Everything is written below `target_dir`. Cargo decides what is fresh; encoding takes milliseconds.
///
/// # Errors
/// No toolchain, a compile error, or a module that does not follow the contract.
pub fn build_component(
    package: &str,
    workspace: &Path,
    target_dir: &Path,
) -> Result<PathBuf, BuildError> {
    // Two checkouts may share a target folder, and cargo, which compares time stamps, takes the
    // plugins of the one for those of the other.
    let folder = target_dir.join(format!("{:016x}", hash_of(workspace)));
    fs::create_dir_all(&folder).map_err(io(&folder))?;
    // Cargo's own lock ends before the module is read.
    let lock_path = folder.join("plugin-build.lock");
    let lock = File::create(&lock_path).map_err(io(&lock_path))?;
    lock.lock().map_err(io(&lock_path))?;

    let toolchain = Toolchain::find(target_dir)?;
    let mut build = toolchain.build(package, workspace, &folder);
    let status = build.status().map_err(io(Path::new("cargo")))?;
    if !status.success() {
        return Err(BuildError::Compile {
            package: package.into(),
            status: status.to_string(),
        });
    }
    let file_name = format!("{}.wasm", package.replace('-', "_"));
    let module_path = folder
        .join(toolchain::TARGET)
        .join("plugin")
        .join(file_name);
    let module = fs::read(&module_path).map_err(io(&module_path))?;
    let component = encode(&module).map_err(|reason| BuildError::Encode {
        package: package.into(),
        reason,
    })?;
    let component_path = folder.join(format!("{package}.wasm"));
    write_if_changed(&component_path, &component).map_err(io(&component_path))?;
    Ok(component_path)
}

/// Unchanged bytes keep their time stamp: nothing that embeds them is built again.
fn write_if_changed(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, bytes)?;
    fs::rename(&unfinished, path)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io { path, source }
}

/// A core module with the type information of `wit-bindgen` becomes a component.
fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder
        .validate(true)
        .module(module)
        .map_err(|error| format!("{error:#}"))?;
    encoder.encode().map_err(|error| format!("{error:#}"))
}

fn hash_of(workspace: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    workspace.hash(&mut hasher);
    hasher.finish()
}
