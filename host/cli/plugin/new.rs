//! `sluice plugin new`: a complete plugin in a folder of its own, with the contract and the SDK of this host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::cli::CommandError;

/// Names in the new folder, and what is in them; `NAME` in some stands for the plugin's.
const TEMPLATE: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/template.rs"));
const NAMED: [&str; 2] = ["Cargo.toml", "README.md"];
/// A kind has at most 40 letters, and is made of the name.
const LONGEST: usize = 40;
/// Cargo has packages or words of these names.
const TAKEN: [&str; 8] = [
    "alloc",
    "core",
    "plugin-sdk",
    "proc-macro",
    "self",
    "std",
    "test",
    "wit-bindgen",
];

#[derive(Debug, Args)]
pub struct New {
    /// Of the plugin, its package, and, with `_` for `-`, its source kind.
    name: String,
    /// The folder to write into: a new or an empty one. The name when absent.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl New {
    pub fn run(self) -> Result<ExitCode, CommandError> {
        if !is_name(&self.name) {
            return Err(CommandError(format!(
                "\"{}\" cannot be the name of a plugin: it is [a-z][a-z0-9-]*, ends with no `-`, has at most {LONGEST} \
                 letters, and is none of {}",
                self.name,
                TAKEN.join(", ")
            )));
        }
        let folder = self.dir.unwrap_or_else(|| PathBuf::from(&self.name));
        must_be_empty(&folder)?;
        for (file, text) in TEMPLATE {
            let text = match NAMED.contains(file) {
                true => text.replace("NAME", &self.name),
                false => (*text).to_owned(),
            };
            write(&folder.join(file), &text)?;
        }
        let shown = folder.display();
        println!(
            "{shown} is a plugin of the kind {}",
            self.name.replace('-', "_")
        );
        println!("Next: sluice plugin build {shown}   (and read {shown}/README.md)");
        Ok(ExitCode::SUCCESS)
    }
}

fn is_name(name: &str) -> bool {
    let letters =
        |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'-';
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(letters)
        && !name.ends_with('-')
        && name.len() <= LONGEST
        && !TAKEN.contains(&name)
}

/// Nothing of anybody's is written over.
fn must_be_empty(folder: &Path) -> Result<(), CommandError> {
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => {
            return Err(CommandError(format!(
                "cannot use the folder {}: {error}",
                folder.display()
            )));
        }
    };
    if is_empty {
        return Ok(());
    }
    Err(CommandError(format!(
        "the folder {} is not empty: name another with --dir, or empty it",
        folder.display()
    )))
}

fn write(file: &Path, text: &str) -> Result<(), CommandError> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(file, text));
    written.map_err(|error| CommandError(format!("cannot write {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_packages_and_kinds() {
        for name in ["lines", "my-source2", "x"] {
            assert!(is_name(name), "{name}");
        }
        for name in [
            "",
            "Lines",
            "2x",
            "a_b",
            "a b",
            "-a",
            "a-",
            "../a",
            "test",
            &"a".repeat(41),
        ] {
            assert!(!is_name(name), "{name}");
        }
    }
}
