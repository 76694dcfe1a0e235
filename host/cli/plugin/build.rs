//! `sluice plugin build`: the component of a plugin crate.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check;
use crate::cli::CommandError;

#[derive(Debug, Args)]
pub struct Build {
    /// The plugin's folder, with its Cargo.toml.
    #[arg(default_value = ".")]
    dir: PathBuf,
}

impl Build {
    pub async fn run(self) -> Result<ExitCode, CommandError> {
        let dir = self.dir.clone();
        let built = tokio::task::spawn_blocking(move || plugin_build::build_folder(&dir)).await;
        let component = built
            .map_err(CommandError::from_display)?
            .map_err(CommandError::from_display)?;
        // What compiles may still not be a plugin.
        let inspection = check::look_at(&component).await?;
        let plugin = check::serving(&inspection)?;
        let shown = shown(&component);
        println!("{shown}");
        println!("kind         {}", plugin.description().kind);
        println!("size         {} bytes", inspection.bytes);
        println!("digest       sha256:{}", inspection.digest);
        println!("Next: sluice plugin test {shown} --connection REF");
        Ok(ExitCode::SUCCESS)
    }
}

/// From where the command was typed.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let below = here
        .as_deref()
        .and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}
