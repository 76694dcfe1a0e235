//! One entry of `connections.json`, read by hand: the messages of a JSON library may quote what they found,
//! and that may be a DSN.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json};

use super::{files, postgres, sql_server, sqlite};

const MAX_SESSIONS: usize = 4;
const STATEMENT_TIMEOUT_MS: u64 = 60_000;
/// An operator's typing mistake, not a wish: more would exhaust any server.
const MAX_SESSIONS_MOST: u64 = 1_000;
/// What the server's setting can hold.
const STATEMENT_TIMEOUT_MOST: u64 = i32::MAX as u64;

const KEYS: [&str; 4] = ["kind", "dsn", "max_sessions", "statement_timeout_ms"];

/// Where to connect, for each kind of connection.
pub enum Dsn {
    Postgres(postgres::Dsn),
    SqlServer(sql_server::Dsn),
    Sqlite(sqlite::Dsn),
    Files(files::Dsn),
}

/// A usable entry.
pub struct Entry {
    pub dsn: Dsn,
    pub max_sessions: usize,
    pub statement_timeout: Duration,
}

/// Where the parts of a DSN that are not written in the file come from.
pub struct Surroundings<'a> {
    /// The folder of `connections.json`: relative names of files and folders start there.
    pub folder: &'a Path,
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// The kind that an entry says, if it says one that may be repeated.
pub fn kind_of(entry: &Json) -> &str {
    let kind = entry.get("kind").and_then(Json::as_str).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if kind.len() <= 40 && kind.bytes().all(plain) {
        kind
    } else {
        ""
    }
}

/// # Errors
/// What is wrong and what to do, without any part of a DSN.
pub fn read(entry: &Json, surroundings: &Surroundings<'_>) -> Result<Entry, String> {
    let fields = entry
        .as_object()
        .ok_or("it is not an object like {\"kind\": \"postgres\", \"dsn\": …}")?;
    if fields.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Err(unknown_key(fields));
    }
    if !fields.get("kind").is_some_and(Json::is_string) {
        return Err(format!("its \"kind\" is missing; {}", known_kinds()));
    }
    let parse: fn(&str, &Path) -> Result<Dsn, String> = match kind_of(entry) {
        postgres::KIND => |text, _| postgres::Dsn::parse(text).map(Dsn::Postgres),
        sql_server::KIND => |text, _| sql_server::Dsn::parse(text).map(Dsn::SqlServer),
        sqlite::KIND => |text, folder| sqlite::Dsn::parse(text, folder).map(Dsn::Sqlite),
        files::KIND => |text, folder| files::Dsn::parse(text, folder).map(Dsn::Files),
        "" => {
            return Err(format!(
                "its \"kind\" is not a kind of connection; {}",
                known_kinds()
            ));
        }
        other => {
            return Err(format!(
                "its kind \"{other}\" is not known; {}",
                known_kinds()
            ));
        }
    };
    let max_sessions = number(
        fields,
        "max_sessions",
        MAX_SESSIONS as u64,
        MAX_SESSIONS_MOST,
    )?;
    let timeout_ms = number(
        fields,
        "statement_timeout_ms",
        STATEMENT_TIMEOUT_MS,
        STATEMENT_TIMEOUT_MOST,
    )?;
    let text = dsn_text(fields.get("dsn"), surroundings)?;
    let dsn = parse(&text, surroundings.folder)
        .map_err(|problem| format!("its dsn cannot be used: {problem}"))?;
    Ok(Entry {
        dsn,
        max_sessions: usize::try_from(max_sessions).unwrap_or(MAX_SESSIONS),
        statement_timeout: Duration::from_millis(timeout_ms),
    })
}

fn known_kinds() -> String {
    format!(
        "this host knows \"{}\", \"{}\", \"{}\" and \"{}\"",
        postgres::KIND,
        sql_server::KIND,
        sqlite::KIND,
        files::KIND
    )
}

/// Names the key only if it looks like a word: a DSN may have been typed at a wrong place.
fn unknown_key(fields: &Map<String, Json>) -> String {
    let known = KEYS.map(|key| format!("\"{key}\"")).join(", ");
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let unknown = fields
        .keys()
        .find(|key| !KEYS.contains(&key.as_str()) && key.bytes().all(plain));
    match unknown {
        Some(key) => format!("its key \"{key}\" is not known; it may have {known}"),
        None => format!("it has a key that is not known; it may have {known}"),
    }
}

fn number(fields: &Map<String, Json>, key: &str, default: u64, most: u64) -> Result<u64, String> {
    match fields.get(key) {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| format!("its \"{key}\" is not a whole number from 1 to {most}")),
    }
}

fn dsn_text(dsn: Option<&Json>, surroundings: &Surroundings<'_>) -> Result<String, String> {
    match dsn {
        Some(Json::String(text)) => expanded(text, surroundings.variable),
        Some(Json::Object(fields)) if fields.len() == 1 => {
            match fields.get("file").and_then(Json::as_str) {
                Some(file) => from_file(&surroundings.folder.join(file)),
                None => Err("its \"dsn\" is an object without \"file\"".to_owned()),
            }
        }
        Some(_) => Err("its \"dsn\" is neither a string nor {\"file\": …}".to_owned()),
        None => Err("its \"dsn\" is missing".to_owned()),
    }
}

fn from_file(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!(
            "the file that its \"dsn\" names cannot be read: {}",
            error.kind()
        )
    })?;
    Ok(text.trim().to_owned())
}

/// Replaces every `${NAME}`.
fn expanded(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after
            .split_once('}')
            .ok_or("its \"dsn\" has a \"${\" without a \"}\"")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err("its \"dsn\" has a \"${…}\" that is not the name of a variable".to_owned());
        }
        let value = variable(name).ok_or_else(|| {
            format!("the environment variable {name} of its \"dsn\" is not set; set it and start this host again")
        })?;
        whole.push_str(before);
        whole.push_str(&value);
        rest = tail;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problem(entry: &Json) -> String {
        let variable = |name: &str| (name == "PW").then(|| "canary".to_owned());
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            folder: folder.path(),
            variable: &variable,
        };
        read(entry, &surroundings).err().unwrap_or_default()
    }

    #[test]
    fn a_variable_may_stand_anywhere_in_a_dsn() {
        let dsn = "postgres://u:${PW}@h/d";
        assert_eq!(problem(&json!({"kind": "postgres", "dsn": dsn})), "");
        let variable = |name: &str| Some(name.to_lowercase());
        assert_eq!(expanded("a${B}c${D}", &variable).unwrap(), "abcd");
    }

    #[test]
    fn defaults_hold_when_nothing_is_said() {
        let surroundings = Surroundings {
            folder: Path::new("."),
            variable: &|_| None,
        };
        let entry = read(
            &json!({"kind": "postgres", "dsn": "host=h user=u"}),
            &surroundings,
        )
        .ok()
        .unwrap();
        assert_eq!(
            (entry.max_sessions, entry.statement_timeout),
            (4, Duration::from_secs(60))
        );
    }

    #[test]
    fn every_mistake_is_said_without_the_secret() {
        let dsn = "postgres://u:${PW}@h/d";
        let broken = [
            (json!("canary"), "not an object"),
            (
                json!({"kind": "postgres", "dsn": dsn, "max_session": 1}),
                "\"max_session\"",
            ),
            (
                json!({"kind": "postgres", "dsn": dsn, "postgres://u:canary@h": 1}),
                "a key that is not known",
            ),
            (json!({"kind": "oracle", "dsn": dsn}), "\"oracle\""),
            (
                json!({"kind": "oracle", "dsn": dsn}),
                "\"postgres\", \"sql_server\", \"sqlite\" and \"files\"",
            ),
            (
                json!({"kind": "sql_server", "dsn": "server=h;uid=u;pwd=${PW};pool=canary"}),
                "must be quoted",
            ),
            (
                json!({"kind": "files", "dsn": "ftp://u:${PW}@h/d"}),
                "not the path of a folder",
            ),
            (
                json!({"kind": "files", "dsn": ""}),
                "not the path of a folder",
            ),
            (
                json!({"kind": "postgres://u:canary@h", "dsn": dsn}),
                "not a kind",
            ),
            (json!({"dsn": dsn}), "missing"),
            (json!({"kind": "postgres"}), "\"dsn\" is missing"),
            (json!({"kind": "postgres", "dsn": ["canary"]}), "neither"),
            (
                json!({"kind": "postgres", "dsn": {"file": "canary.txt"}}),
                "cannot be read",
            ),
            (
                json!({"kind": "postgres", "dsn": "postgres://u:canary@${NOPE}/d"}),
                "variable NOPE",
            ),
            (json!({"kind": "postgres", "dsn": "canary ${PW"}), "without"),
            (
                json!({"kind": "postgres", "dsn": "canary ${P W}"}),
                "not the name",
            ),
            (json!({"kind": "postgres", "dsn": "${PW}"}), "neither"),
            (
                json!({"kind": "postgres", "dsn": dsn, "max_sessions": 0}),
                "max_sessions",
            ),
            (
                json!({"kind": "postgres", "dsn": dsn, "statement_timeout_ms": "canary"}),
                "statement_timeout_ms",
            ),
        ];
        for (entry, word) in broken {
            let problem = problem(&entry);
            assert!(problem.contains(word), "{entry}: {problem}");
            assert!(!problem.contains("canary"), "{problem}");
        }
    }
}
