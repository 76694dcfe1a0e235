//! The only module that knows wasmtime. Loads components, answers what they are, and runs one reader per job.
//! A guest that lies, loops, traps or allocates harms only the call it is in.
//!
//! A file settles in its `folder`, goes through the gate (`loader`, `gate`, `contract`, `cache`) and stands in the
//! `registry` as `standing` decides; a job opens a `reader`, which owns an
//! `instance` with its limits; `imports` is what the guest may call, `convert` and `build_batch` check what it says.

mod bindings;
mod bounds;
mod browse;
mod build_batch;
mod cache;
mod changes;
mod contract;
mod convert;
mod differences;
mod engine;
mod fault;
mod folder;
mod gate;
mod imports;
mod inspect;
mod instance;
mod limits;
mod listed;
mod loaded;
mod loader;
mod order;
mod probe;
mod read_column;
mod reader;
mod registry;
mod slot;
mod standing;
#[cfg(test)]
mod tests;
mod wit_type;

use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::pacing::Pacing;
use crate::model::source::Source;

pub use browse::{ColumnEntry, TableEntry};
pub use inspect::{Inspection, inspect};
pub use limits::Limits;
pub use listed::{PluginEntry, Standing};
pub use loaded::{InUse, Plugin};
pub use probe::{Held, Probe};
pub use reader::Reader;
pub use registry::Registry;

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub kind: String,
    pub version: String,
    pub connection_kinds: Vec<String>,
    /// Empty if the source has no schemas.
    pub default_schema: String,
    pub capabilities: Vec<String>,
}

/// What a reader is asked for.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    pub source: Source,
    pub resume: Option<Cursor>,
    pub pacing: Pacing,
    /// Another read goes on from this one's last cursor.
    pub continued: bool,
}

/// One page, and where it ends.
#[derive(Debug)]
pub struct Page {
    pub batch: Batch,
    /// None: cannot be resumed after this page, only after a later one.
    pub cursor: Option<Cursor>,
    /// Rows at the resumed position, some of which may have landed.
    pub boundary: bool,
}

/// What a reader answers.
#[derive(Debug)]
pub enum Step {
    Rows(Page),
    Wait { millis: u32, reason: String },
    Done { warnings: Vec<String> },
}
