//! Jobs: enqueue, claim, renew, finish. `enqueue` is the only door into the queue, and a claim the only way out.

mod end;
mod read;

use chrono::TimeDelta;
use sqlx::{FromRow, Row, SqliteConnection};

use super::{Store, StoreError, optional_json, to_micros};
use crate::model::failure::Failure;
use crate::model::ids::{ConnectorId, JobId, KbId, KbUid, OrgId, StreamId, SyncId};
use crate::model::job::{Job, JobSpec};
use crate::model::pacing::{Pacing, Waited};

pub use end::{Requeue, finish, requeue, stop};
pub use read::{JobFilter, get, list, newest_warnings};

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

const COLUMNS: &str = "id, org_id, connector_id, kb_id, kb_uid, stream_id, sync_id, spec, state, attempt, failures, rows, batches, \
     bytes, waited, failure, warnings, created_at, updated_at, started_at, finished_at, lease_epoch";

/// Whose run a job is.
#[derive(Clone, Copy)]
pub(super) struct RunOf<'a> {
    pub sync: &'a SyncId,
    pub stream: &'a StreamId,
}

/// Puts a job into the queue. Runs of syncs come through `syncs::start`; there is no other way.
///
/// # Errors
/// `KbNotFound` when the knowledge base is gone, so that no job writes into the void.
pub async fn enqueue(store: &Store, new: NewJob) -> Result<JobId, StoreError> {
    let mut connection = store.writer.acquire().await?;
    let id = insert(store, &mut connection, &new, None).await?;
    store.jobs_changed();
    Ok(id)
}

/// The row behind every job.
pub(super) async fn insert(
    store: &Store,
    connection: &mut SqliteConnection,
    new: &NewJob,
    run_of: Option<RunOf<'_>>,
) -> Result<JobId, StoreError> {
    let id = JobId::generate();
    // A job without a sync is a stream of its own.
    let own_stream = StreamId(id.0.clone());
    let stream = run_of.as_ref().map_or(&own_stream, |run| run.stream);
    let done = sqlx::query(
        "insert into jobs (id, org_id, connector_id, kb_id, kb_uid, stream_id, sync_id, dest_table, spec, state, run_after,
                           created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $10, $10
         where exists (select 1 from kbs where id = $4 and org_id = $2)",
    )
    .bind(&id)
    .bind(&new.org)
    .bind(&new.connector)
    .bind(new.kb)
    .bind(&new.kb_uid)
    .bind(stream)
    .bind(run_of.as_ref().map(|run| run.sync))
    .bind(&new.spec.dest_table)
    .bind(serde_json::to_string(&new.spec)?)
    .bind(to_micros(store.now()))
    .execute(connection)
    .await?;
    if done.rows_affected() == 0 {
        return Err(StoreError::KbNotFound);
    }
    Ok(id)
}

/// A run that could not even be queued, for the record.
pub(super) async fn insert_failed(
    store: &Store,
    connection: &mut SqliteConnection,
    new: &NewJob,
    run_of: RunOf<'_>,
    failure: &Failure,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into jobs (id, org_id, connector_id, kb_id, kb_uid, stream_id, sync_id, dest_table, spec, state, failure,
                           run_after, created_at, updated_at, finished_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'failed', $10, $11, $11, $11, $11)",
    )
    .bind(JobId::generate())
    .bind(&new.org)
    .bind(&new.connector)
    .bind(new.kb)
    .bind(&new.kb_uid)
    .bind(run_of.stream)
    .bind(run_of.sync)
    .bind(&new.spec.dest_table)
    .bind(serde_json::to_string(&new.spec)?)
    .bind(serde_json::to_string(failure)?)
    .bind(to_micros(store.now()))
    .execute(connection)
    .await?;
    Ok(())
}

/// A job that somebody runs.
#[derive(Debug, Clone)]
pub struct Running {
    pub lease: Lease,
    /// The process that holds the lease.
    pub owner: String,
    /// How gently its sync says now that it is to be read; none for a job of its own.
    pub pacing: Option<Pacing>,
}

/// The jobs of a connector, as far as those who run them have to know.
#[derive(Debug, Clone, Default)]
pub struct Look {
    /// Whoever runs them.
    pub running: Vec<Running>,
    /// The oldest job that is due, or whose holder let its lease run out.
    pub claimable: Option<JobId>,
}

/// Looks, in one statement: most of the time there is nothing to do, and a look keeps no writer waiting. With `only` no
/// other job than that is claimable.
pub async fn look(
    store: &Store,
    connector: &ConnectorId,
    only: Option<&JobId>,
) -> Result<Look, StoreError> {
    // Each part of what is claimable is the beginning of an index, however many jobs have ended.
    let rows = sqlx::query(
        "select j.id, j.lease_epoch, j.lease_owner, s.pacing from jobs j left join syncs s on s.id = j.sync_id
         where j.connector_id = $1 and j.state = 'running'
         union all
         select id, null, null, null from (
             select id, run_after from (
                 select id, run_after from jobs where connector_id = $1 and state = 'queued' and run_after <= $2
                    and ($3 is null or id = $3) order by run_after limit 1)
             union all
             select id, run_after from (
                 select id, run_after from jobs where connector_id = $1 and state = 'running' and lease_until <= $2
                    and ($3 is null or id = $3) limit 1)
             order by run_after limit 1)",
    )
    .bind(connector)
    .bind(to_micros(store.now()))
    .bind(only)
    .fetch_all(&store.writer)
    .await?;
    let mut look = Look::default();
    for row in &rows {
        let job = row.try_get("id")?;
        match row.try_get::<Option<i64>, _>("lease_epoch")? {
            Some(epoch) => look.running.push(Running {
                lease: Lease {
                    job,
                    epoch: epoch as u64,
                },
                owner: row.try_get("lease_owner")?,
                pacing: optional_json(row, "pacing")?,
            }),
            None => look.claimable = Some(job),
        }
    }
    Ok(look)
}

/// A job that is ours to run.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub lease: Lease,
    pub job: Job,
    /// As in [`Running`]; the job itself says what its sync said when the run was queued.
    pub pacing: Option<Pacing>,
}

/// Takes a job. None: another process was faster, or it is over.
pub async fn claim(
    store: &Store,
    id: &JobId,
    owner: &str,
    lease_time: TimeDelta,
) -> Result<Option<Claimed>, StoreError> {
    let now = store.now();
    let sql = sqlx::AssertSqlSafe(format!(
        "update jobs set state = 'running', lease_owner = $2, lease_until = $4, lease_epoch = lease_epoch + 1,
                started_at = coalesce(started_at, $3), updated_at = $3
         where id = $1 and (state = 'queued' and run_after <= $3 or state = 'running' and lease_until <= $3)
         returning {COLUMNS}, (select pacing from syncs where syncs.id = jobs.sync_id) as pacing"
    ));
    let rows = sqlx::query(sql)
        .bind(id)
        .bind(owner)
        .bind(to_micros(now))
        .bind(to_micros(now + lease_time))
        .fetch_all(&store.writer)
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    store.jobs_changed();
    Ok(Some(Claimed {
        lease: Lease {
            job: id.clone(),
            epoch: row.try_get::<i64, _>("lease_epoch")? as u64,
        },
        job: Job::from_row(row)?,
        pacing: optional_json(row, "pacing")?,
    }))
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
    .bind(to_micros(store.now() + lease_time))
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends the leases of a process that is known to be gone, so that its jobs can be claimed at once.
pub async fn expire_leases(store: &Store, owner: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "update jobs set lease_until = 0 where lease_owner = $1 and state = 'running' and lease_until > 0",
    )
    .bind(owner)
    .execute(&store.writer)
    .await?;
    let freed = done.rows_affected();
    if freed > 0 {
        store.jobs_changed();
    }
    Ok(freed)
}

/// Whether a job is still this lease's to run.
pub async fn is_held(store: &Store, lease: &Lease) -> Result<bool, StoreError> {
    let held: Option<i64> = sqlx::query_scalar(
        "select 1 from jobs where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .fetch_optional(&store.writer)
    .await?;
    Ok(held.is_some())
}

/// Notes what a job has waited for, also where nothing was committed after it.
///
/// # Errors
/// `LeaseLost` when another holder has it or it is final.
pub async fn waited(store: &Store, lease: &Lease, waited: Waited) -> Result<(), StoreError> {
    let done = sqlx::query(
        "update jobs set waited = $3, throttled_ms = $4 where id = $1 and lease_epoch = $2 and state = 'running'",
    )
    .bind(&lease.job)
    .bind(lease.epoch as i64)
    .bind(serde_json::to_string(&waited)?)
    .bind(waited.throttled_ms() as i64)
    .execute(&store.writer)
    .await?;
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
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    store.jobs_changed();
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::LeaseLost)
    }
}
