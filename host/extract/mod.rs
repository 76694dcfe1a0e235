//! Moves the data: one job, from its last checkpoint to its end. Never decides when or whether a job runs (see `dispatch`).
//!
//! The invariant: rows and their cursor become durable in one act (`commit`), so a job that is cut off anywhere and
//! started again repeats nothing and loses nothing.

mod commit;
mod destination;
mod job;
mod late;
mod read;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::connection::Connections;
use crate::kb::Lake;
use crate::model::failure::Failure;
use crate::model::job::Job;
use crate::model::pacing::Pacing;
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
    /// Rows are committed this long after they were read, at the latest.
    pub commit_interval: Duration,
}

/// How a running job is asked to end, or to read at another pace.
#[derive(Debug, Clone)]
pub struct Ends {
    /// The host shuts down: take a last checkpoint.
    pub shutdown: CancellationToken,
    /// It was stopped, or its lease is lost: nothing more is committed. A commit under way is brought to its end, so
    /// that its rows are counted.
    pub abandon: CancellationToken,
    /// How gently to read now. A sync's can change while its run is under way.
    pub pacing: watch::Receiver<Pacing>,
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
    /// The job is not ours any more.
    Abandoned,
}

impl Extractor {
    /// Runs a job until it ends or is asked to end. Dropping the future is safe at any point: the
    /// source's statement is cancelled, and what was not committed never becomes visible.
    pub async fn run(&self, lease: &Lease, job: &Job, ends: &Ends) -> Outcome {
        job::run(self, lease, job, ends).await
    }
}
