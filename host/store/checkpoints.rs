//! Steps 1 and 3 of a commit (see `extract::commit`). A prepared row is an intention; the table's log says whether it landed.

use chrono::{DateTime, Utc};
use sqlx::{Sqlite, Transaction};

use super::jobs::{self, Lease};
use super::{Store, StoreError, to_micros};
use crate::model::checkpoint::Checkpoint;
use crate::model::ids::StreamId;

/// Step 1: writes the intention, if the lease is still ours and the job not final.
///
/// # Errors
/// `LeaseLost` when it is not. `SeqTaken` when it is, but a late holder has committed this number.
pub async fn prepare(
    store: &Store,
    lease: &Lease,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "insert into checkpoints (stream_id, seq, epoch, state, body)
         select $1, $2, $3, 'prepared', $4
         where exists (select 1 from jobs where id = $5 and lease_epoch = $3 and state = 'running')
         on conflict (stream_id, seq) do update set epoch = excluded.epoch, body = excluded.body
         where checkpoints.state = 'prepared'",
    )
    .bind(&checkpoint.stream)
    .bind(checkpoint.seq as i64)
    .bind(lease.epoch as i64)
    .bind(serde_json::to_string(checkpoint)?)
    .bind(&lease.job)
    .execute(&store.writer)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else if jobs::is_held(store, lease).await? {
        Err(StoreError::SeqTaken)
    } else {
        Err(StoreError::LeaseLost)
    }
}

/// Whether the store knows of a commit that is between its first and its last step, or was cut off there.
pub async fn is_prepared(store: &Store, stream: &StreamId) -> Result<bool, StoreError> {
    let prepared: Option<i64> = sqlx::query_scalar(
        "select 1 from checkpoints where stream_id = $1 and state = 'prepared' limit 1",
    )
    .bind(stream)
    .fetch_optional(&store.writer)
    .await?;
    Ok(prepared.is_some())
}

/// Step 3: the rows of this checkpoint are in the table. Also adopts a checkpoint that another holder wrote, or an
/// earlier run of the sync that was stopped or failed after step 2. What landed is true whoever says it, so it is counted
/// in any case, for the job that the checkpoint names.
///
/// # Errors
/// `LeaseLost` when the lease's job has another holder or is final.
pub async fn commit(
    store: &Store,
    lease: &Lease,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    note(&mut transaction, checkpoint).await?;
    count(&mut transaction, checkpoint, store.now()).await?;
    let held: Option<i64> = sqlx::query_scalar(
        "select 1 from jobs where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    store.jobs_changed();
    held.map(|_| ()).ok_or(StoreError::LeaseLost)
}

/// Brings the counters of a job up to a checkpoint of its own, and those of its sync by as much. Never back: a late holder
/// may say what is known already.
async fn count(
    transaction: &mut Transaction<'_, Sqlite>,
    checkpoint: &Checkpoint,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let progress = checkpoint.progress;
    sqlx::query(
        "update syncs set rows_total = rows_total + $2 - job.rows
         from (select sync_id, rows from jobs where id = $1) as job
         where syncs.id = job.sync_id and job.rows < $2",
    )
    .bind(&checkpoint.job)
    .bind(progress.rows as i64)
    .execute(&mut **transaction)
    .await?;
    sqlx::query(
        "update jobs set rows = $2, batches = $3, bytes = $4, throttled_ms = $5, waited = $7, updated_at = $6
         where id = $1 and rows <= $2 and throttled_ms <= $5 and (rows, batches, bytes, throttled_ms) <> ($2, $3, $4, $5)",
    )
    .bind(&checkpoint.job)
    .bind(progress.rows as i64)
    .bind(progress.batches as i64)
    .bind(progress.bytes as i64)
    .bind(progress.waited.throttled_ms() as i64)
    .bind(to_micros(now))
    .bind(serde_json::to_string(&progress.waited)?)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn note(
    transaction: &mut Transaction<'_, Sqlite>,
    checkpoint: &Checkpoint,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into checkpoints (stream_id, seq, epoch, state, body) values ($1, $2, $3, 'committed', $4)
         on conflict (stream_id, seq) do update set epoch = excluded.epoch, state = 'committed', body = excluded.body",
    )
    .bind(&checkpoint.stream)
    .bind(checkpoint.seq as i64)
    .bind(checkpoint.epoch as i64)
    .bind(serde_json::to_string(checkpoint)?)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("delete from checkpoints where stream_id = $1 and seq < $2")
        .bind(&checkpoint.stream)
        .bind(checkpoint.seq as i64)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// The newest committed checkpoint of a stream that the store knows of. The log may have a newer one.
pub async fn last_committed(
    store: &Store,
    stream: &StreamId,
) -> Result<Option<Checkpoint>, StoreError> {
    let body: Option<String> = sqlx::query_scalar(
        "select body from checkpoints where stream_id = $1 and state = 'committed' order by seq desc limit 1",
    )
    .bind(stream)
    .fetch_optional(&store.writer)
    .await?;
    Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
}
