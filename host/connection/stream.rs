//! One pass over a statement, read ahead: a task drains and decodes the socket while the consumer writes.
//! At most two batches of the asked size wait. An end that the server did not confirm is an error, never the
//! end of rows.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::link::{Link, Reading, Statement};
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError};

/// A batch ends here even if it has fewer rows than asked for: memory is bounded for wide rows too. A reader of a table
/// without a key holds three, each with up to as much again of room to grow, and may hold 64 MiB in all.
const BATCH_BYTES: usize = 8 << 20;

/// A running statement. Dropping it ends the statement and the link.
pub struct RowStream {
    columns: Arc<[Column]>,
    /// Rows per batch that the consumer asked for last; 0 before the first call.
    wanted: watch::Sender<usize>,
    items: mpsc::Receiver<Item>,
    /// What is left of a batch that was larger than the last call wanted.
    rest: Option<Batch>,
    end: Option<Result<(), SourceError>>,
}

enum Item {
    /// The statement has started. Once, before all others.
    Started(Arc<[Column]>),
    Rows(Batch),
    End(Result<(), SourceError>),
}

impl RowStream {
    /// Takes over the link and sends it `home` after the last row, or if the statement was refused and it can go on.
    pub(super) async fn open(
        link: Link,
        statement: &Statement<'_>,
        home: oneshot::Sender<Link>,
    ) -> Result<Self, SourceError> {
        let (wanted, asked) = watch::channel(0);
        // One batch waits here, one more in the task that cannot hand it over.
        let (out, mut items) = mpsc::channel(1);
        let (sql, params) = (statement.sql.to_owned(), statement.params.to_vec());
        let (span, timeout) = (statement.span, statement.timeout);
        // Ends when the statement does, or when this stream, its session or the future that waits here is dropped.
        tokio::spawn(async move {
            let statement = Statement {
                sql: &sql,
                params: &params,
                span,
                timeout,
            };
            produce(link, &statement, Producer { asked, out }, home).await;
        });
        match items.recv().await {
            Some(Item::Started(columns)) => Ok(Self {
                columns,
                wanted,
                items,
                rest: None,
                end: None,
            }),
            Some(Item::End(Err(error))) => Err(error),
            _ => Err(lost()),
        }
    }

    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// At most `max_rows` rows, at least one; none after the last. Never none because the connection broke.
    ///
    /// # Errors
    /// What ended the statement; the same again when asked again.
    pub async fn next(&mut self, max_rows: usize) -> Result<Option<Batch>, SourceError> {
        let max_rows = max_rows.max(1);
        self.wanted
            .send_if_modified(|wanted| std::mem::replace(wanted, max_rows) != max_rows);
        if let Some(batch) = self.rest.take() {
            return Ok(Some(self.cut(batch, max_rows)));
        }
        if let Some(end) = &self.end {
            return end.clone().map(|()| None);
        }
        match self.items.recv().await {
            Some(Item::Rows(batch)) => Ok(Some(self.cut(batch, max_rows))),
            Some(Item::End(end)) => self.ended(end),
            Some(Item::Started(_)) | None => self.ended(Err(lost())),
        }
    }

    fn ended(&mut self, end: Result<(), SourceError>) -> Result<Option<Batch>, SourceError> {
        self.end = Some(end.clone());
        end.map(|()| None)
    }

    fn cut(&mut self, batch: Batch, max_rows: usize) -> Batch {
        if batch.num_rows() <= max_rows {
            return batch;
        }
        self.rest = Some(batch.slice(max_rows, batch.num_rows() - max_rows));
        batch.slice(0, max_rows)
    }
}

/// The end of a session that was not asked for.
pub fn lost() -> SourceError {
    SourceError::new(
        ErrorKind::Unavailable,
        "the connection to the server was lost; it is tried again",
    )
}

struct Producer {
    asked: watch::Receiver<usize>,
    out: mpsc::Sender<Item>,
}

/// How far a statement came.
enum Pumped {
    Refused(SourceError),
    Broken(SourceError),
    ToTheEnd,
}

async fn produce(
    mut link: Link,
    statement: &Statement<'_>,
    mut producer: Producer,
    mut home: oneshot::Sender<Link>,
) {
    let out = producer.out.clone();
    let pumped = tokio::select! {
        pumped = producer.pump(&mut link, statement) => pumped,
        // The link is dropped with a statement running: that cancels it.
        () = home.closed() => Pumped::Broken(lost()),
        () = out.closed() => return,
    };
    let (end, goes_on) = match pumped {
        Pumped::Refused(error) => (Err(error), link.settle().await),
        Pumped::Broken(error) => (Err(error), false),
        Pumped::ToTheEnd => {
            let end = link.finish().await;
            let goes_on = end.is_ok();
            (end, goes_on)
        }
    };
    if goes_on {
        // Before the consumer can see the end, so that it finds the session free. Without a session the link ends.
        drop(home.send(link));
    } else {
        // Before waiting for a consumer that may never come.
        drop(link);
    }
    // A consumer that is gone does not care.
    let _ = out.send(Item::End(end)).await;
}

impl Producer {
    async fn pump(&mut self, link: &mut Link, statement: &Statement<'_>) -> Pumped {
        let mut reading = match link.start(statement).await {
            Ok(reading) => reading,
            Err(error) => return Pumped::Refused(error),
        };
        match self.hand_over_all(&mut reading).await {
            Ok(()) => Pumped::ToTheEnd,
            Err(error) => Pumped::Broken(error),
        }
    }

    /// Hands over every row. Waits for the first call, which says how large batches are.
    async fn hand_over_all(&mut self, reading: &mut Reading<'_>) -> Result<(), SourceError> {
        self.send(Item::Started(Arc::clone(reading.columns())))
            .await?;
        let mut wanted = match self.asked.wait_for(|wanted| *wanted > 0).await {
            Ok(wanted) => *wanted,
            Err(_) => return Err(lost()),
        };
        while reading.next().await? {
            if reading.rows() >= wanted || reading.bytes() >= BATCH_BYTES {
                self.send(Item::Rows(reading.finish()?)).await?;
                wanted = *self.asked.borrow();
            }
        }
        if reading.rows() > 0 {
            self.send(Item::Rows(reading.finish()?)).await?;
        }
        Ok(())
    }

    async fn send(&self, item: Item) -> Result<(), SourceError> {
        self.out.send(item).await.map_err(|_| lost())
    }
}
