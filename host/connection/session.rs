//! A lent session: a folder, or a conversation of one statement at a time.
//! After a statement that could not be read to its end the session is spent and its socket closed.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::link::{End, Limit, Link, Span, Statement};
use super::stream::RowStream;
use super::{files, postgres, sql_server, sqlite};
use crate::model::batch::Batch;
use crate::model::pacing::Isolation;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

/// What a small answer may be.
const QUERY: Limit = Limit {
    rows: 10_000,
    bytes: 4 << 20,
};
/// A page when the caller names no bound, and the most it may name: Arrow's text offsets have 31 bits.
const FETCH_BYTES: usize = 256 << 20;
const FETCH_BYTES_MOST: u64 = 1 << 30;

/// One session on a source. Dropping it cancels what runs and closes the socket; where nothing runs, a session of Postgres
/// rests for a moment first.
pub struct Session {
    kind: &'static str,
    server_version: String,
    isolation: Option<Isolation>,
    statement_timeout: Duration,
    state: State,
}

enum State {
    Idle(Link),
    /// The stream sends the link back when it was read to its end.
    Streaming(oneshot::Receiver<Link>),
    Spent,
    /// There are no statements.
    Folder(files::Folder),
}

impl Session {
    pub(super) fn new(
        link: Link,
        server_version: String,
        isolation: Option<Isolation>,
        statement_timeout: Duration,
    ) -> Self {
        let kind = match link {
            Link::Postgres(_) => postgres::KIND,
            Link::SqlServer(_) => sql_server::KIND,
            Link::Sqlite(_) => sqlite::KIND,
        };
        Self {
            kind,
            server_version,
            isolation,
            statement_timeout,
            state: State::Idle(link),
        }
    }

    pub(super) fn of_folder(folder: files::Folder, statement_timeout: Duration) -> Self {
        Self {
            kind: files::KIND,
            server_version: "a folder".to_owned(),
            isolation: None,
            statement_timeout,
            state: State::Folder(folder),
        }
    }

    pub fn kind(&self) -> &str {
        self.kind
    }

    pub fn server_version(&self) -> &str {
        &self.server_version
    }

    /// Which rows it sees; none where the engine leaves no choice.
    pub fn isolation(&self) -> Option<Isolation> {
        self.isolation
    }

    /// The folder, where this is one.
    ///
    /// # Errors
    /// `Unsupported` for a database.
    pub fn files(&self) -> Result<files::Folder, SourceError> {
        match &self.state {
            State::Folder(folder) => Ok(folder.clone()),
            _ => {
                let message = format!("a connection of kind {} lends no files", self.kind);
                Err(SourceError::new(ErrorKind::Unsupported, message))
            }
        }
    }

    /// A small answer.
    ///
    /// # Errors
    /// `LimitExceeded` beyond 10,000 rows or 4 MiB; the session is spent then.
    pub async fn query(
        &mut self,
        sql: &str,
        params: &[Value],
    ) -> Result<Vec<Vec<Value>>, SourceError> {
        // Not in `self` while it works: when this future is dropped, the link goes with it and cancels what runs.
        let mut link = self.take()?;
        let statement = self.statement(sql, params, Span::Page);
        let answered = link.values(&statement, QUERY).await;
        self.settle(link, answered).await
    }

    /// One page. `max_bytes` 0 means the host's own limit.
    ///
    /// # Errors
    /// `LimitExceeded` beyond `max_bytes`; the session is spent then, as it is after a value that cannot be landed.
    pub async fn fetch(
        &mut self,
        sql: &str,
        params: &[Value],
        max_bytes: u64,
    ) -> Result<Batch, SourceError> {
        let bytes = match usize::try_from(max_bytes.min(FETCH_BYTES_MOST)) {
            Ok(0) | Err(_) => FETCH_BYTES,
            Ok(bytes) => bytes,
        };
        let limit = Limit {
            rows: usize::MAX,
            bytes,
        };
        let mut link = self.take()?;
        let statement = self.statement(sql, params, Span::Page);
        let answered = link.page(&statement, limit).await;
        self.settle(link, answered).await
    }

    /// One pass, pulled in batches.
    ///
    /// # Errors
    /// `InvalidRequest` while another stream of this session is open.
    pub async fn open(&mut self, sql: &str, params: &[Value]) -> Result<RowStream, SourceError> {
        let link = self.take()?;
        let (home, mut back) = oneshot::channel();
        let statement = self.statement(sql, params, Span::Stream);
        let opened = RowStream::open(link, &statement, home).await;
        if opened.is_ok() {
            self.state = State::Streaming(back);
        } else if let Ok(link) = back.try_recv() {
            self.state = State::Idle(link);
        }
        opened
    }

    fn statement<'a>(&self, sql: &'a str, params: &'a [Value], span: Span) -> Statement<'a> {
        Statement {
            sql,
            params,
            span,
            timeout: self.statement_timeout,
        }
    }

    /// Takes the link back if it can be used again.
    async fn settle<T>(
        &mut self,
        mut link: Link,
        answered: Result<T, End>,
    ) -> Result<T, SourceError> {
        match answered {
            Ok(answer) => {
                link.finish().await?;
                self.state = State::Idle(link);
                Ok(answer)
            }
            Err(End::Server(error)) => {
                if link.settle().await {
                    self.state = State::Idle(link);
                }
                Err(error)
            }
            Err(End::Ours(error)) => Err(error),
        }
    }

    fn take(&mut self) -> Result<Link, SourceError> {
        match std::mem::replace(&mut self.state, State::Spent) {
            State::Idle(link) => Ok(link),
            State::Streaming(mut back) => match back.try_recv() {
                Ok(link) => Ok(link),
                Err(TryRecvError::Empty) => {
                    self.state = State::Streaming(back);
                    let message = "a stream of this connection is open; read it to its end first";
                    Err(SourceError::new(ErrorKind::InvalidRequest, message))
                }
                Err(TryRecvError::Closed) => Err(spent()),
            },
            State::Spent => Err(spent()),
            State::Folder(folder) => {
                self.state = State::Folder(folder);
                let message = "a folder answers no statements: ask the connection for its files";
                Err(SourceError::new(ErrorKind::Unsupported, message))
            }
        }
    }
}

fn spent() -> SourceError {
    let message =
        "this connection ended with a statement that was not read to its end; open another";
    SourceError::new(ErrorKind::Unavailable, message)
}
