//! Settings of a host: a TOML file, overridden by `SLUICE_…` variables. An unknown key is an error, so that a typo is not silence.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::model::due::SchedulePolicy;

/// Every option, with its default. `examples/sluice.toml` explains each; a test keeps the two equal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Absent: `connections.json` in the data folder.
    pub connections_file: Option<PathBuf>,
    /// Absent: `plugins` in the data folder.
    pub plugins_dir: Option<PathBuf>,
    pub plugins_poll_ms: u64,
    pub log: String,
    pub log_format: LogFormat,
    pub jobs: Jobs,
    pub schedule: Schedule,
    pub kb: Kb,
    pub query: Query,
    pub guest: Guest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Jobs {
    pub max_running: usize,
    pub lease_secs: u32,
    pub max_attempts: u32,
    pub commit_ms: u64,
    pub keep_days: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    pub tick_secs: u32,
    pub backoff_cap_secs: u32,
    pub disable_after: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kb {
    pub keep_removed_secs: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    pub max_rows: usize,
    pub timeout_secs: u64,
    pub memory_mib: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guest {
    pub memory_mib: usize,
    pub cpu_secs: u64,
    pub call_timeout_secs: u64,
    pub wait_secs: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7070)),
            data_dir: "sluice-data".into(),
            connections_file: None,
            plugins_dir: None,
            plugins_poll_ms: 1_000,
            log: "info".into(),
            log_format: LogFormat::Text,
            jobs: Jobs::default(),
            schedule: Schedule::default(),
            kb: Kb::default(),
            query: Query::default(),
            guest: Guest::default(),
        }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self {
            max_running: 4,
            lease_secs: 15,
            max_attempts: 8,
            commit_ms: 1_000,
            keep_days: 30,
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            tick_secs: 30,
            backoff_cap_secs: 3_600,
            disable_after: 10,
        }
    }
}

impl Default for Kb {
    fn default() -> Self {
        Self {
            keep_removed_secs: 3_600,
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        Self {
            max_rows: 10_000,
            timeout_secs: 30,
            memory_mib: 256,
        }
    }
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            memory_mib: 64,
            cpu_secs: 10,
            call_timeout_secs: 120,
            wait_secs: 600,
        }
    }
}

/// Variables that the command line reads: `SLUICE_CONFIG` and where a running host is.
const OF_COMMANDS: [&str; 4] = ["config", "url", "key", "org"];

/// Why the settings cannot be used. The sentence names the key and where it came from.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl Config {
    /// Defaults, then the file if one is named, then `SLUICE_LISTEN`, `SLUICE_JOBS__MAX_RUNNING`, ….
    ///
    /// # Errors
    /// A named file that is missing or not TOML; an unknown key; a value of the wrong type or range.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            let text = std::fs::read_to_string(file).map_err(|source| {
                ConfigError(format!(
                    "cannot read the config file {}: {source}",
                    file.display()
                ))
            })?;
            figment = figment.merge(Toml::string(&text));
        }
        // The test variables steer the test suites and are no settings of a host.
        let environment = Env::prefixed("SLUICE_")
            .filter(|key| !key.starts_with("test_") && !OF_COMMANDS.iter().any(|of| key == *of))
            .split("__");
        let config: Self = figment
            .merge(environment)
            .extract()
            .map_err(|error| ConfigError(sentence(&error)))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let positive = [
            ("plugins_poll_ms", self.plugins_poll_ms),
            ("jobs.max_running", self.jobs.max_running as u64),
            ("jobs.lease_secs", self.jobs.lease_secs.into()),
            ("jobs.max_attempts", self.jobs.max_attempts.into()),
            ("jobs.commit_ms", self.jobs.commit_ms),
            ("jobs.keep_days", self.jobs.keep_days.into()),
            ("schedule.tick_secs", self.schedule.tick_secs.into()),
            (
                "schedule.backoff_cap_secs",
                self.schedule.backoff_cap_secs.into(),
            ),
            ("schedule.disable_after", self.schedule.disable_after.into()),
            ("kb.keep_removed_secs", self.kb.keep_removed_secs.into()),
            ("query.max_rows", self.query.max_rows as u64),
            ("query.timeout_secs", self.query.timeout_secs),
            ("query.memory_mib", self.query.memory_mib as u64),
            ("guest.memory_mib", self.guest.memory_mib as u64),
            ("guest.cpu_secs", self.guest.cpu_secs),
            ("guest.call_timeout_secs", self.guest.call_timeout_secs),
            ("guest.wait_secs", self.guest.wait_secs),
        ];
        match positive.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(ConfigError(format!(
                "the setting `{key}` must be at least 1"
            ))),
            None => Ok(()),
        }
    }

    pub fn connections_file(&self) -> PathBuf {
        self.connections_file
            .clone()
            .unwrap_or_else(|| self.data_dir.join("connections.json"))
    }

    pub fn plugins_dir(&self) -> PathBuf {
        self.plugins_dir
            .clone()
            .unwrap_or_else(|| self.data_dir.join("plugins"))
    }

    pub fn plugins_poll(&self) -> Duration {
        Duration::from_millis(self.plugins_poll_ms)
    }

    pub fn schedule_policy(&self) -> SchedulePolicy {
        SchedulePolicy {
            tick: TimeDelta::seconds(self.schedule.tick_secs.into()),
            longest_backoff: TimeDelta::seconds(self.schedule.backoff_cap_secs.into()),
            disable_after: self.schedule.disable_after,
        }
    }

    pub fn keep_removed(&self) -> Duration {
        Duration::from_secs(self.kb.keep_removed_secs.into())
    }

    pub fn lease_time(&self) -> Duration {
        Duration::from_secs(self.jobs.lease_secs.into())
    }
}

fn sentence(error: &figment::Error) -> String {
    let place = match &error.metadata {
        Some(metadata) if metadata.name.contains("environment") => " in an environment variable",
        Some(_) => " in the config file",
        None => "",
    };
    let path = if error.path.is_empty() {
        String::new()
    } else {
        format!(" at `{}`", error.path.join("."))
    };
    format!("the settings are wrong{place}{path}: {}", error.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("writable");
        Config::load(Some(file.path()))
    }

    #[test]
    fn unknown_key_is_an_error_that_names_it() {
        let error = load("listne = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
        let error = load("[jobs]\nmax = 3").unwrap_err().to_string();
        assert!(
            error.contains("max") && error.contains("max_running"),
            "{error}"
        );
    }

    #[test]
    fn zero_is_refused_where_it_would_stop_everything() {
        let error = load("[jobs]\nmax_running = 0").unwrap_err().to_string();
        assert!(error.contains("jobs.max_running"), "{error}");
    }

    #[test]
    fn example_file_is_the_default() {
        assert_eq!(
            load(include_str!("../examples/sluice.toml")).expect("valid"),
            Config::default()
        );
    }
}
