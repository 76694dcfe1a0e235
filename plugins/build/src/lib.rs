//! Compiles a plugin crate to a WebAssembly component with whichever toolchain this machine has.
//! Used by `build.rs` and by the tests; never needs a network when the crates are there.
//! The nested cargo sees a clean environment and its own target folder, so that check, clippy, test and release
//! of the host share one build of each plugin.

mod command;
mod rustup;
mod toolchain;

use std::env;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use wit_component::ComponentEncoder;

use toolchain::{Profile, Toolchain};

/// Why there is no component. `Display` is a sentence for whoever runs the build.
#[derive(Debug)]
pub enum BuildError {
    /// What to install.
    NoToolchain(String),
    /// The compiler refused the plugin; it has said why on stderr.
    Compile { package: String, status: String },
    /// The manifest that names none.
    NoPackage(PathBuf),
    /// It compiled to something else than a library for WebAssembly.
    NoModule(String),
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
            Self::NoPackage(manifest) => write!(
                f,
                "{} is the manifest of no package: name the folder of a plugin, as `sluice plugin new` makes it",
                manifest.display()
            ),
            Self::NoModule(package) => write!(
                f,
                "the plugin {package} compiled to no WebAssembly module: its Cargo.toml has to say \
                 crate-type = [\"cdylib\"] under [lib], and no other name there"
            ),
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

    let profile = Profile::Plugin;
    let module = compile(package, workspace, target_dir, &folder, profile)?;
    let component_path = folder.join(format!("{package}.wasm"));
    write_component(package, &module, &component_path)?;
    Ok(component_path)
}

/// Builds the one package of a folder of its own with its profile `release`, into `target/` there or into the folder
/// that `CARGO_TARGET_DIR` names, and answers where the component is.
///
/// # Errors
/// As [`build_component`], and a folder without a package.
pub fn build_folder(folder: &Path) -> Result<PathBuf, BuildError> {
    let folder = fs::canonicalize(folder).map_err(io(folder))?;
    let manifest_path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&manifest_path).map_err(io(&manifest_path))?;
    let Some(package) = package_name(&manifest) else {
        return Err(BuildError::NoPackage(manifest_path));
    };
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target_dir = named.unwrap_or_else(|| folder.join("target"));
    fs::create_dir_all(&target_dir).map_err(io(&target_dir))?;
    let module = compile(package, &folder, &target_dir, &target_dir, Profile::Release)?;
    let component_path = folder.join(format!("{package}.wasm"));
    write_component(package, &module, &component_path)?;
    Ok(component_path)
}

/// The core module of a package. `marks` is where it is remembered that a toolchain could not be had.
fn compile(
    package: &str,
    workspace: &Path,
    marks: &Path,
    target_dir: &Path,
    profile: Profile,
) -> Result<Vec<u8>, BuildError> {
    let toolchain = Toolchain::find(marks)?;
    let mut build = toolchain.build(package, workspace, target_dir, profile);
    let status = build.status().map_err(io(Path::new("cargo")))?;
    if !status.success() {
        return Err(BuildError::Compile {
            package: package.into(),
            status: status.to_string(),
        });
    }
    let file_name = format!("{}.wasm", package.replace('-', "_"));
    let folder = target_dir.join(toolchain::TARGET).join(profile.name());
    let module_path = folder.join(file_name);
    fs::read(&module_path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => BuildError::NoModule(package.into()),
        _ => io(&module_path)(source),
    })
}

fn write_component(package: &str, module: &[u8], path: &Path) -> Result<(), BuildError> {
    let component = encode(module).map_err(|reason| BuildError::Encode {
        package: package.into(),
        reason,
    })?;
    write_if_changed(path, &component).map_err(io(path))
}

/// The `name` of the section `[package]`.
fn package_name(manifest: &str) -> Option<&str> {
    let lines = manifest.lines().map(str::trim);
    let section = lines.skip_while(|line| *line != "[package]").skip(1);
    let mut section = section.take_while(|line| !line.starts_with('['));
    section.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?;
        (key.trim() == "name").then(|| value.split('"').next())?
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_in_its_own_section() {
        let manifest = "[workspace.package]\nname = \"no\"\n[package]\nversion = \"1\"\nname = \"lines\" # it\n[lib]\nname = \"l\"\n";
        assert_eq!(package_name(manifest), Some("lines"));
        assert_eq!(package_name("[workspace]\nmembers = []\n"), None);
        assert_eq!(package_name("[package]\n[lib]\nname = \"l\"\n"), None);
    }
}
