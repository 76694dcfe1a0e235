//! Sessions lent to plugins: opened from `connections.json`, read-only, bounded per `connection_ref`.
//! Nothing that leaves this module names an address, a user or a password.

use std::path::Path;

use crate::model::batch::Batch;
use crate::model::source::{Column, SourceError};
use crate::model::value::Value;

/// What an operator sees of one entry of `connections.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionEntry {
    pub name: String,
    /// `postgres`, …; empty if the entry is too broken to say.
    pub kind: String,
    /// Why it cannot be used, and what to do.
    pub problem: Option<String>,
}

/// The operator's `connections.json`, read again when it changes.
pub struct Connections {}

impl Connections {
    /// Never fails: a missing or broken file is an answer of [`Connections::entries`] and of every connect.
    pub fn open(_file: &Path) -> Self {
        todo!()
    }

    pub fn entries(&self) -> Vec<ConnectionEntry> {
        todo!()
    }

    /// The entry of that name. `NotFound` when there is none.
    pub fn entry(&self, _connection_ref: &str) -> Result<ConnectionEntry, SourceError> {
        todo!()
    }

    /// Why the whole file cannot be used, if so.
    pub fn problem(&self) -> Option<String> {
        todo!()
    }

    /// Opens a session, waiting for a free place under the entry's `max_sessions`.
    /// `application_name` is what the source's operator sees, e.g. `sluice/<job>`.
    pub async fn connect(
        &self,
        _connection_ref: &str,
        _application_name: &str,
    ) -> Result<Session, SourceError> {
        todo!()
    }
}

/// One session on a source. Dropping it cancels what runs and closes the socket.
pub struct Session {}

impl Session {
    pub fn kind(&self) -> &str {
        todo!()
    }

    pub fn server_version(&self) -> &str {
        todo!()
    }

    /// A small answer. `LimitExceeded` beyond 10,000 rows or 4 MiB.
    pub async fn query(
        &mut self,
        _sql: &str,
        _params: &[Value],
    ) -> Result<Vec<Vec<Value>>, SourceError> {
        todo!()
    }

    /// One page in one short transaction. `LimitExceeded` beyond `max_bytes`.
    pub async fn fetch(
        &mut self,
        _sql: &str,
        _params: &[Value],
        _max_bytes: u64,
    ) -> Result<Batch, SourceError> {
        todo!()
    }

    /// One pass, pulled in batches. `InvalidRequest` while another stream of this session is open.
    pub async fn open(&mut self, _sql: &str, _params: &[Value]) -> Result<RowStream, SourceError> {
        todo!()
    }
}

/// A running statement. Dropping it ends the statement and the transaction.
pub struct RowStream {}

impl RowStream {
    pub fn columns(&self) -> &[Column] {
        todo!()
    }

    /// At most `max_rows` rows; none after the last. Never none because the connection broke.
    pub async fn next(&mut self, _max_rows: usize) -> Result<Option<Batch>, SourceError> {
        todo!()
    }
}
