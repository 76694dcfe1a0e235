//! `sluice:source/database`, its connections and streams. Checks what the guest says, then asks the lent session.

use wasmtime::component::Resource;

use super::super::bindings::sluice::source::database::{
    Host, HostConnection, HostRowStream, Statement,
};
use super::super::bindings::sluice::source::types;
use super::super::convert;
use super::super::limits::{MAX_PARAMS, MAX_SQL_BYTES, MAX_STREAM_ROWS};
use super::{HostError, LiveBatch, State};
use crate::connection::{Folder, RowStream, Session};
use crate::model::source::ErrorKind;
use crate::model::value::Value;

/// A session as a guest sees it.
pub struct Connection {
    kind: String,
    server_version: String,
    /// None: nothing is lent, every statement is refused. Guests that need no database are tested so.
    session: Option<Session>,
}

impl Connection {
    pub fn of(session: Session) -> Self {
        Self {
            kind: session.kind().to_owned(),
            server_version: session.server_version().to_owned(),
            session: Some(session),
        }
    }

    /// A connection to nowhere.
    #[cfg(test)]
    pub fn to_nothing() -> Self {
        Self {
            kind: "postgres".into(),
            server_version: "0".into(),
            session: None,
        }
    }

    fn session(&mut self) -> Result<&mut Session, HostError> {
        self.session.as_mut().ok_or_else(|| {
            HostError::new(
                ErrorKind::Unavailable,
                "no database is behind this connection",
            )
        })
    }
}

/// The statement within bounds, in our own form.
fn checked(statement: Statement) -> Result<(String, Vec<Value>), HostError> {
    if statement.sql.len() > MAX_SQL_BYTES {
        let message = format!("a statement has at most {MAX_SQL_BYTES} bytes");
        return Err(HostError::new(ErrorKind::LimitExceeded, message));
    }
    if statement.params.len() > MAX_PARAMS {
        let message = format!("a statement has at most {MAX_PARAMS} parameters");
        return Err(HostError::new(ErrorKind::LimitExceeded, message));
    }
    let params = statement
        .params
        .into_iter()
        .map(convert::value_from_guest)
        .collect();
    Ok((statement.sql, params))
}

impl Host for State {}

impl HostConnection for State {
    fn kind(&mut self, connection: Resource<Connection>) -> wasmtime::Result<String> {
        Ok(self.table.get(&connection)?.kind.clone())
    }

    fn server_version(&mut self, connection: Resource<Connection>) -> wasmtime::Result<String> {
        Ok(self.table.get(&connection)?.server_version.clone())
    }

    async fn query(
        &mut self,
        connection: Resource<Connection>,
        statement: Statement,
    ) -> Result<Vec<Vec<types::Value>>, HostError> {
        let (sql, params) = checked(statement)?;
        self.source_calls.begin()?;
        let session = self.table.get_mut(&connection)?.session()?;
        self.waits_for_source = true;
        let answer = session.query(&sql, &params).await;
        self.waits_for_source = false;
        let rows = answer?.into_iter();
        Ok(rows
            .map(|row| row.into_iter().map(convert::value_to_guest).collect())
            .collect())
    }

    async fn fetch(
        &mut self,
        connection: Resource<Connection>,
        statement: Statement,
        max_bytes: u64,
    ) -> Result<Resource<LiveBatch>, HostError> {
        let (sql, params) = checked(statement)?;
        let left = u64::try_from(self.live.left()).unwrap_or(u64::MAX);
        let max_bytes = if max_bytes == 0 {
            left
        } else {
            max_bytes.min(left)
        };
        self.source_calls.begin()?;
        let session = self.table.get_mut(&connection)?.session()?;
        self.waits_for_source = true;
        let answer = session.fetch(&sql, &params, max_bytes).await;
        self.waits_for_source = false;
        self.push_batch(answer?)
    }

    async fn open(
        &mut self,
        connection: Resource<Connection>,
        statement: Statement,
    ) -> Result<Resource<RowStream>, HostError> {
        let (sql, params) = checked(statement)?;
        self.source_calls.begin()?;
        let session = self.table.get_mut(&connection)?.session()?;
        self.waits_for_source = true;
        let answer = session.open(&sql, &params).await;
        self.waits_for_source = false;
        Ok(self.table.push(answer?)?)
    }

    fn files(&mut self, connection: Resource<Connection>) -> Result<Resource<Folder>, HostError> {
        let folder = self.table.get_mut(&connection)?.session()?.files()?;
        Ok(self.table.push(folder)?)
    }

    fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

impl HostRowStream for State {
    fn columns(&mut self, stream: Resource<RowStream>) -> wasmtime::Result<Vec<types::Column>> {
        Ok(self
            .table
            .get(&stream)?
            .columns()
            .iter()
            .map(convert::column_to_guest)
            .collect())
    }

    async fn next(
        &mut self,
        stream: Resource<RowStream>,
        max_rows: u32,
    ) -> Result<Option<Resource<LiveBatch>>, HostError> {
        let max_rows = max_rows.clamp(1, MAX_STREAM_ROWS) as usize;
        self.source_calls.begin()?;
        let stream = self.table.get_mut(&stream)?;
        self.waits_for_source = true;
        let answer = stream.next(max_rows).await;
        self.waits_for_source = false;
        match answer? {
            Some(batch) => self.push_batch(batch).map(Some),
            None => Ok(None),
        }
    }

    fn drop(&mut self, stream: Resource<RowStream>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}
