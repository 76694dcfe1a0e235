//! Decides WHO: claims queued jobs under a lease, keeps the leases, finishes or retries. Never moves data (see `extract`)
//! and never decides when a sync is due. A job has one holder; everything that passes between modules is in the `jobs` table.

mod backoff;
mod instance;
mod retry;
mod run;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::extract::{Ends, Extractor};
use crate::model::ids::{ConnectorId, JobId};
use crate::model::pacing::Pacing;
use crate::store::StoreError;
use crate::store::jobs::{self, Claimed, Lease};

pub use instance::Instance;

/// How often the table is looked at without being told to: for retries that fall due, and for other processes' changes.
const POLL: Duration = Duration::from_millis(500);

/// How long running jobs have for a last checkpoint when the host stops.
const GRACE: Duration = Duration::from_secs(10);

/// Claims and runs the jobs of one connector.
pub struct Dispatcher {
    pub extractor: Extractor,
    pub connector: ConnectorId,
    /// Runs no other job than this one.
    pub only: Option<JobId>,
    pub instance: Arc<Instance>,
    pub max_running: usize,
    pub max_attempts: u32,
    pub lease_time: Duration,
}

struct Running {
    lease: Lease,
    pacing: watch::Sender<Pacing>,
    /// Ends the job at once: it was stopped, or its lease is lost.
    abandon: CancellationToken,
}

impl Dispatcher {
    /// Runs jobs until `shutdown`, then lets each take a checkpoint and puts it back into the queue.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut changes = self.extractor.store.watch_jobs();
        let mut tasks = JoinSet::new();
        let mut running: HashMap<task::Id, Running> = HashMap::new();
        while !shutdown.is_cancelled() {
            let looked = self
                .turn(&mut changes, &mut tasks, &mut running, &shutdown)
                .await;
            if let Err(error) = looked {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot look for jobs"
                );
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(POLL) => {}
                () = self.room(&mut tasks, &mut running) => {}
            }
        }
        let drained =
            tokio::time::timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            // Their leases run out with this process; the next one finds them free.
            tracing::warn!(
                jobs = tasks.len(),
                "some jobs did not reach a checkpoint in time and go on from their last one"
            );
        }
    }

    /// Waits until a job ends where no other could be claimed; elsewhere its end, which the table says, is no news. Cancel-safe.
    async fn room(&self, tasks: &mut JoinSet<()>, running: &mut HashMap<task::Id, Running>) {
        loop {
            let Some(done) = tasks.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let was_full = running.len() >= self.max_running;
            forget(running, done);
            if was_full {
                return;
            }
        }
    }

    /// Looks at the rows until there is nothing to claim.
    async fn turn(
        self: &Arc<Self>,
        changes: &mut watch::Receiver<u64>,
        tasks: &mut JoinSet<()>,
        running: &mut HashMap<task::Id, Running>,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        loop {
            // Before the look, which sees what has changed up to here, our own claims as well: nobody is woken for that.
            changes.mark_unchanged();
            let store = &self.extractor.store;
            let look = jobs::look(store, &self.connector, self.only.as_ref()).await?;
            self.look_after(running, &look.running).await?;
            let is_full = running.len() >= self.max_running;
            let Some(job) = look.claimable.filter(|_| !is_full) else {
                return Ok(());
            };
            self.claim(&job, tasks, running, shutdown).await?;
        }
    }

    /// Ends jobs that are not ours any more, has the others read as gently as their syncs say now, and frees those of
    /// processes that are gone.
    async fn look_after(
        &self,
        ours: &HashMap<task::Id, Running>,
        rows: &[jobs::Running],
    ) -> Result<(), StoreError> {
        for job in ours.values() {
            let Some(row) = rows.iter().find(|row| row.lease == job.lease) else {
                job.abandon.cancel();
                continue;
            };
            if let Some(pacing) = row.pacing.filter(|pacing| *job.pacing.borrow() != *pacing) {
                job.pacing.send_replace(pacing);
            }
        }
        let owners: HashSet<_> = rows.iter().map(|row| row.owner.as_str()).collect();
        self.instance
            .expire_the_dead(&self.extractor.store, owners)
            .await
    }

    /// Takes a job and starts it, unless another process was faster.
    async fn claim(
        self: &Arc<Self>,
        job: &JobId,
        tasks: &mut JoinSet<()>,
        running: &mut HashMap<task::Id, Running>,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let (store, owner) = (&self.extractor.store, self.instance.id());
        let claimed = jobs::claim(store, job, owner, self.lease_delta()).await?;
        let Some(Claimed { lease, job, pacing }) = claimed else {
            return Ok(());
        };
        let abandon = CancellationToken::new();
        let (pacing, read_pacing) = watch::channel(pacing.unwrap_or(job.spec.pacing));
        let entry = Running {
            lease: lease.clone(),
            pacing,
            abandon: abandon.clone(),
        };
        let ends = Ends {
            shutdown: shutdown.clone(),
            abandon,
            pacing: read_pacing,
        };
        let task = tasks.spawn(Arc::clone(self).run_job(lease, job, ends));
        running.insert(task.id(), entry);
        Ok(())
    }

    fn lease_delta(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::from_std(self.lease_time).unwrap_or(chrono::TimeDelta::MAX)
    }
}

fn forget(running: &mut HashMap<task::Id, Running>, done: Result<(task::Id, ()), task::JoinError>) {
    let id = match done {
        Ok((id, ())) => id,
        Err(error) => {
            // Its lease is not renewed any more, so it runs out and the job is claimed again.
            tracing::error!(%error, "a job's task panicked");
            error.id()
        }
    };
    running.remove(&id);
}
