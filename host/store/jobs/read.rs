//! Jobs as they are now.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Row};

use super::COLUMNS;
use crate::model::ids::{ConnectorId, JobId, KbId, OrgId, SyncId};
use crate::model::job::{Job, JobState, Progress};
use crate::store::{Store, StoreError, count, json, optional_json, time, to_micros};

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
        .fetch_optional(&store.readers)
        .await?)
}

/// Which jobs to list. Empty means all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    pub connector: Option<ConnectorId>,
    pub sync: Option<SyncId>,
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
    if let Some(sync) = &filter.sync {
        sql.push(" and sync_id = ").push_bind(sync);
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
    Ok(sql.build_query_as().fetch_all(&store.readers).await?)
}

/// What the newest run of a sync that had any warnings said.
pub async fn newest_warnings(store: &Store, sync: &SyncId) -> Result<Vec<String>, StoreError> {
    let warnings: Option<String> = sqlx::query_scalar(
        "select warnings from jobs where sync_id = $1 and warnings <> '[]' order by id desc limit 1",
    )
    .bind(sync)
    .fetch_optional(&store.readers)
    .await?;
    let warnings = warnings
        .map(|text| serde_json::from_str(&text))
        .transpose()?;
    Ok(warnings.unwrap_or_default())
}

impl FromRow<'_, SqliteRow> for Job {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
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
            attempt: count(row, "attempt")? as u32,
            failures: count(row, "failures")? as u32,
            progress: Progress {
                rows: count(row, "rows")?,
                batches: count(row, "batches")?,
                bytes: count(row, "bytes")?,
                waited: json(row, "waited")?,
            },
            failure: optional_json(row, "failure")?,
            warnings: json(row, "warnings")?,
            created_at: time(row, "created_at")?.unwrap_or_default(),
            updated_at: time(row, "updated_at")?.unwrap_or_default(),
            started_at: time(row, "started_at")?,
            finished_at: time(row, "finished_at")?,
        })
    }
}
