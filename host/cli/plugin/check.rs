//! `sluice plugin check`: what a plugin file is, and everything that keeps it from being loaded. Runs nothing of it but `describe`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::cli::CommandError;
use crate::plugin::{Description, Inspection, Plugin, inspect};

#[derive(Debug, Args)]
pub struct Check {
    /// The component, as `sluice plugin build` makes it.
    file: PathBuf,
}

impl Check {
    pub async fn run(self) -> Result<ExitCode, CommandError> {
        let inspection = look_at(&self.file).await?;
        show(&inspection);
        let plugin = serving(&inspection)?;
        describe(plugin.description());
        println!(
            "It can be loaded. Next: sluice plugin test {} --connection REF",
            self.file.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// # Errors
/// There is no such file.
pub async fn look_at(file: &Path) -> Result<Inspection, CommandError> {
    inspect(file).await.map_err(CommandError)
}

fn show(inspection: &Inspection) {
    println!("file         {}", inspection.file_name);
    println!("size         {} bytes", inspection.bytes);
    println!("digest       sha256:{}", inspection.digest);
    for (word, names) in [
        ("imports", &inspection.imports),
        ("exports", &inspection.exports),
    ] {
        if !names.is_empty() {
            println!("{word:12} {}", names.join(", "));
        }
    }
}

fn describe(description: &Description) {
    let or_none = |text: &str| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            text.to_owned()
        }
    };
    println!("kind         {}", description.kind);
    println!("version      {}", description.version);
    println!(
        "connections  {}",
        or_none(&description.connection_kinds.join(", "))
    );
    println!("schema       {}", or_none(&description.default_schema));
    println!(
        "capabilities {}",
        or_none(&description.capabilities.join(", "))
    );
}

/// The plugin of a file that may serve.
///
/// # Errors
/// Everything that is wrong with it, a line each.
pub fn serving(inspection: &Inspection) -> Result<&Arc<Plugin>, CommandError> {
    inspection.plugin.as_ref().ok_or_else(|| {
        let name = &inspection.file_name;
        let problems = inspection.problems.iter();
        let sentences = problems.map(|problem| format!("{name} {problem}"));
        CommandError(sentences.collect::<Vec<_>>().join("\nsluice: "))
    })
}
