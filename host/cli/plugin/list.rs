//! `sluice plugin list`: what a running host says of its plugins, over its API.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::app::FIRST_ORG;
use crate::cli::CommandError;

const PATIENCE: Duration = Duration::from_secs(30);
/// Digits of a digest that tell two files apart.
const DIGEST: usize = 12;

#[derive(Debug, Args)]
pub struct List {
    /// Where the host answers.
    #[arg(long, env = "SLUICE_URL", default_value = "http://127.0.0.1:7070")]
    url: String,
    /// An API key; the first start of a host prints one.
    #[arg(long, env = "SLUICE_KEY", hide_env_values = true)]
    key: String,
    #[arg(long, env = "SLUICE_ORG", default_value = FIRST_ORG)]
    org: String,
}

/// `PluginView` of the API, as far as it is shown.
#[derive(Debug, Deserialize)]
struct PluginView {
    kind: Option<String>,
    version: Option<String>,
    digest: Option<String>,
    origin: String,
    state: String,
    reason: Option<String>,
    #[serde(default)]
    jobs_running: usize,
}

#[derive(Debug, Deserialize)]
struct PluginList {
    plugins: Vec<PluginView>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

impl List {
    pub async fn run(self) -> Result<ExitCode, CommandError> {
        let list = self.ask().await?;
        println!(
            "{:16} {:10} {:12} {:12} {:24} {:>4}",
            "KIND", "VERSION", "STATE", "DIGEST", "FILE", "JOBS"
        );
        for plugin in &list.plugins {
            println!(
                "{:16} {:10} {:12} {:12} {:24} {:>4}",
                plugin.kind.as_deref().unwrap_or("-"),
                plugin.version.as_deref().unwrap_or("-"),
                plugin.state,
                plugin
                    .digest
                    .as_deref()
                    .and_then(|digest| digest.get(..DIGEST))
                    .unwrap_or("-"),
                plugin.origin,
                plugin.jobs_running
            );
            if let Some(reason) = &plugin.reason {
                println!("    {reason}");
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn ask(&self) -> Result<PluginList, CommandError> {
        let url = format!(
            "{}/orgs/{}/plugins",
            self.url.trim_end_matches('/'),
            self.org
        );
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .map_err(CommandError::from_display)?;
        let answer = client
            .get(&url)
            .bearer_auth(&self.key)
            .send()
            .await
            .map_err(|error| {
                // Its own words repeat the address; what is behind them says why.
                CommandError(format!(
                    "no host answers at {}: {}; start one or name it with --url",
                    self.url,
                    root(&error)
                ))
            })?;
        let status = answer.status();
        let text = answer.text().await.map_err(CommandError::from_display)?;
        if !status.is_success() {
            let said =
                serde_json::from_str::<Problem>(&text).map_or(text, |problem| problem.detail);
            return Err(CommandError(format!("the host answers {status}: {said}")));
        }
        serde_json::from_str(&text).map_err(|error| {
            CommandError(format!(
                "the answer of {} is not a list of plugins: {error}",
                self.url
            ))
        })
    }
}

fn root(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
