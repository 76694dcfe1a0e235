//! The operator's `connections.json`. Read anew at every use, so a change needs no restart and no watcher:
//! the file is small. Only the places under `max_sessions`, and the sessions that rest, outlive a reading.

use std::collections::HashMap;
use std::mem::{self, Discriminant};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json};
use tokio::sync::Semaphore;

use super::ConnectionEntry;
use super::entry::{self, Dsn, Entry, Surroundings};
use super::session::Session;
use super::{files, postgres, sql_server, sqlite};
use crate::model::pacing::Isolation;
use crate::model::source::{ErrorKind, SourceError};

/// The operator's `connections.json`, read again when it changes.
pub struct Connections {
    file: PathBuf,
    kept: Mutex<HashMap<String, Kept>>,
}

/// What outlives a reading, of one connection.
#[derive(Clone)]
struct Kept {
    /// What its places were made for.
    kind: Discriminant<Dsn>,
    bound: usize,
    /// The free ones.
    places: Arc<Semaphore>,
    resting: Arc<postgres::Resting>,
}

impl Kept {
    fn new(kind: Discriminant<Dsn>, bound: usize) -> Self {
        let places = Arc::new(Semaphore::new(bound));
        Self {
            kind,
            bound,
            resting: Arc::new(postgres::Resting::new(Arc::clone(&places))),
            places,
        }
    }
}

impl Connections {
    /// Never fails: a missing or broken file is an answer of [`Connections::entries`] and of every connect.
    pub fn open(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            kept: Mutex::default(),
        }
    }

    /// All entries in the order of their names; none when the whole file cannot be used.
    pub fn entries(&self) -> Vec<ConnectionEntry> {
        let entries = self.read().unwrap_or_default();
        entries
            .iter()
            .map(|(name, entry)| self.describe(name, entry))
            .collect()
    }

    /// The entry of that name.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub fn entry(&self, connection_ref: &str) -> Result<ConnectionEntry, SourceError> {
        let entry = self.find(connection_ref)?;
        Ok(self.describe(connection_ref, &entry))
    }

    /// Why the whole file cannot be used, if so.
    pub fn problem(&self) -> Option<String> {
        self.read().err()
    }

    /// Opens a session, waiting for a free place under the entry's `max_sessions`.
    /// `application_name` is what the source's operator sees, e.g. `sluice/<job>`. The isolation is SQL Server's.
    ///
    /// # Errors
    /// `NotFound` for an unknown name, `InvalidRequest` for an entry that cannot be used, and what the server says.
    pub async fn connect(
        &self,
        connection_ref: &str,
        application_name: &str,
        isolation: Isolation,
    ) -> Result<Session, SourceError> {
        let entry = self.usable(connection_ref)?;
        let kept = self.kept(
            connection_ref,
            mem::discriminant(&entry.dsn),
            entry.max_sessions,
        );
        let place = kept.places.acquire_owned().await.map_err(|_| {
            SourceError::new(
                ErrorKind::Other,
                "the places of a connection were taken away",
            )
        })?;
        let timeout = entry.statement_timeout;
        match entry.dsn {
            Dsn::Postgres(dsn) => {
                postgres::connect(dsn, timeout, application_name, place, &kept.resting).await
            }
            Dsn::SqlServer(dsn) => {
                sql_server::connect(dsn, timeout, isolation, application_name, place).await
            }
            Dsn::Sqlite(dsn) => sqlite::connect(dsn, timeout, place).await,
            Dsn::Files(dsn) => files::connect(dsn, timeout, place).await,
        }
    }

    fn describe(&self, name: &str, entry: &Json) -> ConnectionEntry {
        let problem = self
            .resolve(entry)
            .err()
            .map(|problem| sentence(name, &problem));
        ConnectionEntry {
            name: name.to_owned(),
            kind: entry::kind_of(entry).to_owned(),
            problem,
        }
    }

    fn usable(&self, name: &str) -> Result<Entry, SourceError> {
        let entry = self.find(name)?;
        self.resolve(&entry).map_err(|problem| {
            SourceError::new(ErrorKind::InvalidRequest, sentence(name, &problem))
        })
    }

    fn resolve(&self, entry: &Json) -> Result<Entry, String> {
        let folder = self.file.parent().unwrap_or(Path::new(""));
        entry::read(
            entry,
            &Surroundings {
                folder,
                variable: &|name| std::env::var(name).ok(),
            },
        )
    }

    fn find(&self, name: &str) -> Result<Json, SourceError> {
        let mut entries = self
            .read()
            .map_err(|problem| SourceError::new(ErrorKind::InvalidRequest, problem))?;
        entries.remove(name).ok_or_else(|| {
            let message = format!(
                "there is no connection \"{name}\" in connections.json; add it or use another"
            );
            SourceError::new(ErrorKind::NotFound, message)
        })
    }

    /// The same as before unless the kind or the bound changed; then sessions that work or rest are no longer counted.
    fn kept(&self, name: &str, kind: Discriminant<Dsn>, bound: usize) -> Kept {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let of_name = kept
            .entry(name.to_owned())
            .or_insert_with(|| Kept::new(kind, bound));
        if (of_name.kind, of_name.bound) != (kind, bound) {
            *of_name = Kept::new(kind, bound);
        }
        of_name.clone()
    }

    fn read(&self) -> Result<Map<String, Json>, String> {
        let text = std::fs::read(&self.file).map_err(|error| {
            let kind = error.kind();
            format!("connections.json cannot be read ({kind}); create it at the place that the configuration names")
        })?;
        match serde_json::from_slice(&text) {
            Ok(Json::Object(entries)) => Ok(entries),
            Ok(_) => Err("connections.json is not an object of connections; start it with {\"name\": {\"kind\": …".to_owned()),
            // Without the library's words: they may quote the text.
            Err(error) => Err(format!(
                "connections.json is not JSON at line {}, column {}; correct it there, it is read again at once",
                error.line(),
                error.column()
            )),
        }
    }
}

fn sentence(name: &str, problem: &str) -> String {
    format!("the connection \"{name}\" in connections.json cannot be used: {problem}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(text: &str) -> (tempfile::TempDir, Connections) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connections.json");
        std::fs::write(&file, text).unwrap();
        (folder, Connections::open(&file))
    }

    #[test]
    fn a_broken_entry_disables_only_itself() {
        let (_folder, connections) = connections(
            r#"{"bad": {"kind": "postgres", "dsn": "canary"}, "good": {"kind": "postgres", "dsn": "host=h user=u"}}"#,
        );
        let entries = connections.entries();
        assert_eq!(
            entries
                .iter()
                .map(|entry| entry.name.as_str())
                .collect::<Vec<_>>(),
            ["bad", "good"]
        );
        assert_eq!(entries[0].kind, "postgres");
        let problem = entries[0].problem.as_deref().unwrap();
        assert!(
            problem.contains("\"bad\"") && !problem.contains("canary"),
            "{problem}"
        );
        assert_eq!(entries[1].problem, None);
        assert_eq!(
            connections.entry("none").unwrap_err().kind,
            ErrorKind::NotFound
        );
    }

    #[test]
    fn a_file_that_is_not_json_says_where() {
        let (_folder, connections) = connections("{\n  \"a\": {\"dsn\": \"canary\" \"x\"}\n}");
        let problem = connections.problem().unwrap();
        assert!(problem.contains("line 2, column 25"), "{problem}");
        assert!(!problem.contains("canary"), "{problem}");
        assert!(connections.entries().is_empty());
        assert_eq!(
            connections.entry("a").unwrap_err().kind,
            ErrorKind::InvalidRequest
        );
    }

    #[test]
    fn a_missing_file_is_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let connections = Connections::open(&folder.path().join("connections.json"));
        assert!(connections.problem().unwrap().contains("cannot be read"));
    }

    #[test]
    fn a_change_counts_at_the_next_use() {
        let (folder, connections) = connections("{}");
        assert!(connections.entries().is_empty());
        std::fs::write(folder.path().join("dsn"), "host=h user=u password=p\n").unwrap();
        let entry = r#"{"a": {"kind": "postgres", "dsn": {"file": "dsn"}}}"#;
        std::fs::write(folder.path().join("connections.json"), entry).unwrap();
        assert_eq!(connections.entry("a").unwrap().problem, None);
    }

    #[test]
    fn places_survive_until_their_number_changes() {
        let (_folder, connections) = connections("{}");
        let postgres = Dsn::Postgres(postgres::Dsn::parse("host=h user=u").unwrap());
        let kind = mem::discriminant(&postgres);
        let first = connections.kept("a", kind, 2).places;
        assert!(Arc::ptr_eq(&first, &connections.kept("a", kind, 2).places));
        assert_eq!(connections.kept("a", kind, 3).places.available_permits(), 3);
    }
}
