//! Makes, changes and removes syncs.

use sqlx::{Sqlite, Transaction};

use super::number::keep_form;
use super::run::{RunEnd, count_end};
use crate::model::ids::{ConnectorId, KbId, KbUid, OrgId, StreamId, SyncId};
use crate::model::pacing::Pacing;
use crate::model::sync::{FirstRun, Schedule, SyncSpec};
use crate::model::sync_form::SyncForm;
use crate::store::{Store, StoreError, to_micros};

/// A sync to be.
#[derive(Debug, Clone)]
pub struct NewSync {
    pub org: OrgId,
    pub connector: ConnectorId,
    pub kb: KbId,
    pub kb_uid: KbUid,
    pub name: Option<String>,
    pub dest_table: String,
    pub spec: SyncSpec,
    pub pacing: Pacing,
    pub batch_rows: u32,
    pub schedule: Schedule,
    pub interval_secs: u32,
    pub first_run: FirstRun,
    pub enabled: bool,
    /// Of a sync that is made by the AI Squared form.
    pub form: Option<SyncForm>,
}

/// Makes a sync.
///
/// # Errors
/// `KbNotFound`, and `DestTaken` when another sync writes the dest table.
pub async fn create(store: &Store, new: NewSync) -> Result<SyncId, StoreError> {
    let id = SyncId::generate();
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    let done = sqlx::query(
        "insert into syncs (id, org_id, connector_id, kb_id, kb_uid, stream_id, name, dest_table, source_kind, spec, pacing,
                            batch_rows, schedule, interval_secs, first_run, enabled, scheduled_from, created_at, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $17
         where exists (select 1 from kbs where id = $4 and org_id = $2)",
    )
    .bind(&id)
    .bind(&new.org)
    .bind(&new.connector)
    .bind(new.kb)
    .bind(&new.kb_uid)
    .bind(StreamId::generate())
    .bind(&new.name)
    .bind(&new.dest_table)
    .bind(&new.spec.source.kind)
    .bind(serde_json::to_string(&new.spec)?)
    .bind(serde_json::to_string(&new.pacing)?)
    .bind(new.batch_rows)
    .bind(serde_json::to_string(&new.schedule)?)
    .bind(new.interval_secs)
    .bind(new.first_run)
    .bind(new.enabled)
    .bind(to_micros(store.now()))
    .execute(&mut *transaction)
    .await
    .map_err(StoreError::Query);
    let done = match done {
        Err(error) if error.is_taken() => return Err(StoreError::DestTaken),
        done => done?,
    };
    if done.rows_affected() == 0 {
        return Err(StoreError::KbNotFound);
    }
    if let Some(form) = &new.form {
        keep_form(&mut *transaction, &id, form).await?;
    }
    transaction.commit().await?;
    store.syncs_changed();
    Ok(id)
}

/// What to change of a sync. None stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SyncChange {
    pub enabled: Option<bool>,
    pub interval_secs: Option<u32>,
    pub name: Option<String>,
    pub pacing: Option<Pacing>,
    pub batch_rows: Option<u32>,
    pub schedule: Option<Schedule>,
}

/// Changes a sync. One that is enabled again starts without failures; its schedule counts from now on. False: there is none.
pub async fn change(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    id: &SyncId,
    change: &SyncChange,
) -> Result<bool, StoreError> {
    let pacing = change.pacing.as_ref().map(serde_json::to_string);
    let schedule = change.schedule.as_ref().map(serde_json::to_string);
    let done = sqlx::query(
        "update syncs set
            consecutive_failures = iif($4 > enabled, 0, consecutive_failures),
            disabled_reason = iif($4 > enabled, null, disabled_reason),
            scheduled_from = iif($4 > enabled or $9 is not null, $10, scheduled_from),
            enabled = coalesce($4, enabled), interval_secs = coalesce($5, interval_secs), name = coalesce($6, name),
            pacing = coalesce($7, pacing), batch_rows = coalesce($8, batch_rows), schedule = coalesce($9, schedule),
            due_at = null, updated_at = $10, revision = revision + 1
         where org_id = $1 and connector_id = $2 and id = $3",
    )
    .bind(org)
    .bind(connector)
    .bind(id)
    .bind(change.enabled)
    .bind(change.interval_secs)
    .bind(&change.name)
    .bind(pacing.transpose()?)
    .bind(change.batch_rows)
    .bind(schedule.transpose()?)
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    // Also the jobs: a running one takes the new pacing.
    store.jobs_changed();
    store.syncs_changed();
    Ok(done.rows_affected() == 1)
}

/// Removes a sync and stops its run. The stream that it wrote; none: there is no such sync.
pub async fn delete(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    id: &SyncId,
) -> Result<Option<StreamId>, StoreError> {
    let mut transaction = store.writer.begin_with("begin immediate").await?;
    let stream: Option<StreamId> = sqlx::query_scalar(
        "select stream_id from syncs where org_id = $1 and connector_id = $2 and id = $3",
    )
    .bind(org)
    .bind(connector)
    .bind(id)
    .fetch_optional(&mut *transaction)
    .await?;
    if stream.is_none() {
        return Ok(None);
    }
    stop_run(store, &mut transaction, id).await?;
    sqlx::query("delete from syncs where id = $1")
        .bind(id)
        .execute(&mut *transaction)
        .await?;
    // From now on they are kept as long as other jobs without a sync.
    sqlx::query("update jobs set sync_id = null where sync_id = $1")
        .bind(id)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    store.jobs_changed();
    store.syncs_changed();
    Ok(stream)
}

/// Stops the run of a sync, if there is one.
pub(super) async fn stop_run(
    store: &Store,
    transaction: &mut Transaction<'_, Sqlite>,
    id: &SyncId,
) -> Result<(), StoreError> {
    let now = store.now();
    let done = sqlx::query(
        "update jobs set state = 'stopped', finished_at = $2, updated_at = $2, lease_owner = null, lease_until = null
         where sync_id = $1 and state in ('queued', 'running')",
    )
    .bind(id)
    .bind(to_micros(now))
    .execute(&mut **transaction)
    .await?;
    if done.rows_affected() > 0 {
        count_end(transaction, id, RunEnd::Stopped, now).await?;
    }
    Ok(())
}
