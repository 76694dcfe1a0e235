//! `sluice plugin …`: what the author of a source plugin needs, and what an operator asks of a host about its plugins.

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
    /// Check that a plugin keeps the rules of the contract, on a real connection.
    Test(test::Test),
}

impl Plugin {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        match self.command {
            Command::Test(test) => test.run(config).await,
        }
    }
}
