//! How often an instance has asked its source. The conformance kit lets one of these calls fail, and every later one: a
//! source that is gone does not come back within one instance.

use super::{HostError, State};
use crate::connection::RowStream;
use crate::model::source::ErrorKind;
use crate::plugin::Held;

/// Calls to the source, of every kind.
#[derive(Default)]
pub struct SourceCalls {
    begun: u64,
    /// None: only the source itself fails.
    broken_from: Option<u64>,
}

impl SourceCalls {
    pub fn break_at(&mut self, call: u64) {
        self.broken_from = Some(call);
    }

    /// Before every call to the source.
    ///
    /// # Errors
    /// `Unavailable` where it was made to fail.
    pub fn begin(&mut self) -> Result<(), HostError> {
        let call = self.begun;
        self.begun += 1;
        match self.broken_from {
            Some(from) if call >= from => Err(HostError::new(
                ErrorKind::Unavailable,
                "the connection was cut on purpose, to see what the plugin makes of it",
            )),
            _ => Ok(()),
        }
    }
}

impl State {
    /// What the instance holds now.
    pub fn held(&mut self) -> Held {
        let mut held = Held {
            memory_bytes: self.memory.used,
            source_calls: self.source_calls.begun,
            ..Held::default()
        };
        for entry in self.table.iter_mut() {
            held.handles += 1;
            held.streams += usize::from(entry.is::<RowStream>());
        }
        held
    }
}
