//! Which syncs are due. `due_at` is null where something changed that decides about it; the scheduler fills it in.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{FromRow, Row};

use super::read::SELECT;
use crate::model::ids::SyncId;
use crate::model::sync::SyncOrder;
use crate::store::{Store, StoreError, from_micros, to_micros};

/// A `due_at` that never comes: a run is under way, or only somebody's asking starts one.
pub(super) const NEVER: i64 = i64::MAX;

/// A clock that is so far behind what was written was set back; processes of one store differ by less.
const CLOCK_DIFFERENCE: TimeDelta = TimeDelta::minutes(1);

/// Enabled syncs whose next due time is to be decided.
pub async fn undecided(store: &Store, limit: u32) -> Result<Vec<SyncOrder>, StoreError> {
    // With a bound limit SQLite prepares a statement again each time: it plans for the value.
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} where s.enabled = 1 and s.due_at is null limit {limit}"
    ));
    let rows = sqlx::query(sql).fetch_all(&store.writer).await?;
    let (mut readable, mut unreadable) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in &rows {
        match SyncOrder::from_row(row) {
            Ok(sync) => readable.push(sync),
            Err(error) => unreadable.push((row.try_get::<SyncId, _>("id")?, error)),
        }
    }
    for (id, error) in unreadable {
        tracing::error!(sync = %id, error = &error as &dyn std::error::Error, "cannot read a sync; it does not run");
        put_aside(store, &id).await?;
    }
    Ok(readable)
}

/// A row that this version cannot read must not keep all others from running.
async fn put_aside(store: &Store, id: &SyncId) -> Result<(), StoreError> {
    sqlx::query("update syncs set due_at = $2 where id = $1 and due_at is null")
        .bind(id)
        .bind(NEVER)
        .execute(&store.writer)
        .await?;
    Ok(())
}

/// Enabled syncs that are due, the longest first, each with its due time.
pub async fn due(
    store: &Store,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<(DateTime<Utc>, SyncOrder)>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} where s.enabled = 1 and s.due_at <= $1 order by s.due_at, s.id limit {limit}"
    ));
    let rows = sqlx::query(sql)
        .bind(to_micros(now))
        .fetch_all(&store.writer)
        .await?;
    let due = rows.iter().map(|row| {
        let at = from_micros(row.try_get("due_at")?);
        Ok((at, SyncOrder::from_row(row)?))
    });
    Ok(due.collect::<Result<_, sqlx::Error>>()?)
}

/// When the next sync is due.
pub async fn next_due(store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at: Option<i64> =
        sqlx::query_scalar("select min(due_at) from syncs where enabled = 1 and due_at < $1")
            .bind(NEVER)
            .fetch_one(&store.writer)
            .await?;
    Ok(at.map(from_micros))
}

/// What was decided about a sync, as it was when that was read. None: never.
#[derive(Debug, Clone)]
pub struct Decided {
    pub sync: SyncId,
    pub revision: i64,
    pub due_at: Option<DateTime<Utc>>,
}

/// Keeps decisions, in one statement: after a start there are as many as syncs.
pub async fn set_due(store: &Store, decided: &[Decided]) -> Result<(), StoreError> {
    if decided.is_empty() {
        return Ok(());
    }
    let rows = decided.iter().map(|one| {
        let due_at = one.due_at.map_or(NEVER, to_micros);
        (one.sync.as_str(), one.revision, due_at)
    });
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>())?;
    sqlx::query(
        "update syncs set due_at = decided.due_at
         from (select value ->> 0 as id, value ->> 1 as revision, value ->> 2 as due_at from json_each($1)) as decided
         where syncs.id = decided.id and syncs.revision = decided.revision",
    )
    .bind(rows)
    .execute(&store.writer)
    .await?;
    Ok(())
}

/// Has every due time decided anew: the rules may be others than those of the process before.
pub async fn decide_all_again(store: &Store) -> Result<(), StoreError> {
    sqlx::query("update syncs set due_at = null where enabled = 1")
        .execute(&store.writer)
        .await?;
    Ok(())
}

/// Lets syncs go on whose last start is ahead of a clock that was set back: they would wait until it is there again.
pub async fn ahead_of_clock(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update syncs set last_start_at = min(last_start_at, $1), scheduled_from = min(scheduled_from, $1),
                due_at = null, revision = revision + 1
         where enabled = 1 and (last_start_at > $2 or scheduled_from > $2)",
    )
    .bind(to_micros(now))
    .bind(to_micros(now + CLOCK_DIFFERENCE))
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected())
}

/// Ends the schedule of a sync, unless it has changed since it was read.
pub async fn disable(store: &Store, sync: &SyncOrder, reason: &str) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update syncs set enabled = 0, disabled_reason = $3, due_at = null, updated_at = $4, revision = revision + 1
         where id = $1 and revision = $2 and enabled = 1",
    )
    .bind(&sync.id)
    .bind(sync.revision)
    .bind(reason)
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected() == 1)
}
