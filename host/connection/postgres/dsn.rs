//! A DSN in URL or `key=value` form → where to connect and how far to trust what answers.
//! tokio-postgres parses most of it; `sslmode` and `sslrootcert` have libpq's meaning and are taken out first.
//! No error of this module shows any part of a DSN.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Connecting includes the name lookup, TLS and authentication.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `sslmode` as libpq documents it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose certificates are trusted, where they are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    System,
    File(PathBuf),
}

/// A parsed DSN.
#[derive(Clone, PartialEq, Eq)]
pub struct Dsn {
    pub config: Config,
    pub tls: Tls,
    pub roots: Roots,
    pub connect_timeout: Duration,
}

impl Dsn {
    /// # Errors
    /// A sentence that says what is wrong without showing any of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (rest, tls_options) =
            if text.starts_with("postgres://") || text.starts_with("postgresql://") {
                split_url(text)?
            } else {
                split_pairs(text)?
            };
        let (tls, roots) = tls_options.resolve()?;
        let mut config: Config = rest.parse().map_err(|error| parse_problem(&error))?;
        check_hosts(&mut config)?;
        let over_socket = config
            .get_hosts()
            .iter()
            .all(|host| matches!(host, Host::Unix(_)));
        // libpq ignores sslmode on a Unix socket.
        let tls = if over_socket { Tls::Disable } else { tls };
        let connect_timeout = config
            .get_connect_timeout()
            .copied()
            .unwrap_or(CONNECT_TIMEOUT);
        config.connect_timeout(connect_timeout);
        config.keepalives_idle(Duration::from_secs(60));
        config.ssl_mode(SslMode::Disable);
        Ok(Self {
            config,
            tls,
            roots,
            connect_timeout,
        })
    }
}

/// The options that tokio-postgres does not know.
#[derive(Default)]
struct TlsOptions {
    mode: Option<String>,
    root: Option<String>,
}

impl TlsOptions {
    /// Keeps the option if it is one of these.
    fn take(&mut self, key: &str, value: &str) -> bool {
        match key {
            "sslmode" => self.mode = Some(value.to_owned()),
            "sslrootcert" => self.root = Some(value.to_owned()),
            _ => return false,
        }
        true
    }

    fn resolve(self) -> Result<(Tls, Roots), String> {
        let system = self.root.as_deref() == Some("system");
        let mode = match self.mode.as_deref() {
            None if system => Tls::VerifyFull,
            None => Tls::Prefer,
            Some("disable") => Tls::Disable,
            Some("allow") => Tls::Allow,
            Some("prefer") => Tls::Prefer,
            Some("require") => Tls::Require,
            Some("verify-ca") => Tls::VerifyCa,
            Some("verify-full") => Tls::VerifyFull,
            Some(_) => {
                return Err("its sslmode is none of disable, allow, prefer, require, verify-ca, verify-full".to_owned());
            }
        };
        if system && mode != Tls::VerifyFull {
            return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
        }
        match self.root {
            Some(file) if !system => {
                // libpq: "require" with a root certificate file verifies the authority.
                let mode = if mode == Tls::Require {
                    Tls::VerifyCa
                } else {
                    mode
                };
                Ok((mode, Roots::File(PathBuf::from(file))))
            }
            _ => Ok((mode, Roots::System)),
        }
    }
}

fn split_url(url: &str) -> Result<(String, TlsOptions), String> {
    let mut options = TlsOptions::default();
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), options));
    };
    let mut kept = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or("one of its options has no value")?;
        if !options.take(key, &percent_decoded(value)?) {
            kept.push(pair);
        }
    }
    let separator = if kept.is_empty() { "" } else { "?" };
    Ok((format!("{base}{separator}{}", kept.join("&")), options))
}

fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| "one of its options is not UTF-8".to_owned())
}

fn split_pairs(text: &str) -> Result<(String, TlsOptions), String> {
    let mut options = TlsOptions::default();
    let mut kept = String::new();
    let mut rest = text;
    while let Some((key, value, tail)) = next_pair(rest)? {
        if !options.take(key, &value) {
            let value = value.replace('\\', "\\\\").replace('\'', "\\'");
            kept.push_str(&format!("{key}='{value}' "));
        }
        rest = tail;
    }
    Ok((kept, options))
}

/// The next `key = value`, quotes and backslashes resolved, and what follows.
fn next_pair(text: &str) -> Result<Option<(&str, String, &str)>, String> {
    let text = text.trim_start();
    if text.is_empty() {
        return Ok(None);
    }
    let (key, rest) = text
        .split_once('=')
        .ok_or("it is neither a postgres:// URL nor a list of key=value")?;
    let key = key.trim_end();
    if key.is_empty() || key.contains(char::is_whitespace) {
        return Err("it is neither a postgres:// URL nor a list of key=value".to_owned());
    }
    let rest = rest.trim_start();
    let quoted = rest.starts_with('\'');
    let mut value = String::new();
    let mut letters = rest.char_indices().skip(usize::from(quoted));
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            '\'' if quoted => return Ok(Some((key, value, &rest[at + 1..]))),
            letter if letter.is_whitespace() && !quoted => {
                return Ok(Some((key, value, &rest[at..])));
            }
            letter => value.push(letter),
        }
    }
    if quoted {
        return Err("a quoted value in it does not end".to_owned());
    }
    Ok(Some((key, value, "")))
}

/// tokio-postgres names the option whose value is wrong, from a list of its own; everything else it says may
/// quote the text.
fn parse_problem(error: &tokio_postgres::Error) -> String {
    use std::error::Error;
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    match cause.strip_prefix("invalid value for option ") {
        Some(option) => format!("its option {option} has a value that is not allowed"),
        None => "it has an option that is not known here, or cannot be read as a DSN".to_owned(),
    }
}

fn check_hosts(config: &mut Config) -> Result<(), String> {
    if config.get_user().is_none() {
        return Err("it names no user".to_owned());
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("it names no host".to_owned());
    }
    // TLS needs a name to ask for, and the certificate may be for the address.
    if config.get_hosts().is_empty() {
        for address in config.get_hostaddrs().to_vec() {
            config.host(address.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Dsn {
        Dsn::parse(text).unwrap_or_else(|problem| panic!("{problem}"))
    }

    #[test]
    fn both_forms_say_the_same() {
        let url = parsed(
            "postgresql://u:p%40ss@h:5433/d?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3",
        );
        let pairs = parsed(
            "host = h port=5433 user=u password='p@ss' dbname=d sslmode=verify-full sslrootcert='/etc/ca.pem' connect_timeout=3",
        );
        for dsn in [url, pairs] {
            assert_eq!(dsn.config.get_user(), Some("u"));
            assert_eq!(dsn.config.get_password(), Some("p@ss".as_bytes()));
            assert_eq!(dsn.config.get_ports(), [5433]);
            assert_eq!(dsn.config.get_dbname(), Some("d"));
            assert_eq!(
                (dsn.tls, dsn.roots),
                (Tls::VerifyFull, Roots::File("/etc/ca.pem".into()))
            );
            assert_eq!(dsn.connect_timeout, Duration::from_secs(3));
        }
    }

    #[test]
    fn sslmode_means_what_libpq_means() {
        let tls = |options: &str| parsed(&format!("host=h user=u {options}")).tls;
        assert_eq!(tls(""), Tls::Prefer);
        assert_eq!(tls("sslmode=allow"), Tls::Allow);
        assert_eq!(tls("sslmode=require"), Tls::Require);
        assert_eq!(tls("sslmode=require sslrootcert=/ca"), Tls::VerifyCa);
        assert_eq!(tls("sslrootcert=system"), Tls::VerifyFull);
        assert_eq!(parsed("host=/tmp user=u sslmode=require").tls, Tls::Disable);
    }

    #[test]
    fn no_problem_shows_any_of_the_dsn() {
        let broken = [
            "postgres://u:canary@h/d?canary",
            "postgres://u:canary@h:canary/d",
            "postgres://u:canary@h/d?canary=1",
            "host=h user=u password=my canary",
            "host=h user=u password=my canary=1",
            "host=h user=u password='canary",
            "host=h user=u sslmode=canary",
            "host=h user=u sslrootcert=system sslmode=require password=canary",
            "canary",
            "host=h password=canary",
            "user=u password=canary",
        ];
        for dsn in broken {
            let problem = Dsn::parse(dsn)
                .err()
                .unwrap_or_else(|| panic!("{dsn} was taken"));
            assert!(!problem.contains("canary"), "{problem}");
        }
    }
}
