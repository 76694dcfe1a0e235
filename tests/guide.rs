//! The guide for authors of plugins, followed command by command on an empty folder: what it says is what happens.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The commands of a text, in its order.
fn commands(text: &str) -> String {
    let blocks = text.split("```sh\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().expect("a block ends"));
    blocks.collect::<Vec<_>>().join("\n")
}

/// What the guide's shell has: our binary first, a port of its own, and crates that were compiled before.
fn shell(folder: &Path, script: &str) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_sluice"));
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{path}", binary.parent().expect("a folder").display());
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    let address = port.expect("a free port").to_string();
    // The host that it starts ends with the shell.
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n{script}");
    Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder)
        .env("PATH", path)
        .env("SLUICE_LISTEN", &address)
        .env("SLUICE_URL", format!("http://{address}"))
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("PLUGIN_TARGET_DIR")).join("guide"),
        )
        .stdin(Stdio::null())
        .output()
        .expect("bash is installed")
}

#[test]
fn the_guide_lands_rows() {
    let guide = std::fs::read_to_string("examples/README.md");
    let script = commands(&guide.expect("the guide is there"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = shell(folder.path(), &script);
    let said = format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{said}");
    for line in [
        "lines is a plugin of the kind lines",
        "kind         lines",
        " 0 failed, ",
        "3 rows",
        "| 0      | first  |",
        "| 6      | second |",
        "| 13     | third  |",
    ] {
        assert!(said.contains(line), "no {line:?} in {said}");
    }
}
