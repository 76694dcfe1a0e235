//! The numbers of the entries of `connections.json`. What an entry says is not known here.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, from_micros, to_micros};
use crate::model::ids::{ConnectorId, SourceNumber};

/// An entry of `connections.json` that has a number.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct NumberedSource {
    pub id: SourceNumber,
    pub connection_ref: String,
    created_at: i64,
}

impl NumberedSource {
    /// When it got its number.
    pub fn created_at(&self) -> DateTime<Utc> {
        from_micros(self.created_at)
    }
}

/// The entry of that name; it gets a number if it has none.
pub async fn of_name(
    store: &Store,
    connector: &ConnectorId,
    connection_ref: &str,
) -> Result<NumberedSource, StoreError> {
    if let Some(source) = find(store, connector, connection_ref).await? {
        return Ok(source);
    }
    sqlx::query(
        "insert into sources (connector_id, connection_ref, created_at) values ($1, $2, $3)
         on conflict (connector_id, connection_ref) do nothing",
    )
    .bind(connector)
    .bind(connection_ref)
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    let source = find(store, connector, connection_ref).await?;
    source.ok_or_else(|| sqlx::Error::RowNotFound.into())
}

async fn find(
    store: &Store,
    connector: &ConnectorId,
    connection_ref: &str,
) -> Result<Option<NumberedSource>, StoreError> {
    Ok(sqlx::query_as(
        "select id, connection_ref, created_at from sources where connector_id = $1 and connection_ref = $2",
    )
    .bind(connector)
    .bind(connection_ref)
    .fetch_optional(&store.readers)
    .await?)
}

/// The entry of that number.
pub async fn get(
    store: &Store,
    connector: &ConnectorId,
    id: SourceNumber,
) -> Result<Option<NumberedSource>, StoreError> {
    Ok(sqlx::query_as(
        "select id, connection_ref, created_at from sources where connector_id = $1 and id = $2",
    )
    .bind(connector)
    .bind(id)
    .fetch_optional(&store.readers)
    .await?)
}
