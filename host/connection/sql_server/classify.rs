//! What went wrong on a connection, in words for an operator: the server's number or an I/O error → kind and sentence.
//! Addresses, users, passwords and rows stay out: where a message of the server would name one, it is replaced by words
//! of ours.

use std::io;

use tiberius::error::Error;

use super::super::stream::lost;
use crate::model::source::{Column, DataType, ErrorKind, SourceError};

/// From this severity on the server ends the session.
const FATAL: u8 = 20;

/// Trouble with an open session.
pub fn session_error(error: &Error) -> SourceError {
    match error {
        Error::Server(error) => server_error(error.code(), error.message()),
        Error::Io { .. } => lost(),
        Error::Utf16 | Error::Utf8 => SourceError::new(ErrorKind::Conversion, HALF_LETTER),
        _ => SourceError::new(
            ErrorKind::Unavailable,
            "the server's answer could not be read; the connection is closed and opened anew",
        ),
    }
}

const HALF_LETTER: &str =
    "a text holds half of a surrogate pair, which is no letter: clean up the value";

/// Trouble with an answer that has these columns: a text that cannot be decoded does not say which one it is in.
pub fn answer_error(error: &Error, columns: &[Column]) -> SourceError {
    if !matches!(error, Error::Utf16) {
        return session_error(error);
    }
    let texts = columns.iter().filter(|column| match column.data_type {
        DataType::Native(_) => true,
        DataType::Text => column.native_type.starts_with('n'),
        _ => false,
    });
    let names: Vec<&str> = texts.map(|column| column.name.as_str()).collect();
    let message = format!(
        "column \"{}\" holds a text with half of a surrogate pair, which is no letter: clean up the value or leave the column out",
        names.join("\" or \"")
    );
    let error = SourceError::new(ErrorKind::Conversion, message);
    match names.as_slice() {
        [only] => error.with_column(*only),
        _ => error,
    }
}

/// Whether the server has said all that it has to say and waits for the next statement.
pub fn goes_on(error: &Error) -> bool {
    matches!(error, Error::Server(error) if error.class() < FATAL)
}

/// No answer came in time. SQL Server has no timeout of its own for statements.
pub fn silence() -> SourceError {
    SourceError::new(
        ErrorKind::Timeout,
        "the statement ran longer than statement_timeout_ms and was cancelled; raise it, or read with an index",
    )
}

/// Every answer of the server by its number.
pub fn server_error(number: u32, message: &str) -> SourceError {
    let (kind, own_words) = sentence(number);
    let message = own_words.unwrap_or(message);
    let error = SourceError::new(kind, message).with_code(number.to_string());
    match (number, quoted(message)) {
        (207, Some(column)) => error.with_column(column),
        _ => error,
    }
}

/// The kind of a number; words of ours where the server's would name a user, quote a row, or say too little.
fn sentence(number: u32) -> (ErrorKind, Option<&'static str>) {
    use ErrorKind::*;
    match number {
        207 | 208 | 2812 | 4104 | 4121 | 15_151 => (NotFound, None),
        4060 | 4063 | 4064 | 911 | 945 => (
            NotFound,
            Some(
                "the server does not open the database of the DSN: it is not there, offline, or the login may not use it",
            ),
        ),
        // Said by a database that starts, recovers or fails over.
        904 | 913 | 921..=924 | 926 | 927 | 942 | 976 | 978 | 979 | 982 | 983 | 4221 => (
            Unavailable,
            Some("the database is not ready: it starts, recovers or fails over; it is tried again"),
        ),
        229 | 230 | 262 | 297 | 300 | 371 | 378 | 10_136 => (PermissionDenied, None),
        916 => (
            PermissionDenied,
            Some("the login may not use the database; make it a user of it"),
        ),
        18_456 | 18_450 | 18_452 | 18_458..=18_463 => (
            PermissionDenied,
            Some("the server refused the user name or the password of the DSN"),
        ),
        18_470 | 18_486 => (
            PermissionDenied,
            Some("the login of the DSN is disabled or locked on the server"),
        ),
        18_487 | 18_488 => (
            PermissionDenied,
            Some("the password of the DSN has expired; set a new one on the server"),
        ),
        18_451 | 17_142 | 17_147 | 17_148 | 6005 | 6006 => (
            Unavailable,
            Some("the server does not accept logins now: it starts, stops or is paused"),
        ),
        40_615 | 40_914 => (
            PermissionDenied,
            Some("the server's firewall does not let this host in"),
        ),
        1205 => (
            Conflict,
            Some("the server chose this statement as the victim of a deadlock; it is tried again"),
        ),
        1222 => (
            Timeout,
            Some(
                "a lock was not granted in time: something else writes there; see read_uncommitted, or turn row versioning on",
            ),
        ),
        601 => (
            Conflict,
            Some("rows moved while they were read without locks; it is tried again"),
        ),
        605 | 606 => (Conflict, None),
        3960 | 3961 | 3966 => (Conflict, None),
        3952 => (Unsupported, None),
        64 | 121 | 232 | 233 | 596 | 10_053 | 10_054 | 10_060 | 10_061 => (
            Unavailable,
            Some("the connection to the server was lost; it is tried again"),
        ),
        10_928 | 10_929 | 40_501 | 49_918..=49_920 => (
            Unavailable,
            Some("the server has no capacity left for this; it is tried again"),
        ),
        40_197 | 40_540 | 40_549..=40_553 | 40_613 | 40_143 | 40_166 => (
            Unavailable,
            Some("the database was moved or is being reconfigured; it is tried again"),
        ),
        701 | 802 | 8645 | 8651 | 8628 => (Unavailable, None),
        17_300 | 17_809 | 10_922 => (
            Unavailable,
            Some("the server has no connection left; lower max_sessions or raise its limit"),
        ),
        // The server quotes the value.
        220 | 244 | 245 | 248 | 295 | 529 => (
            InvalidRequest,
            Some("the statement converts a value to a type that cannot hold it"),
        ),
        241 | 242 | 293 | 8114 | 8115 | 8134 | 8169 | 9420 | 9436 | 517 => (InvalidRequest, None),
        102 | 103 | 105 | 137 | 156 | 170 | 201 | 206 | 209 | 214 | 402 | 1033 | 319 | 8117
        | 8120 | 8144 | 8145 | 8178 | 4145 | 195 => (InvalidRequest, None),
        3906 | 3908 | 10_314 => (InvalidRequest, None),
        191 | 8623 | 8632 | 8631 | 1105 | 1204 => (LimitExceeded, None),
        _ => (Other, None),
    }
}

/// What stands between the first two quotes.
fn quoted(message: &str) -> Option<&str> {
    message.split('\'').nth(1)
}

/// Why no session came about.
pub fn connect_error(error: &Error) -> SourceError {
    let sentence = match error {
        Error::Server(error) => return server_error(error.code(), error.message()),
        Error::Tls(message) => return tls_error(message),
        Error::Io { kind, message } => return io_error(*kind, message),
        Error::Protocol(message) if message.contains("encryption level") => {
            return SourceError::new(ErrorKind::Unavailable, NO_TLS);
        }
        Error::Conversion(message) if message.to_ascii_lowercase().contains("browser") => {
            let message = "instance not found: the SQL Server Browser of the host of the DSN knows no such instance, or does not answer; name the port instead";
            return SourceError::new(ErrorKind::NotFound, message);
        }
        Error::Routing { .. } => "the server sent us on twice; name the server itself in the DSN",
        _ => "the server did not answer as a SQL Server; check the host and the port of the DSN",
    };
    SourceError::new(ErrorKind::Unavailable, sentence)
}

/// No TLS where the DSN wants some.
pub const NO_TLS: &str = "the server has no TLS, which the DSN asks for; turn it on there, or accept a password in clear with Encrypt=DANGER_PLAINTEXT";

fn tls_error(message: &str) -> SourceError {
    let sentence = if message.contains("UnknownIssuer") {
        "the server's certificate is not trusted: it is not signed by a known authority; name its CA file in TrustServerCertificateCA, or accept any with TrustServerCertificate=true"
    } else if message.contains("NotValidForName") || message.contains("not valid for name") {
        "the server's certificate is not trusted: it is for another host name; say which in HostNameInCertificate, or accept any with TrustServerCertificate=true"
    } else if message.contains("xpired") {
        "the server's certificate is not trusted: it has expired; renew it, or accept any with TrustServerCertificate=true"
    } else if message.contains("certificate was rejected") {
        "the server's certificate is not trusted; name its CA file in TrustServerCertificateCA, or accept any with TrustServerCertificate=true"
    } else if message.contains("no usable CA") || message.contains("platform certificates") {
        "this host has no system certificates; install ca-certificates or name a file in TrustServerCertificateCA"
    } else {
        "the TLS handshake with the server failed"
    };
    SourceError::new(ErrorKind::Unavailable, sentence)
}

fn io_error(kind: io::ErrorKind, message: &str) -> SourceError {
    let sentence = match kind {
        _ if message == NO_TLS => NO_TLS,
        io::ErrorKind::ConnectionRefused => {
            "nothing listens at the host and port of the DSN; is the server running?"
        }
        io::ErrorKind::TimedOut => return connect_timeout(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the host of the DSN cannot be reached from here; check the network"
        }
        io::ErrorKind::InvalidData => "the TLS handshake with the server failed",
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            "the server closed the connection before a session was open; it may want TLS, or be no SQL Server"
        }
        _ if message.contains("lookup") || message.contains("resolve") => {
            "the host name of the DSN cannot be resolved"
        }
        _ => "the server cannot be reached",
    };
    SourceError::new(ErrorKind::Unavailable, sentence)
}

pub fn connect_timeout() -> SourceError {
    SourceError::new(
        ErrorKind::Timeout,
        "the server did not let us in in time; check the host and port of the DSN, the network, and the server's load",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::{Failure, FailureKind};

    #[test]
    fn numbers_say_who_can_mend_it() {
        use ErrorKind::*;
        let kinds = [
            (208, NotFound),
            (207, NotFound),
            (4060, NotFound),
            (229, PermissionDenied),
            (18_456, PermissionDenied),
            (1205, Conflict),
            (3960, Conflict),
            (601, Conflict),
            (1222, Timeout),
            (40_613, Unavailable),
            (49_919, Unavailable),
            (10_929, Unavailable),
            (233, Unavailable),
            (245, InvalidRequest),
            (102, InvalidRequest),
            (50_000, Other),
        ];
        for (number, kind) in kinds {
            assert_eq!(server_error(number, "words").kind, kind, "{number}");
        }
    }

    #[test]
    fn what_passes_by_itself_is_retried() {
        for number in [
            1205, 1222, 3960, 3961, 601, 40_197, 40_501, 40_613, 49_918, 10_928, 64, 976,
        ] {
            let failure = Failure::from(server_error(number, "words"));
            assert_eq!(
                (failure.kind, failure.is_retried()),
                (FailureKind::Source, true),
                "{number}"
            );
            assert_eq!(failure.code, number.to_string());
        }
        for number in [18_456, 4060, 229, 208] {
            assert!(
                !Failure::from(server_error(number, "words")).is_retried(),
                "{number}"
            );
        }
    }

    #[test]
    fn half_a_letter_names_the_columns_that_may_hold_it() {
        let column = |name: &str, data_type, native_type: &str| Column {
            name: name.into(),
            data_type,
            nullable: true,
            native_type: native_type.into(),
        };
        let columns = [
            column("a", DataType::Decimal(5, 0), "numeric(5,0)"),
            column("b", DataType::Text, "varchar(5)"),
            column("c", DataType::Text, "nvarchar(5)"),
        ];
        let error = answer_error(&Error::Utf16, &columns);
        assert_eq!(
            (error.kind, error.column.as_deref()),
            (ErrorKind::Conversion, Some("c"))
        );
        let two = [
            columns[2].clone(),
            column("d", DataType::Native("xml".into()), "xml"),
        ];
        let error = answer_error(&Error::Utf16, &two);
        assert_eq!(error.column, None);
        assert!(error.message.contains("\"c\" or \"d\""), "{error}");
    }

    #[test]
    fn no_user_and_no_value_passes() {
        let said = [
            (18_456, "Login failed for user 'canary'."),
            (
                4060,
                "Cannot open database \"canary\" requested by the login. The login failed.",
            ),
            (
                916,
                "The server principal \"canary\" is not able to access the database \"b\".",
            ),
            (
                245,
                "Conversion failed when converting the varchar value 'canary' to data type int.",
            ),
            (
                220,
                "Arithmetic overflow error for data type tinyint, value = canary.",
            ),
        ];
        for (number, message) in said {
            let error = server_error(number, message);
            assert!(!error.message.contains("canary"), "{error}");
        }
        let error = server_error(207, "Invalid column name 'x'.");
        assert_eq!(error.column.as_deref(), Some("x"));
    }
}
