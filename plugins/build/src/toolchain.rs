//! Chooses the compiler for WebAssembly: rustup's target, else rustup's target after adding it, else
//! Debian's `rustc-web` with the standard library built from source.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{BuildError, command, rustup};

/// What plugins are compiled for. No WASI: a plugin imports only the contract.
pub const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";

const ADVICE: &str = "no compiler for WebAssembly plugins was found: run `rustup target add wasm32-unknown-unknown`, \
     or on Debian `apt-get install rustc-web cargo-web rust-web-src lld-22`, and build again";

/// How to compile for WebAssembly here.
#[derive(Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active compiler has the target.
    Installed { cargo: String },
    /// Debian's compiler, which needs the standard library built and a linker lent.
    Debian { linker: PathBuf },
}

/// How a plugin is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// That of our own workspace, with exactly the crates that its lock file names.
    Plugin,
    /// That of any other, whose author may be about to change them.
    Release,
}

impl Profile {
    pub fn name(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Release => "release",
        }
    }
}

impl Toolchain {
    /// # Errors
    /// One sentence that says what to install.
    pub fn find(target_dir: &Path) -> Result<Self, BuildError> {
        // The compiler that runs this build, when a cargo runs it.
        let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
        let sysroot = command::first_line(&rustc, &["--print", "sysroot"]).map(PathBuf::from);
        let installed = || Self::Installed {
            cargo: env::var("CARGO").unwrap_or_else(|_| "cargo".into()),
        };
        if let Some(sysroot) = &sysroot {
            if has_target(sysroot) {
                return Ok(installed());
            }
            // Only a sysroot of rustup's can gain the target.
            if is_of_rustup(sysroot) && rustup::add_target(target_dir) && has_target(sysroot) {
                return Ok(installed());
            }
        }
        Self::debian(sysroot.as_deref()).ok_or_else(|| BuildError::NoToolchain(ADVICE.into()))
    }

    /// Debian's compiler, if it and its library's source are there, with any linker for WebAssembly.
    pub(crate) fn debian(rustup_sysroot: Option<&Path>) -> Option<Self> {
        let sysroot = PathBuf::from(command::first_line(DEBIAN_RUSTC, &["--print", "sysroot"])?);
        let library = sysroot.join("lib/rustlib/src/rust/library/Cargo.lock");
        if !library.is_file() || !Path::new(DEBIAN_CARGO).is_file() {
            return None;
        }
        let lent = rustup_sysroot
            .and_then(rust_lld)
            .or_else(|| rust_lld(&sysroot));
        let linker = lent.or_else(|| {
            ["rust-lld", "wasm-ld", "lld"]
                .iter()
                .find_map(|name| on_path(name))
        })?;
        Some(Self::Debian { linker })
    }

    /// The command that builds one package; only its stderr speaks.
    pub fn build(
        &self,
        package: &str,
        workspace: &Path,
        target_dir: &Path,
        profile: Profile,
    ) -> Command {
        let mut command = match self {
            Self::Installed { cargo } => command::clean(cargo),
            Self::Debian { linker } => {
                let mut command = command::clean(DEBIAN_CARGO);
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    // `-Z` on a stable compiler; the flag has been the same for years.
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command
            }
        };
        command.current_dir(workspace);
        command.args([
            "build",
            "--profile",
            profile.name(),
            "--target",
            TARGET,
            "--package",
            package,
            "--lib",
        ]);
        command.arg("--target-dir").arg(target_dir);
        if profile == Profile::Plugin && workspace.join("Cargo.lock").is_file() {
            command.arg("--locked");
        }
        if matches!(self, Self::Debian { .. }) {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }
}

fn has_target(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir()
}

fn is_of_rustup(sysroot: &Path) -> bool {
    sysroot
        .parent()
        .is_some_and(|folder| folder.ends_with("toolchains"))
}

/// The linker that rustup ships with every toolchain.
fn rust_lld(sysroot: &Path) -> Option<PathBuf> {
    let hosts = sysroot.join("lib/rustlib").read_dir().ok()?;
    hosts
        .flatten()
        .map(|host| host.path().join("bin/rust-lld"))
        .find(|path| path.is_file())
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
