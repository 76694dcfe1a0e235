//! Where each stream stands, as far as the log of a table was read. The log is the truth and is read backwards, over the gaps
//! that removed entries left; what was read once is remembered, so that a stream which has been idle for 50,000 commits of
//! others is found at once the next time.

use std::collections::HashMap;

use super::KbError;
use super::entry::Entry;
use super::log::Log;
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::StreamId;

/// More are not remembered: about 10 MB.
const MAX_STREAMS: usize = 20_000;

/// The newest checkpoints in a part of a log.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The versions `from..to` were read, where they had an entry.
    from: u64,
    to: u64,
    newest: HashMap<String, Newest>,
}

/// The newest entry of a stream.
#[derive(Debug)]
struct Newest {
    version: u64,
    seq: i64,
    /// None: it does not say how far the stream is.
    checkpoint: Option<Checkpoint>,
}

/// Whose checkpoint is looked for: what the state of the table at a version says about a stream.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) stream: StreamId,
    pub(super) seq: i64,
    pub(super) version: u64,
}

impl Walk {
    /// The checkpoint of the stream's newest entry at or below the version, or above it. Blocking.
    ///
    /// # Errors
    /// The entry is not there, or without a checkpoint.
    pub(super) fn newest(&mut self, log: &Log, wanted: &Wanted) -> Result<Checkpoint, KbError> {
        if self.newest.len() > MAX_STREAMS {
            *self = Self::default();
        }
        if self.from == self.to {
            (self.from, self.to) = (wanted.version + 1, wanted.version + 1);
        }
        if self.to <= wanted.version || self.found(wanted).is_none() {
            self.read(log, wanted)?;
        }
        let found = self.found(wanted).and_then(|n| n.checkpoint.clone());
        found.ok_or_else(|| log.missing(wanted.version))
    }

    fn read(&mut self, log: &Log, wanted: &Wanted) -> Result<(), KbError> {
        let there = log.listed()?.entries;
        let newer = there.partition_point(|version| *version < self.to);
        let older = there.partition_point(|version| *version < self.from);
        for version in there[newer..].iter().copied() {
            if version > wanted.version {
                break;
            }
            self.note(log, version, wanted)?;
        }
        self.to = self.to.max(wanted.version + 1);
        for version in there[..older].iter().rev().copied() {
            if self.found(wanted).is_some() {
                return Ok(());
            }
            self.note(log, version, wanted)?;
            self.from = version;
        }
        Ok(())
    }

    fn note(&mut self, log: &Log, version: u64, wanted: &Wanted) -> Result<(), KbError> {
        // Removed since it was listed: its streams have newer ones.
        let Some(entry) = log.read_blocking(version)? else {
            return Ok(());
        };
        for (stream, seq) in entry.transactions() {
            let is_newest = self.newest.get(stream).is_none_or(|n| n.version < version);
            if is_newest || (stream, seq) == (wanted.stream.as_str(), wanted.seq) {
                let checkpoint = checkpoint_of(&entry, stream);
                let newest = Newest {
                    version,
                    seq,
                    checkpoint,
                };
                self.newest.insert(stream.to_owned(), newest);
            }
        }
        Ok(())
    }

    /// An entry up to the version whose number the table does not know was put into a gap, and never counted; one with a
    /// smaller number is what somebody left who removed the newest.
    fn found(&self, wanted: &Wanted) -> Option<&Newest> {
        let newest = self.newest.get(wanted.stream.as_str())?;
        (newest.version > wanted.version || newest.seq == wanted.seq).then_some(newest)
    }
}

fn checkpoint_of(entry: &Entry, stream: &str) -> Option<Checkpoint> {
    let own = |checkpoint: &&Checkpoint| checkpoint.stream.as_str() == stream;
    entry.checkpoint.as_ref().filter(own).cloned()
}
