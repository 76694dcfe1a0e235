//! One socket to a server of any engine, or an open file of SQLite, and a statement that runs on it. The only place that
//! asks which engine it is.
//! Dropping a link ends its server session: what runs is cancelled, the socket is closed, and only then is the place
//! under `max_sessions` free again. (One of Postgres on which nothing runs rests first: `postgres/resting.rs`.)

use std::sync::Arc;
use std::time::Duration;

use super::stream::lost;
use super::{postgres, sql_server, sqlite};
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError};
use crate::model::value::Value;

/// A connected client of one of the engines.
pub enum Link {
    Postgres(Box<postgres::Link>),
    SqlServer(Box<sql_server::Link>),
    Sqlite(Box<sqlite::Link>),
}

/// How a statement is bounded in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// As a whole.
    Page,
    /// By the wait for each row.
    Stream,
}

/// One statement of a plugin, which is hostile text.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    pub sql: &'a str,
    pub params: &'a [Value],
    pub span: Span,
    pub timeout: Duration,
}

/// What an answer may be at most.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub rows: usize,
    pub bytes: usize,
}

impl Limit {
    /// # Errors
    /// `LimitExceeded` for more than this.
    pub fn check(self, rows: usize, bytes: usize) -> Result<(), SourceError> {
        if rows <= self.rows && bytes <= self.bytes {
            return Ok(());
        }
        let bound = match self.rows {
            usize::MAX => format!("{} bytes", self.bytes),
            rows => format!("{rows} rows or {} bytes", self.bytes),
        };
        let message = format!("the answer is larger than {bound}; ask for less at a time");
        Err(SourceError::new(ErrorKind::LimitExceeded, message))
    }
}

/// Why reading ended early.
pub enum End {
    /// The server ended the statement, or is gone.
    Server(SourceError),
    /// We did, in the middle of it.
    Ours(SourceError),
}

impl From<End> for SourceError {
    fn from(end: End) -> Self {
        match end {
            End::Server(error) | End::Ours(error) => error,
        }
    }
}

/// A statement whose rows arrive. After the last one [`Link::finish`] ends it.
pub enum Reading<'a> {
    Postgres(Box<postgres::Reading>),
    SqlServer(Box<sql_server::Reading<'a>>),
    Sqlite(Box<sqlite::Reading>),
}

impl Link {
    /// Starts a statement. After an error [`Link::settle`] tells whether the link can go on.
    pub async fn start(&mut self, statement: &Statement<'_>) -> Result<Reading<'_>, SourceError> {
        Ok(match self {
            Self::Postgres(link) => {
                Reading::Postgres(Box::new(postgres::Reading::start(link, statement).await?))
            }
            Self::SqlServer(link) => {
                Reading::SqlServer(Box::new(sql_server::Reading::start(link, statement).await?))
            }
            Self::Sqlite(link) => {
                Reading::Sqlite(Box::new(sqlite::Reading::start(link, statement).await?))
            }
        })
    }

    /// Ends a statement that was read to its last row.
    pub async fn finish(&mut self) -> Result<(), SourceError> {
        match self {
            Self::Postgres(link) => postgres::finish(link).await,
            Self::SqlServer(link) => {
                link.running = false;
                Ok(())
            }
            Self::Sqlite(link) => match link.settle().await {
                true => Ok(()),
                false => Err(lost()),
            },
        }
    }

    /// After an error of the server: whether the link can be used for another statement.
    pub async fn settle(&mut self) -> bool {
        match self {
            Self::Postgres(link) => !link.running || postgres::finish(link).await.is_ok(),
            Self::SqlServer(link) => !link.running,
            Self::Sqlite(link) => link.settle().await,
        }
    }

    /// The whole answer as one batch.
    pub async fn page(&mut self, statement: &Statement<'_>, limit: Limit) -> Result<Batch, End> {
        let mut reading = self.start(statement).await.map_err(End::Server)?;
        while reading.next().await? {
            limit
                .check(reading.rows(), reading.bytes())
                .map_err(End::Ours)?;
        }
        reading.finish().map_err(End::Ours)
    }

    /// The whole answer as values.
    pub async fn values(
        &mut self,
        statement: &Statement<'_>,
        limit: Limit,
    ) -> Result<Vec<Vec<Value>>, End> {
        match self {
            // It would have to be asked first what the columns of a batch are.
            Self::SqlServer(link) => return sql_server::values(link, statement, limit).await,
            // Columns of a batch have one type, its values each their own.
            Self::Sqlite(link) => return sqlite::values(link, statement, limit).await,
            Self::Postgres(_) => {}
        }
        let batch = self.page(statement, limit).await?;
        let columns: Vec<usize> = (0..batch.columns.len()).collect();
        // The server has nothing more to say, whatever a value is.
        (0..batch.num_rows())
            .map(|row| batch.values(row, &columns).map_err(End::Server))
            .collect()
    }
}

impl Reading<'_> {
    pub fn columns(&self) -> &Arc<[Column]> {
        match self {
            Self::Postgres(reading) => reading.decoder.columns(),
            Self::SqlServer(reading) => reading.decoder.columns(),
            Self::Sqlite(reading) => reading.decoder.columns(),
        }
    }

    /// Rows since the last batch.
    pub fn rows(&self) -> usize {
        match self {
            Self::Postgres(reading) => reading.decoder.rows(),
            Self::SqlServer(reading) => reading.decoder.rows(),
            Self::Sqlite(reading) => reading.decoder.rows(),
        }
    }

    /// About how many bytes those rows take.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Postgres(reading) => reading.decoder.bytes(),
            Self::SqlServer(reading) => reading.decoder.bytes(),
            Self::Sqlite(reading) => reading.decoder.bytes(),
        }
    }

    /// Decodes the next row. False after the last, and only then.
    pub async fn next(&mut self) -> Result<bool, End> {
        match self {
            Self::Postgres(reading) => reading.next().await,
            Self::SqlServer(reading) => reading.next().await,
            Self::Sqlite(reading) => reading.next().await,
        }
    }

    /// The rows since the last batch.
    pub fn finish(&mut self) -> Result<Batch, SourceError> {
        match self {
            Self::Postgres(reading) => reading.finish(),
            Self::SqlServer(reading) => reading.finish(),
            Self::Sqlite(reading) => reading.finish(),
        }
    }
}
