//! A DSN → a session with our settings: one that rests, or a new one. Never retries a server that answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::Client;
use tokio_postgres::config::SslMode;

use super::super::link::Link as AnyLink;
use super::super::session::Session;
use super::classify;
use super::dsn::{Dsn, Tls};
use super::link::{Link, Open};
use super::resting::Resting;
use super::tls;
use crate::model::source::{ErrorKind, SourceError};

/// What a job may have left behind although its transactions were rolled back, and with them all settings. What an extension
/// keeps in its process stays (a connection of dblink, globals of a procedural language): only a new process has none.
const CLEAN: &str = "select pg_catalog.pg_advisory_unlock_all(); discard temp; discard sequences";

/// A session whose server has gone silent meanwhile is not waited for.
const RESET_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens a session, in this place. It is given back when nobody uses the session any more.
///
/// # Errors
/// A sentence without address, user or password.
pub async fn connect(
    dsn: Dsn,
    statement_timeout: Duration,
    application_name: &str,
    place: OwnedSemaphorePermit,
    resting: &Arc<Resting>,
) -> Result<Session, SourceError> {
    let settings = settings(statement_timeout);
    let dsn = Arc::new(dsn);
    let opening = async {
        let mut link = match rested(&dsn, application_name, &settings, place, resting).await {
            Ok(link) => link,
            Err(place) => {
                let open = open(&dsn, application_name).await?;
                let link = Link::new(open, place);
                set_up(link.open(), &settings).await?;
                link
            }
        };
        link.is_set_up(resting);
        let server_version = link.open().server_version.clone();
        let link = AnyLink::Postgres(Box::new(link));
        Ok(Session::new(link, server_version, None, statement_timeout))
    };
    match tokio::time::timeout(dsn.connect_timeout, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(classify::connect_timeout()),
    }
}

/// Takes over a session that rests, if there is one and its server still answers; else the place is free for a new one.
async fn rested(
    dsn: &Dsn,
    application_name: &str,
    settings: &str,
    place: OwnedSemaphorePermit,
    resting: &Resting,
) -> Result<Link, OwnedSemaphorePermit> {
    let Some(open) = resting.take(dsn).await else {
        return Err(place);
    };
    let link = Link::new(open, place);
    let name = application_name.replace('\'', "''");
    let settings = format!("{CLEAN}; {settings}; set application_name = '{name}'");
    // What it knew of enums and composite types may have changed.
    link.client().clear_type_cache();
    match tokio::time::timeout(RESET_TIMEOUT, set_up(link.open(), &settings)).await {
        Ok(Ok(())) => Ok(link),
        Ok(Err(_)) | Err(_) => Err(link.give_up()),
    }
}

/// Tries what `sslmode` allows, in libpq's order.
async fn open(dsn: &Arc<Dsn>, application_name: &str) -> Result<Open, SourceError> {
    let connector = {
        let dsn = Arc::clone(dsn);
        tokio::task::spawn_blocking(move || tls::connector(&dsn))
            .await
            .map_err(|_| {
                SourceError::new(ErrorKind::Other, "the certificates could not be read")
            })??
    };
    let mut config = dsn.config.clone();
    config.application_name(application_name);
    let (first, second) = match dsn.tls {
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
    Ok(Open::new(client, connection, connector, Arc::clone(dsn)))
}

async fn set_up(open: &Open, settings: &str) -> Result<(), SourceError> {
    // Sent together, for one round trip.
    let set = open.client.batch_execute(settings);
    let (set, ()) = futures::join!(set, watch_us(&open.client, &open.server_version));
    set.map_err(|error| classify::session_error(&error))
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
