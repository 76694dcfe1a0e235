//! The log: where it goes and in which form. Never a DSN, a parameter or a row.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Libraries that tell every step at INFO, and one whose errors may quote a row. Named in the setting they can be heard
/// again.
const QUIET: &str = "buoyant_kernel=warn,deltalake_core=warn,datafusion=warn,tiberius=off";

/// Starts logging to standard error.
///
/// # Errors
/// The filter of the settings cannot be read.
pub fn start(config: &Config) -> Result<(), String> {
    let filter = EnvFilter::try_new(format!("{QUIET},{}", config.log)).map_err(|error| {
        format!(
            "the setting `log` is wrong: {error}; try \"info\" or \"info,sluice::dispatch=debug\""
        )
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
