//! Who may import whom: the arrows of host/ARCHITECTURE.md, checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules of host/ and what each may import besides `model`. `app` and `cli` may import all.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &[]),
    ("telemetry", &["config"]),
    ("clock", &[]),
    ("cluster", &[]),
    ("connection", &[]),
    ("pacing", &[]),
    ("kb", &[]),
    ("store", &["clock"]),
    ("schedule", &["store"]),
    ("plugin", &["connection"]),
    ("conformance", &["connection", "plugin"]),
    (
        "extract",
        &["connection", "plugin", "pacing", "kb", "store"],
    ),
    ("dispatch", &["extract", "store"]),
    ("api", &["connection", "kb", "plugin", "store"]),
];

#[test]
fn modules_import_only_what_the_architecture_allows() {
    let host = Path::new("host");
    let mut checked = 0;
    for (module, allowed) in MAY_IMPORT {
        for file in files_of(host, module) {
            let imported = imports(&fs::read_to_string(&file).expect("readable"));
            let wrong: Vec<_> = imported
                .iter()
                .filter(|name| {
                    *name != module && *name != "model" && !allowed.contains(&name.as_str())
                })
                .collect();
            assert!(wrong.is_empty(), "{} imports {wrong:?}", file.display());
            checked += 1;
        }
    }
    assert!(checked > 60, "only {checked} files were found");
}

#[test]
fn every_module_has_its_rule() {
    let lib = fs::read_to_string("host/lib.rs").expect("readable");
    let declared = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in declared.filter(|module| !matches!(*module, "app" | "cli")) {
        assert!(
            MAY_IMPORT.iter().any(|(name, _)| *name == module),
            "no rule for {module}"
        );
    }
}

/// The files of a module, without its tests.
fn files_of(host: &Path, module: &str) -> Vec<PathBuf> {
    let mut pending = vec![host.join(format!("{module}.rs")), host.join(module)];
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
            .to_owned();
        if path.is_dir() && name != "tests" {
            pending.extend(
                fs::read_dir(&path)
                    .expect("readable")
                    .map(|entry| entry.expect("readable").path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.exists()
            && !name.ends_with("tests")
        {
            files.push(path);
        }
    }
    files
}

/// The top modules that a file names in code, tests at its end left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .filter(|name: &String| {
            MAY_IMPORT.iter().any(|(module, _)| module == name)
                || matches!(name.as_str(), "app" | "cli")
        })
        .collect()
}
