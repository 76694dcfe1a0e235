//! How a job ends, or goes back to the queue. What happened to a run is counted at its sync in the same transaction.

use chrono::TimeDelta;

use super::{Lease, get};
use crate::model::failure::Failure;
use crate::model::ids::{ConnectorId, JobId, OrgId, SyncId};
use crate::model::job::JobState;
use crate::store::syncs::{self, RunEnd};
use crate::store::{Store, StoreError, to_micros};

/// Ends a job as completed or failed.
///
/// # Errors
/// `LeaseLost` when another holder has it or it is final already.
pub async fn finish(
    store: &Store,
    lease: &Lease,
    state: JobState,
    failure: Option<&Failure>,
    warnings: &[String],
) -> Result<(), StoreError> {
    let now = store.now();
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    let run_of: Option<Option<SyncId>> = sqlx::query_scalar(
        "update jobs set state = $3, failure = $4, warnings = $5, finished_at = $6, updated_at = $6,
                lease_owner = null, lease_until = null
         where id = $1 and lease_epoch = $2 and state = 'running'
         returning sync_id",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(state)
    .bind(failure.map(serde_json::to_string).transpose()?)
    .bind(serde_json::to_string(warnings)?)
    .bind(to_micros(now))
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(sync) = run_of else {
        return Err(StoreError::LeaseLost);
    };
    if let Some(sync) = &sync {
        let end = failure.map_or(RunEnd::Completed, RunEnd::Failed);
        syncs::count_end(&mut transaction, sync, end, now).await?;
    }
    transaction.commit().await?;
    store.jobs_changed();
    if sync.is_some() {
        store.syncs_changed();
    }
    Ok(())
}

/// Why a job goes back to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requeue {
    /// The host shuts down: the same attempt goes on elsewhere or later.
    Shutdown,
    /// The attempt failed and another one follows. That many in a row have since rows last landed.
    Retry { after: TimeDelta, failures: u32 },
}

/// Gives a running job back to the queue.
///
/// # Errors
/// `LeaseLost` when another holder has it or it is final.
pub async fn requeue(
    store: &Store,
    lease: &Lease,
    why: Requeue,
    failure: Option<&Failure>,
) -> Result<(), StoreError> {
    let (after, attempts, failures) = match why {
        Requeue::Shutdown => (TimeDelta::zero(), 0, None),
        Requeue::Retry { after, failures } => (after, 1, Some(failures)),
    };
    let now = store.now();
    let done = sqlx::query(
        "update jobs set state = 'queued', attempt = attempt + $3, run_after = $4, failure = $5, updated_at = $6,
                failures = coalesce($7, failures), lease_owner = null, lease_until = null
         where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(attempts)
    .bind(to_micros(now + after))
    .bind(failure.map(serde_json::to_string).transpose()?)
    .bind(to_micros(now))
    .bind(failures)
    .execute(&store.writer)
    .await?;
    store.jobs_changed();
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}

/// Makes a job final as stopped, unless it is final already; from then on its holder can commit nothing.
/// Answers the state it has afterwards; none when the organisation has no such job.
pub async fn stop(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    id: &JobId,
) -> Result<Option<JobState>, StoreError> {
    let now = store.now();
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    let run_of: Option<Option<SyncId>> = sqlx::query_scalar(
        "update jobs set state = 'stopped', finished_at = $4, updated_at = $4, lease_owner = null, lease_until = null
         where org_id = $1 and connector_id = $2 and id = $3 and state in ('queued', 'running')
         returning sync_id",
    )
    .bind(org)
    .bind(connector)
    .bind(id)
    .bind(to_micros(now))
    .fetch_optional(&mut *transaction)
    .await?;
    if let Some(Some(sync)) = run_of {
        syncs::count_end(&mut transaction, &sync, RunEnd::Stopped, now).await?;
    }
    transaction.commit().await?;
    store.jobs_changed();
    store.syncs_changed();
    Ok(get(store, org, connector, id).await?.map(|job| job.state))
}
