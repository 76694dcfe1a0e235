//! Jobs: enqueue, claim, renew, finish. `enqueue` is the only door into the queue, and a claim the only way out.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row};

use super::{Store, StoreError, from_micros, now, to_micros};
use crate::model::failure::Failure;
use crate::model::ids::{ConnectorId, JobId, KbId, KbUid, OrgId, StreamId};
use crate::model::job::{Job, JobSpec, JobState, Progress};

/// The right to run a job, as long as nobody claims it after us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: JobId,
    /// Fences a late holder: every claim raises it.
    pub epoch: u64,
}

/// A job to be.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub org: OrgId,
    pub connector: ConnectorId,
    pub kb: KbId,
    pub kb_uid: KbUid,
    pub spec: JobSpec,
}

const COLUMNS: &str = "id, org_id, connector_id, kb_id, kb_uid, stream_id, sync_id, spec, state, attempt, rows, batches, bytes, \
     throttled_ms, failure, warnings, created_at, updated_at, started_at, finished_at, lease_epoch";

/// Puts a job into the queue; the only way to do so.
///
/// # Errors
/// `KbNotFound` when the knowledge base is gone, so that no job writes into the void.
pub async fn enqueue(store: &Store, new: NewJob) -> Result<JobId, StoreError> {
    let id = JobId::generate();
    let done = sqlx::query(
        "insert into jobs (id, org_id, connector_id, kb_id, kb_uid, stream_id, dest_table, spec, state, run_after, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, 'queued', $9, $9, $9
         where exists (select 1 from kbs where id = $4 and org_id = $2)",
    )
    .bind(&id)
    .bind(&new.org)
    .bind(&new.connector)
    .bind(new.kb)
    .bind(&new.kb_uid)
    // A job without a sync is a stream of its own.
    .bind(StreamId(id.0.clone()))
    .bind(&new.spec.dest_table)
    .bind(serde_json::to_string(&new.spec)?)
    .bind(to_micros(now()))
    .execute(&store.pool)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::KbNotFound);
    }
    store.jobs_changed();
    Ok(id)
}

/// Takes the oldest job that is due, or whose holder let its lease run out; with `only`, no other job than that.
pub async fn claim(
    store: &Store,
    connector: &ConnectorId,
    only: Option<&JobId>,
    owner: &str,
    lease_time: TimeDelta,
) -> Result<Option<(Lease, Job)>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "update jobs set state = 'running', lease_owner = $2, lease_until = $4, lease_epoch = lease_epoch + 1,
                started_at = coalesce(started_at, $3), updated_at = $3
         where id = (select id from jobs where connector_id = $1
                     and ($5 is null or id = $5) and ((state = 'queued' and run_after <= $3) or (state = 'running' and lease_until <= $3))
                     order by run_after, id limit 1)
         returning {COLUMNS}"
    ));
    let now = now();
    let row = sqlx::query(sql)
        .bind(connector)
        .bind(owner)
        .bind(to_micros(now))
        .bind(to_micros(now + lease_time))
        .bind(only)
        .fetch_all(&store.pool)
        .await?
        .pop();
    let Some(row) = row else { return Ok(None) };
    store.jobs_changed();
    let job = Job::from_row(&row)?;
    let lease = Lease {
        job: job.id.clone(),
        epoch: row.try_get::<i64, _>("lease_epoch")? as u64,
    };
    Ok(Some((lease, job)))
}

/// Keeps a lease. False: it is lost, or the job is final.
pub async fn renew(
    store: &Store,
    lease: &Lease,
    lease_time: TimeDelta,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "update jobs set lease_until = $3 where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(to_micros(now() + lease_time))
    .execute(&store.pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Who holds leases on a connector's jobs.
pub async fn lease_owners(
    store: &Store,
    connector: &ConnectorId,
) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "select distinct lease_owner from jobs where connector_id = $1 and state = 'running'",
    )
    .bind(connector)
    .fetch_all(&store.pool)
    .await?)
}

/// Ends the leases of a process that is known to be gone, so that its jobs can be claimed at once.
pub async fn expire_leases(store: &Store, owner: &str) -> Result<u64, StoreError> {
    let done =
        sqlx::query("update jobs set lease_until = 0 where lease_owner = $1 and state = 'running'")
            .bind(owner)
            .execute(&store.pool)
            .await?;
    Ok(done.rows_affected())
}

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
    let done = sqlx::query(
        "update jobs set state = $3, failure = $4, warnings = $5, finished_at = $6, updated_at = $6,
                lease_owner = null, lease_until = null
         where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(state)
    .bind(failure.map(serde_json::to_string).transpose()?)
    .bind(serde_json::to_string(warnings)?)
    .bind(to_micros(now()))
    .execute(&store.pool)
    .await?;
    store.jobs_changed();
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}

/// Says what is known of a running job before its first row.
///
/// # Errors
/// `LeaseLost` when another holder has it or it is final.
pub async fn warn(store: &Store, lease: &Lease, warnings: &[String]) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update jobs set warnings = $3, updated_at = $4 where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(serde_json::to_string(warnings)?)
    .bind(to_micros(now()))
    .execute(&store.pool)
    .await?;
    store.jobs_changed();
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}

/// Why a job goes back to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requeue {
    /// The host shuts down: the same attempt goes on elsewhere or later.
    Shutdown,
    /// The attempt failed and another one follows.
    Retry { after: TimeDelta },
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
    let (after, attempts) = match why {
        Requeue::Shutdown => (TimeDelta::zero(), 0),
        Requeue::Retry { after } => (after, 1),
    };
    let now = now();
    let done = sqlx::query(
        "update jobs set state = 'queued', attempt = attempt + $3, run_after = $4, failure = $5, updated_at = $6,
                lease_owner = null, lease_until = null
         where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(attempts)
    .bind(to_micros(now + after))
    .bind(failure.map(serde_json::to_string).transpose()?)
    .bind(to_micros(now))
    .execute(&store.pool)
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
    sqlx::query(
        "update jobs set state = 'stopped', finished_at = $4, updated_at = $4, lease_owner = null, lease_until = null
         where org_id = $1 and connector_id = $2 and id = $3 and state in ('queued', 'running')",
    )
    .bind(org)
    .bind(connector)
    .bind(id)
    .bind(to_micros(now()))
    .execute(&store.pool)
    .await?;
    store.jobs_changed();
    Ok(get(store, org, connector, id).await?.map(|job| job.state))
}

/// Whether a job is still this lease's to run.
pub async fn is_held(store: &Store, lease: &Lease) -> Result<bool, StoreError> {
    let held: Option<i64> = sqlx::query_scalar(
        "select 1 from jobs where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .fetch_optional(&store.pool)
    .await?;
    Ok(held.is_some())
}

/// A job of an organisation's connector.
pub async fn get(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    id: &JobId,
) -> Result<Option<Job>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from jobs where org_id = $1 and connector_id = $2 and id = $3"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(connector)
        .bind(id)
        .fetch_optional(&store.pool)
        .await?)
}

/// Which jobs to list. Empty means all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub connector: Option<ConnectorId>,
    pub states: Vec<JobState>,
    pub kb: Option<KbId>,
    pub dest_table: Option<String>,
    pub created_after: Option<DateTime<Utc>>,
    pub created_before: Option<DateTime<Utc>>,
    /// Only jobs older than this one: the last of the page before.
    pub before: Option<JobId>,
}

/// At most `limit` jobs of an organisation, newest first.
pub async fn list(
    store: &Store,
    org: &OrgId,
    filter: &JobFilter,
    limit: u32,
) -> Result<Vec<Job>, StoreError> {
    let mut sql = QueryBuilder::new(format!("select {COLUMNS} from jobs where org_id = "));
    sql.push_bind(org);
    if let Some(connector) = &filter.connector {
        sql.push(" and connector_id = ").push_bind(connector);
    }
    if let Some(kb) = filter.kb {
        sql.push(" and kb_id = ").push_bind(kb);
    }
    if let Some(table) = &filter.dest_table {
        sql.push(" and dest_table = ").push_bind(table);
    }
    if let Some(after) = filter.created_after {
        sql.push(" and created_at > ").push_bind(to_micros(after));
    }
    if let Some(before) = filter.created_before {
        sql.push(" and created_at < ").push_bind(to_micros(before));
    }
    if let Some(before) = &filter.before {
        sql.push(" and id < ").push_bind(before);
    }
    if !filter.states.is_empty() {
        sql.push(" and state in (");
        let mut states = sql.separated(", ");
        for state in &filter.states {
            states.push_bind(*state);
        }
        sql.push(")");
    }
    sql.push(" order by id desc limit ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(&store.pool).await?)
}

impl FromRow<'_, SqliteRow> for Job {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let time = |column| {
            row.try_get::<Option<i64>, _>(column)
                .map(|micros| micros.map(from_micros))
        };
        let count = |column| row.try_get::<i64, _>(column).map(|count| count as u64);
        Ok(Self {
            id: row.try_get("id")?,
            org: row.try_get("org_id")?,
            connector: row.try_get("connector_id")?,
            kb: row.try_get("kb_id")?,
            kb_uid: row.try_get("kb_uid")?,
            stream: row.try_get("stream_id")?,
            sync: row.try_get("sync_id")?,
            spec: json(row, "spec")?,
            state: row.try_get("state")?,
            attempt: count("attempt")? as u32,
            progress: Progress {
                rows: count("rows")?,
                batches: count("batches")?,
                bytes: count("bytes")?,
                throttled_ms: count("throttled_ms")?,
            },
            failure: match row.try_get::<Option<String>, _>("failure")? {
                Some(_) => Some(json(row, "failure")?),
                None => None,
            },
            warnings: json(row, "warnings")?,
            created_at: time("created_at")?.unwrap_or_default(),
            updated_at: time("updated_at")?.unwrap_or_default(),
            started_at: time("started_at")?,
            finished_at: time("finished_at")?,
        })
    }
}

fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).map_err(|source| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: Box::new(source),
    })
}
