//! What is forgotten after a while, in small bites: each is one short transaction between those of the jobs.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, to_micros};
use crate::model::ids::StreamId;

/// Forgets jobs without a sync that ended before a time; how many. Runs of syncs go when newer ones come (`syncs::start`).
pub async fn forget_jobs(
    store: &Store,
    ended_before: DateTime<Utc>,
    limit: u32,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "delete from jobs where id in (select id from jobs where sync_id is null and finished_at < $1 limit $2)",
    )
    .bind(to_micros(ended_before))
    .bind(limit)
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected())
}

/// Looks at the next `limit` streams after one and forgets the checkpoints of those that no sync and no job has any more.
/// The last stream looked at; none: there are no more.
pub async fn forget_streams(
    store: &Store,
    after: Option<&StreamId>,
    limit: u32,
) -> Result<Option<StreamId>, StoreError> {
    let streams: Vec<StreamId> = sqlx::query_scalar(
        "select distinct stream_id from checkpoints where $1 is null or stream_id > $1 order by stream_id limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(&store.writer)
    .await?;
    let (Some(first), Some(last)) = (streams.first(), streams.last()) else {
        return Ok(None);
    };
    sqlx::query(
        "delete from checkpoints where stream_id between $1 and $2
         and not exists (select 1 from syncs s where s.stream_id = checkpoints.stream_id)
         and not exists (select 1 from jobs j where j.stream_id = checkpoints.stream_id
                         and (j.id = j.stream_id or j.state in ('queued', 'running')))",
    )
    .bind(first)
    .bind(last)
    .execute(&store.writer)
    .await?;
    Ok(Some(last.clone()))
}
