//! Organisations.

use super::{Store, StoreError, to_micros};
use crate::model::ids::OrgId;

/// Creates an organisation.
pub async fn create(store: &Store, name: &str) -> Result<OrgId, StoreError> {
    let id = OrgId::generate();
    sqlx::query("insert into orgs (id, name, created_at) values ($1, $2, $3)")
        .bind(&id)
        .bind(name)
        .bind(to_micros(store.now()))
        .execute(&store.writer)
        .await?;
    Ok(id)
}

/// The organisation of that id or name.
pub async fn find(store: &Store, id_or_name: &str) -> Result<Option<OrgId>, StoreError> {
    Ok(sqlx::query_scalar(
        "select id from orgs where id = $1 or name = $1 order by id = $1 desc limit 1",
    )
    .bind(id_or_name)
    .fetch_optional(&store.readers)
    .await?)
}
