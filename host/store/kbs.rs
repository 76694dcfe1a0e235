//! Knowledge bases: the numbers and names that clients use. Their tables live in the lake.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, from_micros, to_micros};
use crate::model::ids::{KbId, KbUid, OrgId};

/// A knowledge base.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Kb {
    pub id: KbId,
    pub uid: KbUid,
    pub name: String,
    pub description: Option<String>,
    created_at: i64,
    updated_at: i64,
}

impl Kb {
    pub fn created_at(&self) -> DateTime<Utc> {
        from_micros(self.created_at)
    }

    pub fn updated_at(&self) -> DateTime<Utc> {
        from_micros(self.updated_at)
    }
}

/// Creates a knowledge base. None when the organisation has one of that name.
pub async fn create(
    store: &Store,
    org: &OrgId,
    name: &str,
    description: Option<&str>,
) -> Result<Option<Kb>, StoreError> {
    Ok(sqlx::query_as(
        "insert into kbs (org_id, uid, name, description, created_at, updated_at) values ($1, $2, $3, $4, $5, $5)
         on conflict (org_id, name) do nothing
         returning id, uid, name, description, created_at, updated_at",
    )
    .bind(org)
    .bind(KbUid::generate())
    .bind(name)
    .bind(description)
    .bind(to_micros(store.now()))
    .fetch_all(&store.writer)
    .await?
    .pop())
}

/// A knowledge base of an organisation.
pub async fn get(store: &Store, org: &OrgId, id: KbId) -> Result<Option<Kb>, StoreError> {
    Ok(sqlx::query_as(
        "select id, uid, name, description, created_at, updated_at from kbs where org_id = $1 and id = $2",
    )
    .bind(org)
    .bind(id)
    .fetch_optional(&store.readers)
    .await?)
}

/// The knowledge base of that name.
pub async fn find(store: &Store, org: &OrgId, name: &str) -> Result<Option<Kb>, StoreError> {
    Ok(sqlx::query_as(
        "select id, uid, name, description, created_at, updated_at from kbs where org_id = $1 and name = $2",
    )
    .bind(org)
    .bind(name)
    .fetch_optional(&store.readers)
    .await?)
}

/// At most `limit` knowledge bases of an organisation with an id below `before`, newest first.
pub async fn list(
    store: &Store,
    org: &OrgId,
    before: Option<KbId>,
    limit: u32,
) -> Result<Vec<Kb>, StoreError> {
    Ok(sqlx::query_as(
        "select id, uid, name, description, created_at, updated_at from kbs
         where org_id = $1 and ($2 is null or id < $2) order by id desc limit $3",
    )
    .bind(org)
    .bind(before)
    .bind(limit)
    .fetch_all(&store.readers)
    .await?)
}

/// Changes what is given. None when there is no such knowledge base; an error that
/// `is_taken` when another has the name.
pub async fn update(
    store: &Store,
    org: &OrgId,
    id: KbId,
    name: Option<&str>,
    description: Option<&str>,
) -> Result<Option<Kb>, StoreError> {
    Ok(sqlx::query_as(
        "update kbs set name = coalesce($3, name), description = coalesce($4, description), updated_at = $5
         where org_id = $1 and id = $2
         returning id, uid, name, description, created_at, updated_at",
    )
    .bind(org)
    .bind(id)
    .bind(name)
    .bind(description)
    .bind(to_micros(store.now()))
    .fetch_all(&store.writer)
    .await?
    .pop())
}

/// Forgets a knowledge base; its folder is the caller's to remove. False: there is none, or a job of it is not over.
pub async fn delete(store: &Store, org: &OrgId, id: KbId) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "delete from kbs where org_id = $1 and id = $2
         and not exists (select 1 from jobs where kb_id = $2 and state in ('queued', 'running'))",
    )
    .bind(org)
    .bind(id)
    .execute(&store.writer)
    .await?;
    Ok(done.rows_affected() > 0)
}
