//! What the load gate says to files that may not serve.

use super::super::{Registry, Standing};
use super::*;

/// The component with a text in it replaced by one of the same length.
fn with(text: &str, replacement: &str) -> Vec<u8> {
    assert_eq!(text.len(), replacement.len());
    let mut bytes = component().to_vec();
    let mut found = 0;
    for at in 0..bytes.len() - text.len() {
        if bytes[at..].starts_with(text.as_bytes()) {
            bytes[at..at + text.len()].copy_from_slice(replacement.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{text} is not in the component");
    bytes
}

/// Why these bytes do not serve.
pub async fn problem(bytes: &[u8]) -> String {
    problem_within(bytes, Limits::default()).await
}

pub async fn problem_within(bytes: &[u8], limits: Limits) -> String {
    let admitted = match gate::compile(runtime(), None, bytes) {
        Err(problem) => Err(problem),
        Ok(component) => gate::admit(component, "x.wasm", &Arc::new(limits)).await,
    };
    admitted.err().unwrap_or_else(|| "none".into())
}

#[tokio::test]
async fn files_that_are_no_component_are_told_so() {
    let truncated = &component()[..component().len() / 2];
    for (bytes, words) in [
        (&b""[..], "is empty"),
        (b"hello, I am a plugin", "is not WebAssembly"),
        (b"\0asm\x0d", "cut short"),
        (b"\0asm\x01\0\0\0", "core module"),
        (b"\0asm\x63\0\x01\0", "version"),
        (truncated, "is damaged"),
    ] {
        let problem = problem(bytes).await;
        assert!(problem.contains(words), "{problem}");
    }
}

#[tokio::test]
async fn another_version_of_the_contract_is_named() {
    for version in ["0.2.0", "2.0.0", "0.0.1"] {
        let problem = problem(&with("@0.1.0", &format!("@{version}"))).await;
        assert!(
            problem.contains(&format!("contract sluice:source/ {version}")),
            "{problem}"
        );
        assert!(problem.contains("serves 0.1:"), "{problem}");
    }
}

#[tokio::test]
async fn a_later_patch_of_the_contract_serves() {
    assert_eq!(problem(&with("@0.1.0", "@0.1.9")).await, "none");
}

#[tokio::test]
async fn a_foreign_import_is_refused_by_name() {
    let problem = problem(&with("sluice:source/log@0.1.0", "wasi:cli/enviro-x@0.1.0")).await;
    assert!(
        problem
            .contains("imports wasi:cli/enviro-x@0.1.0: a plugin may import sluice:source/* only"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_component_that_is_no_plugin_is_told_so() {
    let problem = problem(&with(
        "sluice:source/source@0.1.0",
        "sluice:source/sourcx@0.1.0",
    ))
    .await;
    assert!(
        problem.contains("exports no sluice:source/source"),
        "{problem}"
    );
}

#[tokio::test]
async fn changed_types_and_unknown_functions_are_told_so() {
    for (text, replacement) in [
        ("limit-exceeded", "limit-exceedex"),
        ("[method]batch.slice", "[method]batch.slicx"),
        ("default-schema", "default-schemx"),
    ] {
        let problem = problem(&with(text, replacement)).await;
        assert!(
            problem.contains("does not fit the 0.1") || problem.contains("does not start"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_description_is_checked() {
    let problem = problem(&with("misbehaving", "Misbehaving")).await;
    assert!(problem.contains("its kind is \"Misbehaving\""), "{problem}");
}

#[tokio::test]
async fn one_bad_file_does_not_affect_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a-broken.wasm", b"hello");
    write("b-good.wasm", component());
    write("c-again.wasm", component());
    write(".hidden.wasm", b"half a copy");
    write("notes.txt", b"not a plugin");
    let registry = Registry::load(
        folder.path(),
        &folder.path().join("cache"),
        Limits::default(),
    )
    .await
    .unwrap();
    let entries = registry.entries();
    let stands: Vec<_> = entries
        .iter()
        .map(|entry| (entry.origin.as_str(), entry.standing))
        .collect();
    assert_eq!(
        stands,
        [
            ("b-good.wasm", Standing::Serving),
            ("c-again.wasm", Standing::Overridden),
            ("built in", Standing::Serving),
            ("built in", Standing::Serving),
            ("a-broken.wasm", Standing::Refused),
        ]
    );
    let reason = |entry: usize| entries[entry].reason.as_deref();
    assert!(
        reason(4)
            .unwrap()
            .starts_with("a-broken.wasm is not WebAssembly")
    );
    assert_eq!(
        reason(1),
        Some("b-good.wasm serves the kind misbehaving: remove one of the two")
    );
    assert_eq!((reason(0), reason(2)), (None, None));
    assert_eq!(entries[0].digest, gate::digest(component()));
    assert_eq!(entries[0].contract.as_deref(), Some("sluice:source@0.1.0"));
    assert_eq!(
        registry.get("misbehaving").unwrap().description().version,
        "0.1.0"
    );
    assert!(registry.get("nothing").is_none());
}

#[tokio::test]
async fn a_missing_folder_leaves_the_built_in_plugins() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::load(
        &folder.path().join("none"),
        &folder.path().join("cache"),
        Limits::default(),
    )
    .await
    .unwrap();
    assert!(
        registry
            .entries()
            .iter()
            .all(|entry| entry.origin == "built in")
    );
}
