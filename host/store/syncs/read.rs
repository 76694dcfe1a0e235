//! Syncs as they are now, each with its newest run.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row};

use crate::model::ids::{ConnectorId, KbId, OrgId, SyncId};
use crate::model::job::JobState;
use crate::model::sync::{NewestRun, SyncCounts, SyncOrder};
use crate::store::{Store, StoreError, count, json, optional_json, time};

/// Every column of a sync, and what its checkpoints and its newest run add. One that is under way is the newest, also where
/// the clock was set back and ids do not tell.
pub(super) const SELECT: &str = "select s.*,
        exists (select 1 from checkpoints c where c.stream_id = s.stream_id and c.state = 'committed') as has_cursor,
        r.state as run_state, coalesce(r.started_at, r.created_at) as run_started_at, r.updated_at as run_updated_at
    from syncs s left join jobs r on r.id = coalesce(
        (select id from jobs where sync_id = s.id and state in ('queued', 'running')),
        (select id from jobs where sync_id = s.id order by id desc limit 1))";

/// A sync of an organisation's connector.
pub async fn get(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    id: &SyncId,
) -> Result<Option<SyncOrder>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "{SELECT} where s.org_id = $1 and s.connector_id = $2 and s.id = $3"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(connector)
        .bind(id)
        .fetch_optional(&store.readers)
        .await?)
}

/// Which syncs to list. None means all.
#[derive(Debug, Clone, Default)]
pub struct SyncFilter {
    pub connector: Option<ConnectorId>,
    pub enabled: Option<bool>,
    pub kb: Option<KbId>,
    pub source_kind: Option<String>,
    /// Only syncs older than this one: the last of the page before.
    pub before: Option<SyncId>,
}

/// At most `limit` syncs of an organisation, newest first.
pub async fn list(
    store: &Store,
    org: &OrgId,
    filter: &SyncFilter,
    limit: u32,
) -> Result<Vec<SyncOrder>, StoreError> {
    let mut sql = QueryBuilder::new(format!("{SELECT} where s.org_id = "));
    sql.push_bind(org);
    if let Some(connector) = &filter.connector {
        sql.push(" and s.connector_id = ").push_bind(connector);
    }
    if let Some(enabled) = filter.enabled {
        sql.push(" and s.enabled = ").push_bind(enabled);
    }
    if let Some(kb) = filter.kb {
        sql.push(" and s.kb_id = ").push_bind(kb);
    }
    if let Some(kind) = &filter.source_kind {
        sql.push(" and s.source_kind = ").push_bind(kind);
    }
    if let Some(before) = &filter.before {
        sql.push(" and s.id < ").push_bind(before);
    }
    sql.push(" order by s.id desc limit ").push_bind(limit);
    Ok(sql.build_query_as().fetch_all(&store.readers).await?)
}

impl FromRow<'_, SqliteRow> for SyncOrder {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let run_state: Option<JobState> = row.try_get("run_state")?;
        let newest_run = match run_state {
            Some(state) => Some(NewestRun {
                state,
                started_at: time(row, "run_started_at")?.unwrap_or_default(),
                updated_at: time(row, "run_updated_at")?.unwrap_or_default(),
            }),
            None => None,
        };
        Ok(Self {
            id: row.try_get("id")?,
            org: row.try_get("org_id")?,
            connector: row.try_get("connector_id")?,
            kb: row.try_get("kb_id")?,
            kb_uid: row.try_get("kb_uid")?,
            stream: row.try_get("stream_id")?,
            name: row.try_get("name")?,
            dest_table: row.try_get("dest_table")?,
            spec: json(row, "spec")?,
            pacing: json(row, "pacing")?,
            batch_rows: count(row, "batch_rows")? as u32,
            schedule: json(row, "schedule")?,
            interval_secs: count(row, "interval_secs")? as u32,
            first_run: row.try_get("first_run")?,
            set_cursor: optional_json(row, "set_cursor")?,
            has_cursor: row.try_get("has_cursor")?,
            enabled: row.try_get("enabled")?,
            disabled_reason: row.try_get("disabled_reason")?,
            scheduled_from: time(row, "scheduled_from")?.unwrap_or_default(),
            last_start: time(row, "last_start_at")?,
            held_until: time(row, "held_until")?,
            consecutive_failures: count(row, "consecutive_failures")? as u32,
            last_failure: row.try_get("last_failure")?,
            last_success_at: time(row, "last_success_at")?,
            counts: SyncCounts {
                runs_total: count(row, "runs_total")?,
                runs_completed: count(row, "runs_completed")?,
                runs_failed: count(row, "runs_failed")?,
                rows_total: count(row, "rows_total")?,
            },
            newest_run,
            created_at: time(row, "created_at")?.unwrap_or_default(),
            updated_at: time(row, "updated_at")?.unwrap_or_default(),
            revision: row.try_get("revision")?,
        })
    }
}
