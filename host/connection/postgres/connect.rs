//! A DSN → a session with our settings. Never reuses a socket, never retries a server that answered.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::link::Link as AnyLink;
use super::super::session::Session;
use super::classify;
use super::dsn::{Dsn, Tls};
use super::link::Link;
use super::tls;
use crate::model::source::{ErrorKind, SourceError};

/// Opens a session. The permit is given back when its socket is closed.
///
/// # Errors
/// A sentence without address, user or password.
pub async fn connect(
    dsn: Dsn,
    statement_timeout: Duration,
    application_name: &str,
    permit: OwnedSemaphorePermit,
) -> Result<Session, SourceError> {
    let (dsn, connector) =
        tokio::task::spawn_blocking(move || tls::connector(&dsn).map(|tls| (dsn, tls)))
            .await
            .map_err(|_| {
                SourceError::new(ErrorKind::Other, "the certificates could not be read")
            })??;
    let mut config = dsn.config.clone();
    config.application_name(application_name);
    let opening = async {
        let (link, server_version) = open(config, dsn.tls, connector, permit).await?;
        let settings = settings(statement_timeout);
        let client = link.client();
        // Sent together, for one round trip.
        let set = async {
            futures::join!(
                client.batch_execute(&settings),
                watch_us(client, &server_version)
            )
            .0
        };
        set.await.map_err(|error| classify::session_error(&error))?;
        let link = AnyLink::Postgres(Box::new(link));
        Ok(Session::new(link, server_version, None, statement_timeout))
    };
    match tokio::time::timeout(dsn.connect_timeout, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(classify::connect_timeout()),
    }
}

/// Tries what `sslmode` allows, in libpq's order.
async fn open(
    mut config: Config,
    tls: Tls,
    connector: MakeRustlsConnect,
    permit: OwnedSemaphorePermit,
) -> Result<(Link, String), SourceError> {
    let (first, second) = match tls {
        Tls::Disable => (SslMode::Disable, None),
        Tls::Allow => (SslMode::Disable, Some(SslMode::Require)),
        Tls::Prefer => (SslMode::Prefer, Some(SslMode::Disable)),
        Tls::Require | Tls::VerifyCa | Tls::VerifyFull => (SslMode::Require, None),
    };
    let mut connected = config.ssl_mode(first).connect(connector.clone()).await;
    if let (Err(error), Some(second)) = (&connected, second)
        && another_mode_may_do(error)
    {
        let retried = config.ssl_mode(second).connect(connector.clone()).await;
        // What the first said is nearer to what the DSN asks for.
        if retried.is_ok() {
            connected = retried;
        }
    }
    let (client, connection) = connected.map_err(|error| classify::session_error(&error))?;
    let server_version = connection
        .parameter("server_version")
        .unwrap_or_default()
        .to_owned();
    Ok((
        Link::new(client, connection, connector, permit),
        server_version,
    ))
}

/// The server is there, but TLS failed or `pg_hba.conf` has no line for this kind of connection.
fn another_mode_may_do(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => code.code() == "28000",
        None => error
            .to_string()
            .starts_with("error performing TLS handshake"),
    }
}

/// Lets the server see during a long statement that we are gone: killed, we cancel nothing. From version 14 on, and
/// not on every system, so a refusal is no news.
async fn watch_us(client: &Client, server_version: &str) {
    let major = server_version.split(|c: char| !c.is_ascii_digit()).next();
    if major.and_then(|major| major.parse().ok()).unwrap_or(0) >= 14 {
        let _refused = client
            .batch_execute("set client_connection_check_interval = '2s'")
            .await;
    }
}

/// Forms that the decoder and the lossless texts rest on, and bounds on what we may cost the server.
/// `cursor_tuple_fraction` 1: a result is always read to its end.
fn settings(statement_timeout: Duration) -> String {
    format!(
        "set default_transaction_read_only = on; set statement_timeout = {}; set lock_timeout = '10s'; \
         set idle_in_transaction_session_timeout = '5min'; set timezone = 'UTC'; set datestyle = 'ISO, MDY'; \
         set intervalstyle = 'postgres'; set extra_float_digits = 3; set bytea_output = 'hex'; \
         set cursor_tuple_fraction = 1.0",
        statement_timeout.as_millis()
    )
}
