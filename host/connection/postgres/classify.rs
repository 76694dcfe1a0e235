//! What went wrong on a connection, in words for an operator: SQLSTATE or I/O error → kind and sentence.
//! Addresses, users, passwords and database names stay out; of a server's message only the primary line passes.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::super::stream::lost;
use crate::model::source::{ErrorKind, SourceError};

/// Trouble with an open session.
pub fn session_error(error: &Error) -> SourceError {
    match error.as_db_error() {
        Some(error) => server_error(error),
        None => transport_error(error),
    }
}

/// No answer came in time, though the server had its own timeout.
pub fn silence() -> SourceError {
    let message = "the server did not answer in time; check its load and the network, or raise statement_timeout_ms";
    SourceError::new(ErrorKind::Timeout, message)
}

fn server_error(error: &DbError) -> SourceError {
    let code = error.code().code();
    let (kind, own_words) = sentence(code, error.message());
    let message = own_words.map_or_else(|| error.message().to_owned(), str::to_owned);
    let classified = SourceError::new(kind, message).with_code(code);
    match named_column(error) {
        Some(column) => classified.with_column(column),
        None => classified,
    }
}

/// The kind of a SQLSTATE; words of ours where the server's would name a user or an address, or say too little.
fn sentence(code: &str, message: &str) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::*;
    match code {
        "28P01" => (
            PermissionDenied,
            Some("the server refused the user name or the password of the DSN"),
        ),
        "28000" => (
            PermissionDenied,
            Some(
                "the server lets this user not in from this host (pg_hba.conf), or only with another sslmode",
            ),
        ),
        "3D000" => (
            NotFound,
            Some("the database that the DSN names does not exist on the server"),
        ),
        "42P01" | "42703" | "3F000" | "42704" | "42883" => (NotFound, None),
        "42501" => (PermissionDenied, None),
        "40001" if message.contains("recovery") => (
            Conflict,
            Some("the replica needed to remove rows that were being read; it is tried again"),
        ),
        "57014" if message.contains("statement timeout") => (
            Timeout,
            Some(
                "the statement ran longer than statement_timeout_ms; raise it, or read with an index",
            ),
        ),
        "57014" => (Timeout, Some("the statement was cancelled on the server")),
        "55P03" => (
            Timeout,
            Some("a lock on the table was not granted in time; something else holds it"),
        ),
        "25P03" => (
            Timeout,
            Some("the server ended the session because it was idle for too long"),
        ),
        "53300" => (
            Unavailable,
            Some("the server has no connection left; lower max_sessions or raise its limit"),
        ),
        "57P01" => (Unavailable, Some("the server ended the session")),
        "57P02" => (Unavailable, Some("the server crashed and restarts")),
        "57P03" => (
            Unavailable,
            Some("the server does not accept connections now: it starts, stops or recovers"),
        ),
        "25006" => (
            InvalidRequest,
            Some("the statement would write; connections are read-only"),
        ),
        "0A000" => (Unsupported, None),
        _ => (class(code), None),
    }
}

fn class(code: &str) -> ErrorKind {
    match code.get(..2).unwrap_or_default() {
        "08" | "53" | "57" | "58" => ErrorKind::Unavailable,
        "28" => ErrorKind::PermissionDenied,
        "40" => ErrorKind::Conflict,
        "22" => ErrorKind::InvalidRequest,
        "25" | "26" | "34" | "42" | "2F" => ErrorKind::InvalidRequest,
        "54" => ErrorKind::LimitExceeded,
        _ => ErrorKind::Other,
    }
}

/// The column concerned: a field of the message, else what an English `column "x" does not exist` names.
fn named_column(error: &DbError) -> Option<String> {
    if let Some(column) = error.column() {
        return Some(column.to_owned());
    }
    (error.code().code() == "42703")
        .then(|| column_in(error.message()))
        .flatten()
}

fn column_in(message: &str) -> Option<String> {
    let name = message
        .strip_prefix("column ")?
        .strip_suffix(" does not exist")?;
    match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(quoted) => Some(quoted.to_owned()),
        None => name
            .rsplit('.')
            .next()
            .map(|name| name.trim_matches('"').to_owned()),
    }
}

fn transport_error(error: &Error) -> SourceError {
    let words = error.to_string();
    if words.starts_with("error performing TLS handshake") {
        return tls_error(error);
    }
    if words.starts_with("authentication error") || words.starts_with("invalid configuration") {
        return authentication_error(error);
    }
    if words.starts_with("expected") || words.starts_with("error serializing") {
        let message = "the statement does not take these parameters";
        return SourceError::new(ErrorKind::InvalidRequest, message);
    }
    if let Some(tls) = find::<rustls::Error>(error) {
        return SourceError::new(ErrorKind::Unavailable, certificate_sentence(tls));
    }
    match find::<io::Error>(error) {
        Some(io) if words.starts_with("error connecting") => connect_error(io),
        _ => lost(),
    }
}

fn connect_error(error: &io::Error) -> SourceError {
    let sentence = match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            "nothing listens at the host and port of the DSN; is the server running?"
        }
        io::ErrorKind::NotFound => {
            "there is no server socket where the DSN says; is the server running?"
        }
        io::ErrorKind::TimedOut => return connect_timeout(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the host of the DSN cannot be reached from here; check the network"
        }
        io::ErrorKind::PermissionDenied => {
            "the server is not in the state that target_session_attrs asks for"
        }
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
            "the server closed the connection at once"
        }
        // A failed name lookup has no kind of its own.
        _ => "the host name of the DSN is not known; check its spelling and the name service",
    };
    SourceError::new(ErrorKind::Unavailable, sentence)
}

/// No session within the connect timeout.
pub fn connect_timeout() -> SourceError {
    let message = "the server of the DSN did not answer within the connect timeout; check the network and firewalls";
    SourceError::new(ErrorKind::Timeout, message)
}

fn authentication_error(error: &Error) -> SourceError {
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    let sentence = match cause.as_str() {
        "password missing" => "the server asks for a password and the DSN has none",
        "server did not use channel binding" => {
            "the server does no channel binding, which the DSN requires"
        }
        "unsupported authentication method" | "unsupported SASL mechanism" => {
            "the server asks for a kind of authentication that this host does not do; use SCRAM, md5 or password"
        }
        _ => "the server could not be convinced of the user and the password of the DSN",
    };
    SourceError::new(ErrorKind::PermissionDenied, sentence)
}

fn tls_error(error: &Error) -> SourceError {
    let sentence = match find::<rustls::Error>(error) {
        Some(tls) => certificate_sentence(tls),
        None if error
            .source()
            .is_some_and(|cause| cause.to_string() == "server does not support TLS") =>
        {
            "the server does no TLS, which sslmode requires; turn it on there or lower sslmode"
        }
        None => "the TLS handshake with the server failed",
    };
    SourceError::new(ErrorKind::Unavailable, sentence)
}

fn certificate_sentence(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError as Bad;
    let rustls::Error::InvalidCertificate(bad) = error else {
        return "the TLS handshake with the server failed";
    };
    match bad {
        Bad::UnknownIssuer => {
            "the server's certificate is not signed by a trusted authority; name its CA file in sslrootcert"
        }
        Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
            "the server's certificate is for another host name; use the name it was made for, or sslmode=verify-ca"
        }
        Bad::Expired | Bad::ExpiredContext { .. } => "the server's certificate has expired",
        Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet"
        }
        _ => "the server's certificate was refused",
    }
}

/// The first cause of that type. Errors wrapped in an `io::Error` are not among its sources but inside it.
fn find<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_missing_column_is_named() {
        assert_eq!(
            column_in("column \"a.b\" does not exist").as_deref(),
            Some("a.b")
        );
        assert_eq!(column_in("column t.x does not exist").as_deref(), Some("x"));
        assert_eq!(column_in("relation \"x\" does not exist"), None);
    }

    #[test]
    fn codes_say_who_can_mend_it() {
        assert_eq!(
            sentence("57014", "canceling statement due to statement timeout").0,
            ErrorKind::Timeout
        );
        assert_eq!(
            sentence("40P01", "deadlock detected").0,
            ErrorKind::Conflict
        );
        assert_eq!(sentence("08006", "").0, ErrorKind::Unavailable);
        assert_eq!(sentence("25001", "").0, ErrorKind::InvalidRequest);
        assert_eq!(sentence("22P02", "").0, ErrorKind::InvalidRequest);
        assert_eq!(sentence("XX000", "").0, ErrorKind::Other);
    }
}
