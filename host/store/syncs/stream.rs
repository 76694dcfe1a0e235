//! A new stream for a sync: at a reset, and when its cursor is set by hand. Commits of the old one are no longer its own.

use chrono::TimeDelta;

use super::edit::stop_run;
use crate::model::cursor::Cursor;
use crate::model::ids::{StreamId, SyncId};
use crate::model::sync::{FirstRun, SyncOrder};
use crate::store::{Store, StoreError, to_micros};

/// How long no run starts while a dest table is removed: longer than that takes. It ends by itself, should we not come to it.
const HOLD: TimeDelta = TimeDelta::minutes(1);

/// Stops the run of a sync and lets no other start for a while.
pub async fn hold(store: &Store, id: &SyncId) -> Result<(), StoreError> {
    let until = to_micros(store.now() + HOLD);
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    stop_run(store, &mut transaction, id).await?;
    sqlx::query(
        "update syncs set held_until = $2, due_at = null, revision = revision + 1 where id = $1",
    )
    .bind(id)
    .bind(until)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    store.jobs_changed();
    store.syncs_changed();
    Ok(())
}

/// What becomes of a hold when a stream begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    Ends,
    /// Until [`release`], or until it ends by itself.
    Stays,
}

/// Stops the run of a sync and begins a stream from the start, which does this with the dest table first.
pub async fn new_stream(
    store: &Store,
    id: &SyncId,
    first_run: FirstRun,
    hold: Hold,
) -> Result<StreamId, StoreError> {
    let stream = StreamId::generate();
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    stop_run(store, &mut transaction, id).await?;
    sqlx::query(
        "update syncs set stream_id = $2, first_run = $3, set_cursor = null, due_at = null, updated_at = $4,
                held_until = case when $5 then held_until end, revision = revision + 1
         where id = $1",
    )
    .bind(id)
    .bind(&stream)
    .bind(first_run)
    .bind(to_micros(store.now()))
    .bind(hold == Hold::Stays)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    store.jobs_changed();
    store.syncs_changed();
    Ok(stream)
}

/// Ends the hold of a stream that has not begun, which now does this with the dest table first. Nothing, if another
/// stream has taken its place.
pub async fn release(
    store: &Store,
    id: &SyncId,
    stream: &StreamId,
    first_run: FirstRun,
) -> Result<(), StoreError> {
    sqlx::query(
        "update syncs set first_run = $3, held_until = null, due_at = null, revision = revision + 1
         where id = $1 and stream_id = $2",
    )
    .bind(id)
    .bind(stream)
    .bind(first_run)
    .execute(&store.writer)
    .await?;
    store.syncs_changed();
    Ok(())
}

/// Begins a stream at a position. False: the sync was changed since it was read, is enabled or has a run.
pub async fn set_cursor(
    store: &Store,
    sync: &SyncOrder,
    cursor: &Cursor,
    first_run: FirstRun,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update syncs set stream_id = $3, first_run = $4, set_cursor = $5, updated_at = $6, revision = revision + 1
         where id = $1 and revision = $2 and enabled = 0
           and not exists (select 1 from jobs where sync_id = $1 and state in ('queued', 'running'))",
    )
    .bind(&sync.id)
    .bind(sync.revision)
    .bind(StreamId::generate())
    .bind(first_run)
    .bind(serde_json::to_string(cursor)?)
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected() == 1)
}
