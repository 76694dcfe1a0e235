//! Decides WHO: claims queued jobs under a lease, keeps the leases, finishes or retries. Never moves data (see `extract`)
//! and never decides when a sync is due. A job has one holder; everything that passes between modules is in the `jobs` table.

mod backoff;
mod instance;
mod retry;
mod run;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::extract::{Ends, Extractor};
use crate::model::ids::{ConnectorId, JobId, SyncId};
use crate::model::job::Job;
use crate::model::pacing::Pacing;
use crate::store::jobs::{self, Lease};
use crate::store::{StoreError, syncs};

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
    sync: Option<SyncId>,
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
            if let Err(error) = self.turn(&mut tasks, &mut running, &shutdown).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "cannot look for jobs"
                );
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep(POLL) => {}
                Some(done) = tasks.join_next_with_id() => forget(&mut running, done),
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

    async fn turn(
        self: &Arc<Self>,
        tasks: &mut JoinSet<()>,
        running: &mut HashMap<task::Id, Running>,
        shutdown: &CancellationToken,
    ) -> Result<(), StoreError> {
        let store = &self.extractor.store;
        for job in running.values() {
            if !jobs::is_held(store, &job.lease).await? {
                job.abandon.cancel();
            }
        }
        self.pass_on_pacing(running).await?;
        self.instance
            .expire_the_dead(store, &self.connector)
            .await?;
        while running.len() < self.max_running {
            let owner = self.instance.id();
            let claimed = jobs::claim(
                store,
                &self.connector,
                self.only.as_ref(),
                owner,
                self.lease_delta(),
            )
            .await?;
            let Some((lease, job)) = claimed else { break };
            let abandon = CancellationToken::new();
            let (pacing, read_pacing) =
                watch::channel(self.pacing_of(&job).await.unwrap_or(job.spec.pacing));
            let entry = Running {
                lease: lease.clone(),
                sync: job.sync.clone(),
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
        }
        Ok(())
    }

    /// What a run's sync says now; the job itself says what it said when the run was queued.
    async fn pacing_of(&self, job: &Job) -> Result<Pacing, StoreError> {
        let now = syncs::pacings(&self.extractor.store, job.sync.as_slice()).await?;
        Ok(now.first().map_or(job.spec.pacing, |(_, pacing)| *pacing))
    }

    /// Has running jobs read as gently as their syncs say now.
    async fn pass_on_pacing(&self, running: &HashMap<task::Id, Running>) -> Result<(), StoreError> {
        let of_syncs = running.values().filter_map(|job| job.sync.clone());
        let of_syncs: Vec<_> = of_syncs.collect();
        for (sync, pacing) in syncs::pacings(&self.extractor.store, &of_syncs).await? {
            let mut runs = running.values();
            let run = runs.find(|job| job.sync.as_ref() == Some(&sync));
            if let Some(run) = run.filter(|run| *run.pacing.borrow() != pacing) {
                run.pacing.send_replace(pacing);
            }
        }
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
