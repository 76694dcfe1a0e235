//! The command line. One file a command; each ends with a sentence and a non-zero exit code when it fails.

pub mod demo;
pub mod extract;
pub mod plugin;
pub mod query;
pub mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

/// Copies and syncs tables into knowledge bases, exactly once, through WebAssembly source plugins.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about)]
pub struct Cli {
    /// Settings (TOML); every one can be overridden by a SLUICE_… variable.
    #[arg(long, global = true, env = "SLUICE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the REST API and run jobs until SIGTERM or Ctrl-C.
    Serve,
    /// Copy one table from the command line, without HTTP.
    Extract(extract::Extract),
    /// Query the tables of a knowledge base.
    Query(query::Query),
    /// Write, build, check and test source plugins, and list those of a running host.
    Plugin(plugin::Plugin),
    /// Show all of it on a throw-away database.
    Demo(demo::Demo),
}

/// Why a command failed. A sentence for whoever typed it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CommandError(pub String);

impl CommandError {
    fn from_display(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// Runs a command to its end.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("sluice: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<ExitCode, CommandError> {
    let config = Config::load(cli.config.as_deref()).map_err(CommandError::from_display)?;
    match cli.command {
        Command::Serve => serve::run(config).await,
        Command::Extract(extract) => extract.run(config).await,
        Command::Query(query) => query.run(config).await,
        Command::Plugin(plugin) => plugin.run(config).await,
        Command::Demo(demo) => demo.run(config).await,
    }
}
