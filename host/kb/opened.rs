//! What is remembered of a table between two looks at it. Reads and writes nothing; what is remembered of one log means
//! nothing to another one of the same name.

use std::collections::HashMap;

use deltalake_core::DeltaTable;

use super::log::Identity;
use super::streams::Walk;
use crate::model::ids::StreamId;

/// A table as it was when it was last asked for.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) log: Identity,
    state: Option<State>,
    /// None: taken out by one who reads on.
    pub(super) walk: Option<Walk>,
}

#[derive(Debug)]
struct State {
    table: DeltaTable,
    /// The newest log checkpoint before the table was read.
    checkpointed: u64,
    /// What this version says of streams.
    seqs: HashMap<StreamId, Option<i64>>,
}

/// Up to where a log was read. The table has not changed since while the log is the same, has no entry behind the
/// version, and cannot have lost one: entries go only when there is a newer log checkpoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) log: Identity,
    pub(super) version: u64,
    pub(super) checkpointed: u64,
}

impl Opened {
    pub(super) fn new(log: Identity) -> Self {
        Self {
            log,
            state: None,
            walk: None,
        }
    }

    pub(super) fn table(&self) -> Option<DeltaTable> {
        self.state.as_ref().map(|state| state.table.clone())
    }

    pub(super) fn end(&self) -> Option<End> {
        let state = self.state.as_ref()?;
        Some(End {
            log: self.log,
            version: state.table.version()?,
            checkpointed: state.checkpointed,
        })
    }

    /// Remembers a table, unless a newer state of it is known.
    pub(super) fn remember(&mut self, table: &DeltaTable, checkpointed: u64) {
        let known = self.state.take();
        let is_newer = |known: &State| known.table.version() > table.version();
        self.state = Some(match known {
            Some(newer) if is_newer(&newer) => newer,
            known => State {
                table: table.clone(),
                checkpointed,
                seqs: known
                    .filter(|known| is_same_state(&known.table, table))
                    .map(|known| known.seqs)
                    .unwrap_or_default(),
            },
        });
    }

    /// The stream's newest number that a table knows, if somebody has asked for it.
    pub(super) fn seq(&self, table: &DeltaTable, stream: &StreamId) -> Option<Option<i64>> {
        let state = self.state.as_ref();
        let state = state.filter(|state| is_same_state(&state.table, table))?;
        state.seqs.get(stream).copied()
    }

    pub(super) fn remember_seq(&mut self, table: &DeltaTable, stream: &StreamId, seq: Option<i64>) {
        let state = self.state.as_mut();
        if let Some(state) = state.filter(|state| is_same_state(&state.table, table)) {
            state.seqs.insert(stream.clone(), seq);
        }
    }
}

/// Also a table that was made again has its versions, but not the id.
fn is_same_state(one: &DeltaTable, other: &DeltaTable) -> bool {
    let id = |table: &DeltaTable| Some(table.snapshot().ok()?.metadata().id().to_owned());
    one.version() == other.version() && id(one).is_some() && id(one) == id(other)
}
