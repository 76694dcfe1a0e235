//! Compiles the built-in plugins, and the one that the demo brings along, to components and tells the host where to embed
//! them from.

use std::collections::BTreeSet;
use std::fmt::Write;
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
    "plugins/template",
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
    if let Err(error) = embed_template(&workspace, &out_dir) {
        fail(&format!("cannot embed plugins/template: {error}"));
    }
}

/// Folders of this repository, and what they are called in the folder of a new plugin.
const TEMPLATE: &[(&str, &str)] = &[
    ("plugins/template/src", "src"),
    ("plugins/sdk/src", "vendor/sdk/src"),
    ("wit", "wit"),
];
const TEMPLATE_FILES: &[(&str, &str)] = &[
    ("plugins/template/new.toml", "Cargo.toml"),
    ("plugins/template/README.md", "README.md"),
    ("plugins/template/gitignore", ".gitignore"),
    ("plugins/sdk/Cargo.toml", "vendor/sdk/Cargo.toml"),
];

/// Writes what `sluice plugin new` writes: a list of names and texts.
fn embed_template(workspace: &Path, out_dir: &Path) -> std::io::Result<()> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (from, to) in TEMPLATE_FILES {
        files.push((workspace.join(from), (*to).to_owned()));
    }
    for (from, to) in TEMPLATE {
        let mut found = fs::read_dir(workspace.join(from))?.collect::<Result<Vec<_>, _>>()?;
        found.sort_by_key(fs::DirEntry::file_name);
        for entry in found {
            files.push((
                entry.path(),
                format!("{to}/{}", entry.file_name().to_string_lossy()),
            ));
        }
    }
    let lock = out_dir.join("template.lock");
    fs::write(
        &lock,
        locked(
            &fs::read_to_string(workspace.join("Cargo.lock"))?,
            "plugin-sdk",
        ),
    )?;
    files.push((lock, "Cargo.lock".to_owned()));
    let mut list = String::from("&[\n");
    for (from, to) in files {
        writeln!(list, "({to:?}, include_str!({from:?})),")
            .expect("writing to a string cannot fail");
    }
    list.push(']');
    fs::write(out_dir.join("template.rs"), list)
}

/// The part of a lock file that one package needs: the versions that are tested here are those of a new plugin.
fn locked(lock: &str, package: &str) -> String {
    let mut blocks = lock.split("\n[[package]]\n");
    let head = blocks.next().unwrap_or_default();
    let blocks: Vec<&str> = blocks.collect();
    let mut needed = BTreeSet::new();
    let mut pending = vec![package.to_owned()];
    while let Some(wanted) = pending.pop() {
        for (at, block) in blocks.iter().enumerate() {
            if is_package(block, &wanted) && needed.insert(at) {
                let names = block.lines().filter_map(|line| line.strip_prefix(" \""));
                pending.extend(names.filter_map(|name| Some(name.split('"').next()?.to_owned())));
            }
        }
    }
    let kept = needed
        .into_iter()
        .map(|at| format!("\n[[package]]\n{}\n", blocks[at].trim_end()));
    format!("{}\n{}", head.trim_end(), kept.collect::<String>())
}

/// `name`, or `name version` where there are several.
fn is_package(block: &str, wanted: &str) -> bool {
    let (name, version) = match wanted.split_once(' ') {
        Some((name, version)) => (name, Some(version)),
        None => (wanted, None),
    };
    let mut lines = block.lines();
    lines.next() == Some(&format!("name = \"{name}\""))
        && version.is_none_or(|version| lines.next() == Some(&format!("version = \"{version}\"")))
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
