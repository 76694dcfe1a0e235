//! The runs of a sync: how one gets into the queue, and what its end means for the next.

use chrono::{DateTime, Utc};
use sqlx::{Sqlite, Transaction};

use super::due::NEVER;
use crate::model::failure::{Failure, FailureKind};
use crate::model::ids::{JobId, SyncId};
use crate::model::sync::SyncOrder;
use crate::store::jobs::{self, NewJob, RunOf};
use crate::store::{Store, StoreError, to_micros};

/// Keeps the newest 100 runs of a sync. A literal: with a bound one SQLite prepares the statement again each time.
const FORGET_OLD_RUNS: &str =
    "delete from jobs where sync_id = $1 and state not in ('queued', 'running')
     and id < (select id from jobs where sync_id = $1 order by id desc limit 1 offset 99)";

/// What became of an attempt to start a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    Queued(JobId),
    /// Its knowledge base is gone: the run is there, and has failed.
    Failed,
    /// It has a run, or was changed since it was read: nothing was done.
    Refused,
}

/// Puts a run of a sync into the queue, if the sync is still what was read and has none. `last_start` is what the next
/// due time counts from. Of several who try one succeeds: the revision and the index of one run per sync decide.
pub async fn start(
    store: &Store,
    sync: &SyncOrder,
    last_start: DateTime<Utc>,
) -> Result<Start, StoreError> {
    let now = store.now();
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    let done = sqlx::query(
        "update syncs set last_start_at = $3, due_at = $4, runs_total = runs_total + 1, revision = revision + 1
         where id = $1 and revision = $2 and (held_until is null or held_until <= $5)
           and not exists (select 1 from jobs where sync_id = $1 and state in ('queued', 'running'))",
    )
    .bind(&sync.id)
    .bind(sync.revision)
    .bind(to_micros(last_start))
    .bind(NEVER)
    .bind(to_micros(now))
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(Start::Refused);
    }
    let new = NewJob {
        org: sync.org.clone(),
        connector: sync.connector.clone(),
        kb: sync.kb,
        kb_uid: sync.kb_uid.clone(),
        spec: sync.run(),
    };
    let run_of = RunOf {
        sync: &sync.id,
        stream: &sync.stream,
    };
    let started = match jobs::insert(store, &mut transaction, &new, Some(run_of)).await {
        Ok(job) => Start::Queued(job),
        Err(StoreError::KbNotFound) => {
            let failure = no_kb();
            jobs::insert_failed(store, &mut transaction, &new, run_of, &failure).await?;
            count_end(&mut transaction, &sync.id, RunEnd::Failed(&failure), now).await?;
            Start::Failed
        }
        Err(error) => return Err(error),
    };
    forget_old_runs(&mut transaction, &sync.id).await?;
    transaction.commit().await?;
    store.jobs_changed();
    if started == Start::Failed {
        store.syncs_changed();
    }
    Ok(started)
}

fn no_kb() -> Failure {
    let detail = "the knowledge base of this sync does not exist any more; delete the sync, or make another one";
    Failure::new(FailureKind::Config, "kb_not_found", detail)
}

/// One more came, so at most a few go.
async fn forget_old_runs(
    transaction: &mut Transaction<'_, Sqlite>,
    sync: &SyncId,
) -> Result<(), StoreError> {
    sqlx::query(FORGET_OLD_RUNS)
        .bind(sync)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone, Copy)]
pub enum RunEnd<'a> {
    Completed,
    Failed(&'a Failure),
    /// By an operator: neither a success nor a failure.
    Stopped,
}

/// Counts an end, in the transaction that makes it so. The next due time is to be decided then.
pub async fn count_end(
    transaction: &mut Transaction<'_, Sqlite>,
    sync: &SyncId,
    end: RunEnd<'_>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let query = match end {
        RunEnd::Completed => sqlx::query(
            "update syncs set runs_completed = runs_completed + 1, consecutive_failures = 0, last_failure = null,
                    last_success_at = $2, due_at = null, revision = revision + 1 where id = $1",
        )
        .bind(sync)
        .bind(to_micros(now)),
        RunEnd::Failed(failure) => sqlx::query(
            "update syncs set runs_failed = runs_failed + 1, consecutive_failures = consecutive_failures + 1,
                    last_failure = $2, due_at = null, revision = revision + 1 where id = $1",
        )
        .bind(sync)
        .bind(&failure.detail),
        RunEnd::Stopped => {
            sqlx::query("update syncs set due_at = null, revision = revision + 1 where id = $1").bind(sync)
        }
    };
    query.execute(&mut **transaction).await?;
    Ok(())
}
