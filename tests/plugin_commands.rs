//! `sluice plugin …` as a person meets it who types something wrong: a sentence that says what was found and what to do,
//! and an exit code.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::Host;
use crate::harness::guest::built;

/// What was said on both channels, and whether it went well.
fn sluice(folder: &Path, args: &[&str]) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_sluice"))
        .arg("plugin")
        .args(args)
        .current_dir(folder)
        .env("SLUICE_DATA_DIR", folder)
        .env_remove("SLUICE_KEY")
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    let said = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&said).into_owned(),
        output.status.success(),
    )
}

/// Asserts that a command fails with these words.
fn refused(folder: &Path, args: &[&str], words: &[&str]) {
    let (said, went_well) = sluice(folder, args);
    assert!(!went_well, "{args:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{args:?}: no {word:?} in {said}");
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn a_template_is_complete_and_writes_over_nothing() {
    let folder = folder();
    let (said, went_well) = sluice(folder.path(), &["new", "my-lines"]);
    assert!(
        went_well && said.contains("a plugin of the kind my_lines"),
        "{said}"
    );
    let at = |file: &str| folder.path().join("my-lines").join(file);
    for file in [
        "Cargo.lock",
        ".gitignore",
        "README.md",
        "src/lib.rs",
        "wit/source.wit",
        "vendor/sdk/src/lib.rs",
    ] {
        assert!(at(file).is_file(), "{file}");
    }
    let manifest = std::fs::read_to_string(at("Cargo.toml")).expect("it was written");
    assert!(manifest.contains("name = \"my-lines\""), "{manifest}");
    refused(
        folder.path(),
        &["new", "my-lines"],
        &["the folder my-lines is not empty", "--dir"],
    );
    std::fs::write(folder.path().join("file"), "").expect("writable");
    refused(
        folder.path(),
        &["new", "x", "--dir", "file"],
        &["cannot use the folder file"],
    );
}

#[test]
fn a_name_that_no_plugin_can_have_is_refused() {
    let folder = folder();
    for name in ["My-lines", "a b", "../up", "2x", "test"] {
        refused(
            folder.path(),
            &["new", name],
            &["cannot be the name of a plugin", "[a-z][a-z0-9-]*"],
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("readable").count(),
        0
    );
}

#[test]
fn a_folder_without_a_plugin_is_not_built() {
    let folder = folder();
    refused(folder.path(), &["build"], &["Cargo.toml"]);
    refused(
        folder.path(),
        &["build", "nowhere"],
        &["cannot use nowhere"],
    );
    std::fs::write(folder.path().join("Cargo.toml"), "[workspace]\n").expect("writable");
    refused(
        folder.path(),
        &["build"],
        &["is the manifest of no package", "sluice plugin new"],
    );
}

#[test]
fn a_file_is_told_what_it_is() {
    let folder = folder();
    let guest = built("plugin-dishonest");
    let (said, went_well) = sluice(folder.path(), &["check", guest.to_str().expect("text")]);
    assert!(went_well, "{said}");
    for line in [
        "file         plugin-dishonest.wasm",
        "digest       sha256:",
        "sluice:source/database@0.1.0",
        "exports      sluice:source/source@0.1.0",
        "kind         dishonest",
        "connections  postgres",
        "Next: sluice plugin test",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
}

#[test]
fn a_file_that_is_no_plugin_is_told_so() {
    let folder = folder();
    let whole = std::fs::read(built("plugin-dishonest")).expect("it was built");
    let files: [(&str, &[u8], &str); 5] = [
        ("empty.wasm", b"", "empty.wasm is empty"),
        ("text.wasm", b"hello there", "text.wasm is not WebAssembly"),
        (
            "core.wasm",
            b"\0asm\x01\0\0\0",
            "is a WebAssembly core module",
        ),
        ("cut.wasm", &whole[..whole.len() / 2], "cut.wasm is damaged"),
        (
            "strange.wasm",
            b"\0asm\x0d\0\x01\0",
            "exports no sluice:source/source",
        ),
    ];
    for (name, bytes, words) in files {
        std::fs::write(folder.path().join(name), bytes).expect("writable");
        refused(folder.path(), &["check", name], &[words]);
        refused(
            folder.path(),
            &["test", name, "--connection", "src"],
            &[words],
        );
    }
    refused(
        folder.path(),
        &["check", "none.wasm"],
        &["cannot read none.wasm"],
    );
}

#[test]
fn a_connection_has_to_be_there_and_of_the_right_kind() {
    let folder = folder();
    let guest = built("plugin-dishonest");
    let guest = guest.to_str().expect("text");
    refused(
        folder.path(),
        &["test", guest, "--connection", "src"],
        &["connections.json"],
    );
    let connections = r#"{"logs": {"kind": "files", "dsn": "/tmp"}, "bad": {"kind": "postgres"}}"#;
    std::fs::write(folder.path().join("connections.json"), connections).expect("writable");
    refused(
        folder.path(),
        &["test", guest, "--connection", "src"],
        &["there is no connection \"src\""],
    );
    refused(
        folder.path(),
        &["test", guest, "--connection", "bad"],
        &["\"bad\" in connections.json cannot be used"],
    );
    refused(
        folder.path(),
        &["test", guest, "--connection", "logs"],
        &["of kind files, and the plugin uses postgres"],
    );
}

#[test]
fn a_host_that_does_not_answer_is_named() {
    let folder = folder();
    let args = ["list", "--url", "http://127.0.0.1:9", "--key", "canary"];
    refused(
        folder.path(),
        &args,
        &["no host answers at http://127.0.0.1:9", "--url"],
    );
    refused(folder.path(), &["list"], &["--key"]);
    let (said, _) = sluice(folder.path(), &args);
    assert!(!said.contains("canary"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_host_lists_its_plugins() {
    let host = Host::start().await;
    let folder = folder();
    let url = host.url("");
    let (said, went_well) = sluice(folder.path(), &["list", "--url", &url, "--key", &host.key]);
    assert!(went_well, "{said}");
    for kind in ["postgres", "sql_server"] {
        let line = said.lines().find(|line| line.starts_with(kind));
        assert!(
            line.is_some_and(|line| line.contains(" serving ") && line.contains(" built in ")),
            "{said}"
        );
    }
    refused(
        folder.path(),
        &["list", "--url", &url, "--key", "wrong"],
        &["the host answers 401"],
    );
    let args = ["list", "--url", &url, "--key", &host.key, "--org", "none"];
    refused(folder.path(), &args, &["the host answers 403"]);
}
