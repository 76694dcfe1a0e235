//! `sluice serve`: the host itself.

use std::process::ExitCode;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::CommandError;
use crate::app::{App, FIRST_ORG};
use crate::config::Config;
use crate::telemetry;

pub async fn run(config: Config) -> Result<ExitCode, CommandError> {
    telemetry::start(&config).map_err(CommandError)?;
    let listener = TcpListener::bind(config.listen).await.map_err(|error| {
        CommandError(format!(
            "cannot listen on {}: {error}; set `listen` to a free address",
            config.listen
        ))
    })?;
    let app = App::open(config)
        .await
        .map_err(CommandError::from_display)?;
    let address = listener.local_addr().map_err(CommandError::from_display)?;
    announce(&app, &address.to_string());
    app.serve(listener, stop_signal()?)
        .await
        .map_err(CommandError::from_display)?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// On standard output, for a person or a script; the log goes to standard error.
fn announce(app: &App, address: &str) {
    println!(
        "sluice {} listens on http://{address}",
        env!("CARGO_PKG_VERSION")
    );
    println!("org        {FIRST_ORG}");
    println!("connector  {}", app.connector);
    if let Some(key) = &app.first_key {
        println!("api key    {key}");
        println!("           (shown this once: keep it)");
    }
    if let Some(problem) = app.extractor.connections.problem() {
        eprintln!("sluice: {problem}");
    }
    println!("ready");
}

/// Cancelled at the first SIGTERM or Ctrl-C; the second one ends the process at once.
pub(super) fn stop_signal() -> Result<CancellationToken, CommandError> {
    let token = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).map_err(CommandError::from_display)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CommandError::from_display)?;
    let stop = token.clone();
    tokio::spawn(async move {
        for is_last in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if is_last {
                std::process::exit(130);
            }
            tracing::info!("stopping: running jobs take a checkpoint");
            stop.cancel();
        }
    });
    Ok(token)
}
