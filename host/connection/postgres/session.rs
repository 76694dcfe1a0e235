//! A lent session: one statement at a time, each in a transaction of its own.
//! After a statement that could not be read to its end the session is spent and its socket closed.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::decode::Decoder;
use super::link::Link;
use super::statement::{self, Rows, Span};
use super::stream::RowStream;
use crate::model::batch::Batch;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

/// What a small answer may be.
const QUERY_ROWS: usize = 10_000;
const QUERY_BYTES: usize = 4 << 20;
/// A page when the caller names no bound, and the most it may name: Arrow's text offsets have 31 bits.
const FETCH_BYTES: usize = 256 << 20;
const FETCH_BYTES_MOST: u64 = 1 << 30;

/// One session on a source. Dropping it cancels what runs and closes the socket.
pub struct Session {
    server_version: String,
    statement_timeout: Duration,
    state: State,
}

enum State {
    Idle(Box<Link>),
    /// The stream sends the link back when it was read to its end.
    Streaming(oneshot::Receiver<Link>),
    Spent,
}

struct Limit {
    rows: usize,
    bytes: usize,
}

impl Session {
    pub(super) fn new(link: Link, server_version: String, statement_timeout: Duration) -> Self {
        Self {
            server_version,
            statement_timeout,
            state: State::Idle(Box::new(link)),
        }
    }

    pub fn kind(&self) -> &str {
        super::KIND
    }

    pub fn server_version(&self) -> &str {
        &self.server_version
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
        let batch = self
            .read(
                sql,
                params,
                Limit {
                    rows: QUERY_ROWS,
                    bytes: QUERY_BYTES,
                },
            )
            .await?;
        let columns: Vec<usize> = (0..batch.columns.len()).collect();
        (0..batch.num_rows())
            .map(|row| batch.values(row, &columns))
            .collect()
    }

    /// One page in one short transaction. `max_bytes` 0 means the host's own limit.
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
        self.read(
            sql,
            params,
            Limit {
                rows: usize::MAX,
                bytes,
            },
        )
        .await
    }

    /// One pass, pulled in batches.
    ///
    /// # Errors
    /// `InvalidRequest` while another stream of this session is open.
    pub async fn open(&mut self, sql: &str, params: &[Value]) -> Result<RowStream, SourceError> {
        let mut link = self.take()?;
        match statement::start(&mut link, sql, params, Span::Stream, self.statement_timeout).await {
            Ok((rows, decoder)) => {
                let (home, back) = oneshot::channel();
                self.state = State::Streaming(back);
                Ok(RowStream::spawn(link, rows, decoder, home))
            }
            Err(error) => Err(self.settle(link, error).await),
        }
    }

    async fn read(
        &mut self,
        sql: &str,
        params: &[Value],
        limit: Limit,
    ) -> Result<Batch, SourceError> {
        // Not in `self` while it works: when this future is dropped, the link goes with it and cancels what runs.
        let mut link = self.take()?;
        let started =
            statement::start(&mut link, sql, params, Span::Page, self.statement_timeout).await;
        let (mut rows, mut decoder) = match started {
            Ok(started) => started,
            Err(error) => return Err(self.settle(link, error).await),
        };
        let gathered = gather(&mut rows, &mut decoder, &limit).await;
        // Unread rows would keep the link from closing.
        drop(rows);
        match gathered {
            Ok(()) => {}
            Err(End::Server(error)) => return Err(self.settle(link, error).await),
            Err(End::Ours(error)) => return Err(error),
        }
        statement::finish(&mut link).await?;
        self.state = State::Idle(Box::new(link));
        decoder.finish()
    }

    /// After an error the server has answered: the session goes on if its transaction can be ended.
    async fn settle(&mut self, mut link: Link, error: SourceError) -> SourceError {
        let began = link.running;
        if !began || statement::finish(&mut link).await.is_ok() {
            self.state = State::Idle(Box::new(link));
        }
        error
    }

    fn take(&mut self) -> Result<Link, SourceError> {
        match std::mem::replace(&mut self.state, State::Spent) {
            State::Idle(link) => Ok(*link),
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
        }
    }
}

fn spent() -> SourceError {
    let message =
        "this connection ended with a statement that was not read to its end; open another";
    SourceError::new(ErrorKind::Unavailable, message)
}

/// Why gathering ended early.
enum End {
    /// The server ended the statement, or is gone.
    Server(SourceError),
    /// We did, in the middle of it.
    Ours(SourceError),
}

async fn gather(rows: &mut Rows, decoder: &mut Decoder, limit: &Limit) -> Result<(), End> {
    while let Some(row) = rows.next().await.map_err(End::Server)? {
        decoder.append(&row).map_err(End::Ours)?;
        if decoder.rows() > limit.rows || decoder.bytes() > limit.bytes {
            let bound = match limit.rows {
                usize::MAX => format!("{} bytes", limit.bytes),
                rows => format!("{rows} rows or {} bytes", limit.bytes),
            };
            let message = format!("the answer is larger than {bound}; ask for less at a time");
            return Err(End::Ours(SourceError::new(
                ErrorKind::LimitExceeded,
                message,
            )));
        }
    }
    Ok(())
}
