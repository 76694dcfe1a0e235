//! One pass over a statement, read ahead: a task drains and decodes the socket while the consumer writes.
//! At most two batches of the asked size wait. An end that the server did not confirm is an error, never the
//! end of rows.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::classify;
use super::decode::Decoder;
use super::link::Link;
use super::statement::{self, Rows};
use crate::model::batch::Batch;
use crate::model::source::{Column, SourceError};

/// A batch ends here even if it has fewer rows than asked for: memory is bounded for wide rows too. A reader of a table
/// without a key holds three, each with up to as much again of room to grow, and may hold 64 MiB in all.
const BATCH_BYTES: usize = 8 << 20;

/// A running statement. Dropping it ends the statement and the transaction.
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
    Rows(Batch),
    End(Result<(), SourceError>),
}

impl RowStream {
    /// Takes over the link and sends it `home` after the last row.
    pub(super) fn spawn(
        link: Link,
        rows: Rows,
        decoder: Decoder,
        home: oneshot::Sender<Link>,
    ) -> Self {
        let columns = Arc::clone(decoder.columns());
        let (wanted, asked) = watch::channel(0);
        // One batch waits here, one more in the task that cannot hand it over.
        let (out, items) = mpsc::channel(1);
        // Ends when the statement does, or when this stream or its session is dropped.
        tokio::spawn(produce(
            link,
            rows,
            Producer {
                decoder,
                asked,
                out,
            },
            home,
        ));
        Self {
            columns,
            wanted,
            items,
            rest: None,
            end: None,
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
            None => self.ended(Err(classify::lost())),
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

struct Producer {
    decoder: Decoder,
    asked: watch::Receiver<usize>,
    out: mpsc::Sender<Item>,
}

async fn produce(
    mut link: Link,
    mut rows: Rows,
    mut producer: Producer,
    mut home: oneshot::Sender<Link>,
) {
    let out = producer.out.clone();
    let pumped = tokio::select! {
        pumped = producer.pump(&mut rows) => pumped,
        // The link is dropped with a statement running: that cancels it.
        () = home.closed() => Err(classify::lost()),
        () = out.closed() => return,
    };
    // Unread rows would keep the link from closing.
    drop(rows);
    let end = match pumped {
        Ok(()) => statement::finish(&mut link).await,
        Err(error) => Err(error),
    };
    match end {
        // Before the consumer can see the end, so that it finds the session free. Without a session the link ends.
        Ok(()) => drop(home.send(link)),
        // Before waiting for a consumer that may never come.
        Err(_) => drop(link),
    }
    // A consumer that is gone does not care.
    let _ = out.send(Item::End(end)).await;
}

impl Producer {
    /// Hands over every row. Waits for the first call, which says how large batches are.
    async fn pump(&mut self, rows: &mut Rows) -> Result<(), SourceError> {
        let mut wanted = match self.asked.wait_for(|wanted| *wanted > 0).await {
            Ok(wanted) => *wanted,
            Err(_) => return Err(classify::lost()),
        };
        while let Some(row) = rows.next().await? {
            self.decoder.append(&row)?;
            if self.decoder.rows() >= wanted || self.decoder.bytes() >= BATCH_BYTES {
                self.hand_over().await?;
                wanted = *self.asked.borrow();
            }
        }
        if self.decoder.rows() > 0 {
            self.hand_over().await?;
        }
        Ok(())
    }

    async fn hand_over(&mut self) -> Result<(), SourceError> {
        let batch = self.decoder.finish()?;
        self.out
            .send(Item::Rows(batch))
            .await
            .map_err(|_| classify::lost())
    }
}
