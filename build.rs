//! Compiles the built-in plugins, and the one that the demo brings along, to components and tells the host where to embed
//! them from.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Package and the variable that names its component.
const EMBEDDED: &[(&str, &str)] = &[
    ("plugin-postgres", "EMBEDDED_PLUGIN_POSTGRES"),
    ("plugin-sql-server", "EMBEDDED_PLUGIN_SQL_SERVER"),
    ("plugin-sqlite", "EMBEDDED_PLUGIN_SQLITE"),
];

/// What the components are made of.
const SOURCES: &[&str] = &[
    "build.rs",
    "examples/sqlite-source",
    "plugins/postgres",
    "plugins/sdk",
    "plugins/sql_server",
    "plugins/build",
    "wit",
    "Cargo.lock",
    "Cargo.toml",
];

fn main() {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    let workspace = path_of("CARGO_MANIFEST_DIR");
    let out_dir = path_of("OUT_DIR");
    let target_dir = outer_target_dir(&out_dir).join("plugins");
    // Where the tests build the plugins that are not embedded.
    println!("cargo:rustc-env=PLUGIN_TARGET_DIR={}", target_dir.display());
    for (package, variable) in EMBEDDED {
        let built = plugin_build::build_component(package, &workspace, &target_dir);
        // The error goes to a person: its sentence, not its debug form.
        let component = built.unwrap_or_else(|error| fail(&error.to_string()));
        let embedded = out_dir.join(format!("{package}.wasm"));
        if let Err(error) = fs::copy(&component, &embedded) {
            fail(&format!(
                "cannot copy {} to {}: {error}",
                component.display(),
                embedded.display()
            ));
        }
        println!("cargo:rustc-env={variable}={}", embedded.display());
    }
}

fn path_of(variable: &str) -> PathBuf {
    PathBuf::from(env::var_os(variable).expect("cargo sets this for build scripts"))
}

/// The folder above `<profile>/build/…/out`, and above the triple's own when cross-compiling.
/// Cargo does not tell build scripts its target folder.
fn outer_target_dir(out_dir: &Path) -> PathBuf {
    let triple = env::var("TARGET").expect("cargo sets this for build scripts");
    let build = out_dir
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "build"));
    let above = build
        .and_then(|build| build.ancestors().nth(2))
        .unwrap_or(out_dir);
    if above.ends_with(&triple) {
        above.parent().unwrap_or(above).to_owned()
    } else {
        above.to_owned()
    }
}

fn fail(reason: &str) -> ! {
    eprintln!("{reason}");
    std::process::exit(1);
}
