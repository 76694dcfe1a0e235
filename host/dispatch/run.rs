//! One claimed job: run it while its lease is kept, then say in the table how it ended.

use std::pin::pin;
use std::sync::Arc;

use chrono::TimeDelta;

use super::Dispatcher;
use super::retry::{self, Next};
use crate::extract::{Ends, Outcome};
use crate::model::failure::Failure;
use crate::model::job::{Job, JobState};
use crate::store::StoreError;
use crate::store::jobs::{self, Lease, Requeue};

impl Dispatcher {
    pub(super) async fn run_job(self: Arc<Self>, lease: Lease, job: Job, ends: Ends) {
        tracing::info!(job = %job.id, attempt = job.attempt, table = job.spec.dest_table, "job starts");
        let mut run = pin!(self.extractor.run(&lease, &job, &ends));
        let outcome = tokio::select! {
            outcome = &mut run => outcome,
            () = self.keep_lease(&lease) => {
                // Not dropped: a commit under way is brought to its end.
                ends.abandon.cancel();
                run.await
            }
        };
        self.conclude(&lease, &job, outcome).await;
    }

    /// Renews the lease until it is lost. A store that does not answer loses it only when its time has run out.
    async fn keep_lease(&self, lease: &Lease) {
        loop {
            tokio::time::sleep(self.lease_time / 3).await;
            match jobs::renew(&self.extractor.store, lease, self.lease_delta()).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::error!(job = %lease.job, error = &error as &dyn std::error::Error, "cannot renew a lease")
                }
            }
        }
    }

    async fn conclude(&self, lease: &Lease, job: &Job, outcome: Outcome) {
        let store = &self.extractor.store;
        let written = match &outcome {
            Outcome::Completed { warnings } => {
                tracing::info!(job = %job.id, "job completed");
                jobs::finish(store, lease, JobState::Completed, None, warnings).await
            }
            Outcome::Interrupted => {
                tracing::info!(job = %job.id, "job took a checkpoint and goes back to the queue");
                jobs::requeue(store, lease, Requeue::Shutdown, None).await
            }
            Outcome::Abandoned => Err(StoreError::LeaseLost),
            Outcome::Failed(failure) => self.after_failure(lease, job, failure).await,
        };
        match written {
            Ok(()) => {}
            Err(StoreError::LeaseLost) => {
                tracing::info!(job = %job.id, "job ended for us, but not by us")
            }
            Err(error) => {
                tracing::error!(job = %job.id, error = &error as &dyn std::error::Error, "cannot write how a job ended")
            }
        }
    }

    async fn after_failure(
        &self,
        lease: &Lease,
        job: &Job,
        failure: &Failure,
    ) -> Result<(), StoreError> {
        let store = &self.extractor.store;
        let now = jobs::get(store, &job.org, &job.connector, &job.id).await?;
        let has_landed = now.is_some_and(|now| now.progress.rows > job.progress.rows);
        let failures = if has_landed { 1 } else { job.failures + 1 };
        match retry::decide(failure, failures, self.max_attempts) {
            Next::Retry { after } => {
                tracing::warn!(job = %job.id, code = failure.code, failure = %failure, retry_in_ms = after.as_millis() as u64, "attempt failed");
                let after = TimeDelta::from_std(after).unwrap_or(TimeDelta::MAX);
                jobs::requeue(
                    store,
                    lease,
                    Requeue::Retry { after, failures },
                    Some(failure),
                )
                .await
            }
            Next::GiveUp => {
                tracing::warn!(job = %job.id, code = failure.code, failure = %failure, "job failed");
                jobs::finish(store, lease, JobState::Failed, Some(failure), &[]).await
            }
            Next::LeaveAlone => Ok(()),
        }
    }
}
