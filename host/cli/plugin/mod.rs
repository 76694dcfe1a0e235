//! `sluice plugin …`: what the author of a source plugin needs, and what an operator asks of a host about its plugins.

mod build;
mod check;
mod list;
mod new;
mod test;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::CommandError;
use crate::config::Config;

#[derive(Debug, Args)]
pub struct Plugin {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a complete Rust plugin into an empty folder.
    New(new::New),
    /// Make a component of the plugin in a folder, with whichever WebAssembly toolchain is there.
    Build(build::Build),
    /// Say what a plugin file is, and everything that is wrong with it.
    Check(check::Check),
    /// Check that a plugin keeps the rules of the contract, on a real connection.
    Test(test::Test),
    /// Show the plugins of a running host.
    List(list::List),
}

impl Plugin {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        match self.command {
            Command::New(new) => new.run(),
            Command::Build(build) => build.run().await,
            Command::Check(check) => check.run().await,
            Command::Test(test) => test.run(config).await,
            Command::List(list) => list.run().await,
        }
    }
}
