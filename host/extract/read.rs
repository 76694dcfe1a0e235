//! Reads ahead: a task asks the plugin for more pages while others are written or a commit goes to the disk. Pages arrive
//! in order and wait in a bounded number of bytes, so memory is flat. While a job is paced, the pace is kept here.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::model::failure::{Failure, FailureKind};
use crate::model::pacing::{Pacing, Waited};
use crate::pacing::Pacer;
use crate::plugin::{Page, Reader, Step};

/// Pages that wait for the writer: about what a fast source sends in the 100 ms that a commit may take on a slow disk.
/// A larger page waits alone.
const WAITING_BYTES: u32 = 16 << 20;
/// The same in pages, for those that hold next to nothing.
const WAITING_PAGES: usize = 64;

/// What comes out of a reader.
#[derive(Debug)]
pub enum Read {
    Page {
        page: Page,
        waited: Waited,
    },
    Done {
        warnings: Vec<String>,
        waited: Waited,
    },
}

/// Pages that arrive while the consumer works. Dropping it ends the read and cancels the source's statement.
pub struct ReadAhead {
    pages: mpsc::Receiver<Waiting>,
    _task: AbortOnDropHandle<()>,
}

/// A page or an end, and the room that it takes until it is handed over.
struct Waiting {
    read: Result<Read, Failure>,
    _room: Option<OwnedSemaphorePermit>,
}

impl ReadAhead {
    pub fn start(reader: Reader, pacing: watch::Receiver<Pacing>, batch_rows: u32) -> Self {
        let (sender, pages) = mpsc::channel(WAITING_PAGES);
        let pacer = Pacer::new(*pacing.borrow(), batch_rows);
        let pace = Pace { pacer, pacing };
        let task = tokio::spawn(read(reader, pace, batch_rows, sender));
        Self {
            pages,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// The next page, or the end. Cancel-safe.
    pub async fn next(&mut self) -> Result<Read, Failure> {
        match self.pages.recv().await {
            Some(waiting) => waiting.read,
            None => Err(Failure::new(
                FailureKind::Host,
                "reader_gone",
                "the reading task of this job ended unexpectedly",
            )),
        }
    }
}

/// The pace, as it is asked for now.
struct Pace {
    pacer: Pacer,
    pacing: watch::Receiver<Pacing>,
}

impl Pace {
    /// As [`Pacer::turn`]; a change takes effect also in a wait that has begun.
    async fn turn(&mut self) -> (Option<u32>, Waited) {
        let start = Instant::now();
        loop {
            self.pacer.set(*self.pacing.borrow_and_update());
            tokio::select! {
                rows = self.pacer.turn() => return (rows, self.pacer.waited(start)),
                Ok(()) = self.pacing.changed() => {}
            }
        }
    }
}

async fn read(mut reader: Reader, mut pace: Pace, batch_rows: u32, pages: mpsc::Sender<Waiting>) {
    let room = Arc::new(Semaphore::new(WAITING_BYTES as usize));
    loop {
        let read = turn(&mut reader, &mut pace, batch_rows).await;
        let is_last = !matches!(read, Ok(Read::Page { .. }));
        let waiting = Waiting {
            _room: take_room(&room, &read).await,
            read,
        };
        if pages.send(waiting).await.is_err() || is_last {
            return;
        }
    }
}

/// Waits until the pages before leave enough room for this one. None for an end, which takes none.
async fn take_room(
    room: &Arc<Semaphore>,
    read: &Result<Read, Failure>,
) -> Option<OwnedSemaphorePermit> {
    let Ok(Read::Page { page, .. }) = read else {
        return None;
    };
    let bytes = u32::try_from(page.batch.memory_bytes())
        .map_or(WAITING_BYTES, |bytes| bytes.min(WAITING_BYTES));
    Arc::clone(room).acquire_many_owned(bytes).await.ok()
}

async fn turn(reader: &mut Reader, pace: &mut Pace, batch_rows: u32) -> Result<Read, Failure> {
    let (rows, mut waited) = pace.turn().await;
    let max_rows = rows.unwrap_or(batch_rows).min(batch_rows);
    // How long a guest may wait in all is the reader's to bound.
    loop {
        match reader.next(max_rows).await? {
            Step::Rows(page) => {
                pace.pacer.arrived();
                return Ok(Read::Page { page, waited });
            }
            Step::Done { warnings } => return Ok(Read::Done { warnings, waited }),
            Step::Wait { millis, reason } => {
                tracing::debug!(wait_ms = millis, reason, "the plugin asked to wait");
                waited.source_ms += u64::from(millis);
                tokio::time::sleep(Duration::from_millis(millis.into())).await;
            }
        }
    }
}
