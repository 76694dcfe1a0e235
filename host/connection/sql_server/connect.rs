//! A DSN → a session with our settings. Never reuses a socket, never retries a server that answered, but follows it
//! once to where it sends us.

use std::path::Path;
use std::time::Duration;

use tiberius::error::Error;
use tiberius::{Client, Config, EncryptionLevel, SqlBrowser};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::compat::TokioAsyncWriteCompatExt;

use super::super::link::{Limit, Link as AnyLink, Span, Statement};
use super::super::session::Session;
use super::classify;
use super::dsn::{Dsn, Trust};
use super::link::{Link, SqlClient, Wait};
use super::prelogin::Watched;
use super::statement::values;
use crate::model::pacing::Isolation;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

/// What the session is, by the server's own word.
const WHO_AM_I: &str = "select cast(transaction_isolation_level as int), cast(serverproperty('ProductVersion') as nvarchar(128)) \
     from sys.dm_exec_sessions where session_id = @@SPID";

/// Opens a session. The permit is given back when its socket is closed.
///
/// # Errors
/// A sentence without address, user or password.
pub async fn connect(
    dsn: Dsn,
    statement_timeout: Duration,
    isolation: Isolation,
    application_name: &str,
    permit: OwnedSemaphorePermit,
) -> Result<Session, SourceError> {
    let connect_timeout = dsn.connect_timeout;
    let opening = async {
        let ca = match &dsn.trust {
            Trust::File(path) => Some(read(path).await?),
            Trust::System | Trust::Anything => None,
        };
        let client = open(&dsn, application_name, ca.as_deref()).await?;
        let mut link = Link::new(client, permit);
        let server_version = set_up(&mut link, isolation, connect_timeout).await?;
        let link = AnyLink::SqlServer(Box::new(link));
        Ok(Session::new(
            link,
            server_version,
            Some(isolation),
            statement_timeout,
        ))
    };
    match tokio::time::timeout(connect_timeout, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(classify::connect_timeout()),
    }
}

async fn read(ca: &Path) -> Result<Vec<u8>, SourceError> {
    tokio::fs::read(ca).await.map_err(|_| {
        let message = "the file of TrustServerCertificateCA cannot be read";
        SourceError::new(ErrorKind::InvalidRequest, message)
    })
}

/// A listener of an availability group may send us to another server, which is followed once.
async fn open(
    dsn: &Dsn,
    application_name: &str,
    ca: Option<&[u8]>,
) -> Result<SqlClient, SourceError> {
    match log_in(dsn, dsn.config(application_name, ca)).await {
        Err(Error::Routing { host, port }) => {
            let routed = dsn.routed_to(&host, port);
            log_in(&routed, routed.config(application_name, ca)).await
        }
        logged_in => logged_in,
    }
    .map_err(|error| classify::connect_error(&error))
}

async fn log_in(dsn: &Dsn, config: Config) -> Result<SqlClient, Error> {
    let socket = if dsn.instance.is_some() || dsn.all_addresses_at_once {
        TcpStream::connect_named(&config).await?
    } else {
        let socket = TcpStream::connect((dsn.host.as_str(), dsn.port())).await?;
        socket.set_nodelay(true)?;
        socket
    };
    let watched = match dsn.encryption {
        EncryptionLevel::Off => Watched::for_tls(socket),
        _ => Watched::not(socket),
    };
    Client::connect(config, watched.compat_write()).await
}

/// Sets what statements and their texts rest on and bounds what we may cost the server. Answers its version.
async fn set_up(
    link: &mut Link,
    isolation: Isolation,
    timeout: Duration,
) -> Result<String, SourceError> {
    let statement = Statement {
        sql: WHO_AM_I,
        params: &[],
        span: Span::Page,
        timeout,
    };
    link.set(&settings(isolation), Wait::of(&statement)).await?;
    let limit = Limit {
        rows: 1,
        bytes: 1 << 10,
    };
    let answer = values(link, &statement, limit).await?;
    link.running = false;
    match answer.first().map(Vec::as_slice) {
        Some([Value::Int(level), Value::Text(version)]) if *level == level_of(isolation) => {
            Ok(version.clone())
        }
        _ => {
            let message = "the server did not take over the isolation level of the session";
            Err(SourceError::new(ErrorKind::Unsupported, message))
        }
    }
}

fn settings(isolation: Isolation) -> String {
    let level = match isolation {
        Isolation::ReadCommitted => "READ COMMITTED",
        Isolation::ReadUncommitted => "READ UNCOMMITTED",
    };
    format!(
        "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET NOCOUNT ON; SET ARITHABORT ON; SET DATEFORMAT ymd; \
         SET TRANSACTION ISOLATION LEVEL {level}"
    )
}

/// As `sys.dm_exec_sessions` counts them.
fn level_of(isolation: Isolation) -> i64 {
    match isolation {
        Isolation::ReadUncommitted => 1,
        Isolation::ReadCommitted => 2,
    }
}
