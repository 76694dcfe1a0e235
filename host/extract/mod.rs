//! Moves the data: one job, from its last checkpoint to its end. Never decides when or whether a job runs (see `dispatch`).
//!
//! The invariant: rows and their cursor become durable in one act (`commit`), so a job that is cut off anywhere and
//! started again repeats nothing and loses nothing.

mod commit;
mod job;
mod read;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::connection::Connections;
use crate::kb::Lake;
use crate::model::failure::Failure;
use crate::model::job::Job;
use crate::plugin::Registry;
use crate::store::Store;
use crate::store::jobs::Lease;

/// What an extraction works with. Cheap to clone.
#[derive(Clone)]
pub struct Extractor {
    pub store: Store,
    pub lake: Arc<Lake>,
    pub plugins: Arc<Registry>,
    pub connections: Arc<Connections>,
}

/// How a run of a job ended.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Completed {
        warnings: Vec<String>,
    },
    Failed(Failure),
    /// The host shuts down; what could be committed is.
    Interrupted,
}

impl Extractor {
    /// Runs a job until it ends or `shutdown` asks for a checkpoint. Dropping the future is safe at any point: the
    /// source's statement is cancelled, and what was not committed never becomes visible.
    pub async fn run(&self, lease: &Lease, job: &Job, shutdown: &CancellationToken) -> Outcome {
        job::run(self, lease, job, shutdown).await
    }
}
