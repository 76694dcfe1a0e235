//! Syncs by their numbers, each with what the AI Squared form says of it.

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteExecutor};

use super::read::SELECT;
use crate::model::ids::{ConnectorId, OrgId, SyncId, SyncNumber};
use crate::model::sync::SyncOrder;
use crate::model::sync_form::SyncForm;
use crate::store::{Store, StoreError, optional_json};

/// A sync with its number.
#[derive(Debug, Clone)]
pub struct NumberedSync {
    pub number: SyncNumber,
    /// None: made by the other form.
    pub form: Option<SyncForm>,
    pub order: SyncOrder,
}

/// The sync of that number.
pub async fn by_number(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    number: SyncNumber,
) -> Result<Option<NumberedSync>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select q.*, n.id as number, n.form from
            ({SELECT} where s.org_id = $1 and s.connector_id = $2
                        and s.id = (select sync_id from sync_numbers where id = $3)) q
            join sync_numbers n on n.sync_id = q.id"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(connector)
        .bind(number)
        .fetch_optional(&store.readers)
        .await?)
}

/// The number of a sync; none: it is gone.
pub async fn number(store: &Store, id: &SyncId) -> Result<Option<SyncNumber>, StoreError> {
    Ok(
        sqlx::query_scalar("select id from sync_numbers where sync_id = $1")
            .bind(id)
            .fetch_optional(&store.readers)
            .await?,
    )
}

/// At most `limit` syncs of a connector after the first `skip`, newest first.
pub async fn list_numbered(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
    skip: i64,
    limit: i64,
) -> Result<Vec<NumberedSync>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select q.*, n.id as number, n.form from
            ({SELECT} where s.org_id = $1 and s.connector_id = $2 order by s.id desc limit $3 offset $4) q
            join sync_numbers n on n.sync_id = q.id order by q.id desc"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(connector)
        .bind(limit)
        .bind(skip)
        .fetch_all(&store.readers)
        .await?)
}

/// How many syncs a connector has.
pub async fn count_of(
    store: &Store,
    org: &OrgId,
    connector: &ConnectorId,
) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("select count(*) from syncs where org_id = $1 and connector_id = $2")
            .bind(org)
            .bind(connector)
            .fetch_one(&store.readers)
            .await?,
    )
}

/// Keeps other words for a sync.
pub async fn set_form(store: &Store, id: &SyncId, form: &SyncForm) -> Result<(), StoreError> {
    keep_form(&store.writer, id, form).await
}

pub(super) async fn keep_form(
    executor: impl SqliteExecutor<'_>,
    id: &SyncId,
    form: &SyncForm,
) -> Result<(), StoreError> {
    sqlx::query("update sync_numbers set form = $2 where sync_id = $1")
        .bind(id)
        .bind(serde_json::to_string(form)?)
        .execute(executor)
        .await?;
    Ok(())
}

impl FromRow<'_, SqliteRow> for NumberedSync {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            number: row.try_get("number")?,
            form: optional_json(row, "form")?,
            order: SyncOrder::from_row(row)?,
        })
    }
}
