//! API keys. A secret leaves this module once, when it is issued; only its SHA-256 is stored.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::{Store, StoreError, from_micros, to_micros};
use crate::model::ids::OrgId;

/// A key, without its secret.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Token {
    pub id: String,
    pub org_id: OrgId,
    pub name: String,
    created_at: i64,
}

impl Token {
    pub fn created_at(&self) -> DateTime<Utc> {
        from_micros(self.created_at)
    }
}

/// Makes a key and answers it with its secret, `sluice_` and 64 hex digits (256 random bits).
pub async fn issue(store: &Store, org: &OrgId, name: &str) -> Result<(Token, String), StoreError> {
    let secret = format!("sluice_{}", hex(&rand::random::<[u8; 32]>()));
    let token = Token {
        id: uuid::Uuid::now_v7().simple().to_string(),
        org_id: org.clone(),
        name: name.to_owned(),
        created_at: to_micros(store.now()),
    };
    sqlx::query("insert into tokens (id, org_id, name, secret_sha256, created_at) values ($1, $2, $3, $4, $5)")
        .bind(&token.id)
        .bind(&token.org_id)
        .bind(&token.name)
        .bind(digest(&secret))
        .bind(token.created_at)
        .execute(&store.writer)
        .await?;
    Ok((token, secret))
}

/// The key that has this secret.
pub async fn find(store: &Store, secret: &str) -> Result<Option<Token>, StoreError> {
    Ok(
        sqlx::query_as("select id, org_id, name, created_at from tokens where secret_sha256 = $1")
            .bind(digest(secret))
            .fetch_optional(&store.readers)
            .await?,
    )
}

/// The keys of an organisation, newest first.
pub async fn list(store: &Store, org: &OrgId) -> Result<Vec<Token>, StoreError> {
    Ok(sqlx::query_as(
        "select id, org_id, name, created_at from tokens where org_id = $1 order by id desc",
    )
    .bind(org)
    .fetch_all(&store.readers)
    .await?)
}

/// Whether there was such a key to revoke.
pub async fn revoke(store: &Store, org: &OrgId, id: &str) -> Result<bool, StoreError> {
    let done = sqlx::query("delete from tokens where org_id = $1 and id = $2")
        .bind(org)
        .bind(id)
        .execute(&store.writer)
        .await?;
    Ok(done.rows_affected() > 0)
}

fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    crate::model::value::hex_text(bytes).split_off(2)
}
