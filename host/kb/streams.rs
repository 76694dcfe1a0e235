//! Where each stream stands, as far as the log of a table was read. The log is the truth and is read backwards; what was read
//! once is remembered, so that a stream which has been idle for 50,000 commits of others is found at once the next time.

use std::collections::HashMap;

use super::KbError;
use super::log::{Entry, Log};
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::StreamId;

/// More are not remembered: about 10 MB.
const MAX_STREAMS: usize = 20_000;

/// The newest checkpoints in a part of a log.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The versions `from..to` were read.
    from: u64,
    to: u64,
    /// None: the stream wrote, but its entry does not say how far.
    newest: HashMap<String, Option<Checkpoint>>,
}

impl Walk {
    /// The newest checkpoint of a stream at or below a version, or above it. Blocking.
    ///
    /// # Errors
    /// There is none, though the caller knows that the stream wrote.
    pub(super) fn newest(
        &mut self,
        log: &Log,
        stream: &StreamId,
        version: u64,
    ) -> Result<Checkpoint, KbError> {
        if self.newest.len() > MAX_STREAMS {
            *self = Self::default();
        }
        if self.from == self.to {
            (self.from, self.to) = (version + 1, version + 1);
        }
        while self.to <= version {
            let entry = log.read_blocking(self.to)?.ok_or_else(|| log.lost())?;
            for (stream, checkpoint) in checkpoints(&entry) {
                self.newest.insert(stream, checkpoint);
            }
            self.to += 1;
        }
        while self.from > 0 && !self.newest.contains_key(stream.as_str()) {
            let Some(entry) = log.read_blocking(self.from - 1)? else {
                break;
            };
            for (stream, checkpoint) in checkpoints(&entry) {
                self.newest.entry(stream).or_insert(checkpoint);
            }
            self.from -= 1;
        }
        let found = self.newest.get(stream.as_str()).cloned();
        found.flatten().ok_or_else(|| log.lost())
    }
}

fn checkpoints(entry: &Entry) -> impl Iterator<Item = (String, Option<Checkpoint>)> {
    entry.streams().map(|stream| {
        let own = |checkpoint: &&Checkpoint| checkpoint.stream.as_str() == stream;
        (
            stream.to_owned(),
            entry.checkpoint.as_ref().filter(own).cloned(),
        )
    })
}
