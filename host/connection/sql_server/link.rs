//! One socket to a server, and its end. A statement that was not read to its end is cancelled by an attention, and the
//! socket is closed: after a cancel the client may take the rest of one answer for the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use tiberius::{Client, QueryStream, ToSql};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_util::compat::Compat;

use super::super::link::{Span, Statement};
use super::prelogin::Watched;
use super::{classify, columns, params};
use crate::model::source::{Column, SourceError};

/// How long the server has to acknowledge a cancel, or a goodbye. Then the socket is closed without its consent.
const CANCEL_WAIT: Duration = Duration::from_secs(4);
/// Statements whose columns are kept in mind. A reader has few; a guest that has many does not fill the memory.
const DESCRIBED_MOST: usize = 64;

pub type SqlClient = Client<Compat<Watched>>;

/// A connected client.
pub struct Link {
    /// `None` only while it is dropped.
    open: Option<Open>,
    /// A statement may be running: true from before it is sent until its last row was read.
    pub running: bool,
    /// The columns of statements, by text.
    described: HashMap<String, Arc<[Column]>>,
}

struct Open {
    client: SqlClient,
    /// The place under `max_sessions`.
    permit: OwnedSemaphorePermit,
}

/// How long a statement is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    /// The end of the whole statement.
    until: Option<Instant>,
    /// For each answer of the server.
    each: Duration,
}

impl Wait {
    pub fn of(statement: &Statement<'_>) -> Self {
        Self {
            until: (statement.span == Span::Page).then(|| Instant::now() + statement.timeout),
            each: statement.timeout,
        }
    }

    /// # Errors
    /// `Timeout`; what was waited for goes on in the server until the link is dropped.
    pub async fn answer<T>(&self, answer: impl Future<Output = T>) -> Result<T, SourceError> {
        let until = self.until.unwrap_or_else(|| Instant::now() + self.each);
        tokio::time::timeout_at(until, answer)
            .await
            .map_err(|_| classify::silence())
    }
}

impl Link {
    pub fn new(client: SqlClient, permit: OwnedSemaphorePermit) -> Self {
        Self {
            open: Some(Open { client, permit }),
            running: false,
            described: HashMap::new(),
        }
    }

    /// Sends a statement and waits until its rows begin. It is running after that, and after an error from which the
    /// link cannot go on.
    pub async fn ask(
        &mut self,
        sql: &str,
        params: &[Option<String>],
        wait: Wait,
    ) -> Result<QueryStream<'_>, SourceError> {
        let Self { open, running, .. } = self;
        let client = &mut open.as_mut().expect("only drop takes it").client;
        let params: Vec<&dyn ToSql> = params.iter().map(|param| param as &dyn ToSql).collect();
        *running = true;
        match wait.answer(client.query(sql, &params)).await? {
            Ok(rows) => Ok(rows),
            Err(error) => {
                *running = !classify::goes_on(&error);
                Err(classify::session_error(&error))
            }
        }
    }

    /// Settings of the session: not as a statement, whose settings end with it.
    pub async fn set(&mut self, settings: &str, wait: Wait) -> Result<(), SourceError> {
        let client = &mut self.open.as_mut().expect("only drop takes it").client;
        self.running = true;
        let set = async { client.simple_query(settings).await?.into_results().await };
        wait.answer(set)
            .await?
            .map_err(|error| classify::session_error(&error))?;
        self.running = false;
        Ok(())
    }

    /// The columns that a statement will answer. The client does not tell precision, scale or collation.
    pub async fn describe(
        &mut self,
        sql: &str,
        params: &[Option<String>],
        wait: Wait,
    ) -> Result<Arc<[Column]>, SourceError> {
        if let Some(columns) = self.described.get(sql) {
            return Ok(Arc::clone(columns));
        }
        let about = [Some(sql.to_owned()), params::declaration(params.len())];
        let rows = self.ask(columns::DESCRIBE, &about, wait).await?;
        let rows = wait
            .answer(rows.into_row_stream().try_collect::<Vec<_>>())
            .await?
            .map_err(|error| classify::session_error(&error))?;
        self.running = false;
        let columns = columns::described(&rows)?;
        if self.described.len() >= DESCRIBED_MOST {
            self.described.clear();
        }
        self.described.insert(sql.to_owned(), Arc::clone(&columns));
        Ok(columns)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        // Without a runtime the socket closes at once.
        if let Ok(runtime) = Handle::try_current() {
            let was_running = self.running;
            runtime.spawn(async move {
                if was_running {
                    open.cancel_and_close().await;
                } else {
                    open.close().await;
                }
            });
        }
    }
}

impl Open {
    /// Says goodbye.
    async fn close(self) {
        let Self { client, permit } = self;
        let _closed_anyway = tokio::time::timeout(CANCEL_WAIT, client.close()).await;
        drop(permit);
    }

    async fn cancel_and_close(self) {
        let Self { mut client, permit } = self;
        let cancel = async {
            if client.cancel_query().await.is_err() {
                // The answer was left in the middle of a value. The attention is out by then, and before any statement
                // the client throws away what is left: to close at once would reset the connection under it.
                let _closed_anyway = client.simple_query("").await.map(drop);
            }
        };
        let _closed_anyway = tokio::time::timeout(CANCEL_WAIT, cancel).await;
        drop(client);
        drop(permit);
    }
}
