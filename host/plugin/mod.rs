//! The only module that knows wasmtime. Loads components, answers what they are, and runs one reader per job.
//! A guest that lies, loops, traps or allocates harms only the call it is in.

use std::path::Path;
use std::sync::Arc;

use crate::connection::Session;
use crate::model::batch::Batch;
use crate::model::cursor::Cursor;
use crate::model::failure::Failure;
use crate::model::pacing::Pacing;
use crate::model::source::{Column, Source};

/// What a guest may use. Defaults are in `Limits::default`.
#[derive(Debug, Clone)]
pub struct Limits {}

/// What a plugin says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    pub kind: String,
    pub version: String,
    pub connection_kinds: Vec<String>,
    pub default_schema: String,
    pub capabilities: Vec<String>,
}

/// One loaded version of a plugin. Jobs keep the one they started with.
pub struct Plugin {}

/// A file of the plugins folder, or a built-in, and whether it serves.
#[derive(Debug, Clone)]
pub struct PluginEntry {
    /// File name, or `built in`.
    pub origin: String,
    pub description: Option<Description>,
    /// SHA-256, 64 hex digits.
    pub digest: String,
    /// Why it does not serve, and what to do.
    pub problem: Option<String>,
}

/// All loaded plugins by kind. A file of the folder overrides the built-in of the same kind.
pub struct Registry {}

impl Registry {
    /// Compiles or takes from the cache the built-in plugins and every `*.wasm` of the folder. One bad file never affects another.
    pub async fn load(_folder: &Path, _cache: &Path, _limits: Limits) -> Result<Self, Failure> {
        todo!()
    }

    pub fn entries(&self) -> Vec<PluginEntry> {
        todo!()
    }

    /// The plugin that serves a source kind now.
    pub fn get(&self, _kind: &str) -> Option<Arc<Plugin>> {
        todo!()
    }
}

impl Plugin {
    pub fn description(&self) -> &Description {
        todo!()
    }

    /// A fresh store and instance that reads one table. Consumes the session: it ends with the reader.
    pub async fn open_reader(
        self: &Arc<Self>,
        _session: Session,
        _request: ReadRequest,
    ) -> Result<Reader, Failure> {
        todo!()
    }

    /// Whether the connection works; the server's version.
    pub async fn check(self: &Arc<Self>, _session: Session) -> Result<String, Failure> {
        todo!()
    }
}

/// What a reader is asked for.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    pub source: Source,
    pub resume: Option<Cursor>,
    pub pacing: Pacing,
}

/// One page, and where it ends.
#[derive(Debug)]
pub struct Page {
    pub batch: Batch,
    /// None: cannot be resumed after this page, only after a later one.
    pub cursor: Option<Cursor>,
}

/// What a reader answers.
#[derive(Debug)]
pub enum Step {
    Rows(Page),
    Wait { millis: u32, reason: String },
    Done { warnings: Vec<String> },
}

/// One read by one instance. After an error it is spent: open another from the last checkpoint.
pub struct Reader {}

impl Reader {
    /// What every batch has. Checked against each of them.
    pub fn columns(&self) -> &[Column] {
        todo!()
    }

    pub async fn next(&mut self, _max_rows: u32) -> Result<Step, Failure> {
        todo!()
    }
}
