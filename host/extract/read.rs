//! Reads ahead: a task asks the plugin for the next page while the last one is written. Pages arrive in order and are
//! never more than two ahead, so memory is flat. While a job is paced, the pace is kept here.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use crate::model::failure::{Failure, FailureKind};
use crate::model::pacing::Pacing;
use crate::pacing::Pacer;
use crate::plugin::{Page, Reader, Step};

/// A guest may ask for waits, but not for more than this at a time…
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// …nor for more than this many in a row.
const MOST_WAITS: u32 = 1_000;

/// What comes out of a reader.
#[derive(Debug)]
pub enum Read {
    Page { page: Page, throttled: Duration },
    Done { warnings: Vec<String> },
}

/// Pages that arrive while the consumer works. Dropping it ends the read and cancels the source's statement.
pub struct ReadAhead {
    pages: mpsc::Receiver<Result<Read, Failure>>,
    _task: AbortOnDropHandle<()>,
}

impl ReadAhead {
    pub fn start(reader: Reader, pacing: Pacing, batch_rows: u32) -> Self {
        // One page waits here and one is in the making: a paced job asks for its next page only when its turn has come.
        let (sender, pages) = mpsc::channel(1);
        let task = tokio::spawn(read(
            reader,
            Pacer::new(pacing, batch_rows),
            batch_rows,
            sender,
        ));
        Self {
            pages,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The next page, or the end. Cancel-safe.
    pub async fn next(&mut self) -> Result<Read, Failure> {
        match self.pages.recv().await {
            Some(read) => read,
            None => Err(Failure::new(
                FailureKind::Host,
                "reader_gone",
                "the reading task of this job ended unexpectedly",
            )),
        }
    }
}

async fn read(
    mut reader: Reader,
    mut pacer: Pacer,
    batch_rows: u32,
    pages: mpsc::Sender<Result<Read, Failure>>,
) {
    loop {
        let read = turn(&mut reader, &mut pacer, batch_rows).await;
        let is_last = !matches!(read, Ok(Read::Page { .. }));
        if pages.send(read).await.is_err() || is_last {
            return;
        }
    }
}

async fn turn(reader: &mut Reader, pacer: &mut Pacer, batch_rows: u32) -> Result<Read, Failure> {
    let (rows, throttled) = pacer.turn().await;
    let max_rows = rows.unwrap_or(batch_rows).min(batch_rows);
    for _ in 0..MOST_WAITS {
        match reader.next(max_rows).await? {
            Step::Rows(page) => {
                pacer.arrived();
                return Ok(Read::Page { page, throttled });
            }
            Step::Done { warnings } => return Ok(Read::Done { warnings }),
            Step::Wait { millis, reason } => {
                tracing::debug!(wait_ms = millis, reason, "the plugin asked to wait");
                tokio::time::sleep(Duration::from_millis(millis.into()).min(LONGEST_WAIT)).await;
            }
        }
    }
    Err(Failure::new(
        FailureKind::Plugin,
        "endless_wait",
        format!(
            "the plugin asked to wait {MOST_WAITS} times without reading a row; report this to its author"
        ),
    ))
}
