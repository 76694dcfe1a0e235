//! Connectors: the places that run extractions. This host is one.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, from_micros, to_micros};
use crate::model::ids::{ConnectorId, OrgId};

/// A registered connector.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Connector {
    pub id: ConnectorId,
    pub org_id: OrgId,
    pub name: Option<String>,
    pub hostname: Option<String>,
    pub os: Option<String>,
    pub arch: Option<String>,
    pub version: Option<String>,
    enrolled_at: i64,
    last_seen_at: Option<i64>,
}

impl Connector {
    pub fn enrolled_at(&self) -> DateTime<Utc> {
        from_micros(self.enrolled_at)
    }

    pub fn last_seen_at(&self) -> Option<DateTime<Utc>> {
        self.last_seen_at.map(from_micros)
    }
}

const COLUMNS: &str = "id, org_id, name, hostname, os, arch, version, enrolled_at, last_seen_at";

/// Registers this machine as a connector.
pub async fn enrol(store: &Store, org: &OrgId, name: &str) -> Result<ConnectorId, StoreError> {
    let id = ConnectorId::generate();
    sqlx::query(
        "insert into connectors (id, org_id, name, os, arch, version, enrolled_at) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(org)
    .bind(name)
    .bind(std::env::consts::OS)
    .bind(std::env::consts::ARCH)
    .bind(env!("CARGO_PKG_VERSION"))
    .bind(to_micros(store.now()))
    .execute(&store.writer)
    .await?;
    Ok(id)
}

/// Notes that a connector runs now, on which machine and in which version.
pub async fn seen(
    store: &Store,
    id: &ConnectorId,
    hostname: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "update connectors set last_seen_at = $2, hostname = $3, version = $4 where id = $1",
    )
    .bind(id)
    .bind(to_micros(store.now()))
    .bind(hostname)
    .bind(env!("CARGO_PKG_VERSION"))
    .execute(&store.writer)
    .await?;
    Ok(())
}

/// A connector of an organisation.
pub async fn get(
    store: &Store,
    org: &OrgId,
    id: &ConnectorId,
) -> Result<Option<Connector>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from connectors where org_id = $1 and id = $2"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(id)
        .fetch_optional(&store.readers)
        .await?)
}

/// The connectors of an organisation, newest first.
pub async fn list(store: &Store, org: &OrgId) -> Result<Vec<Connector>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from connectors where org_id = $1 order by id desc"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .fetch_all(&store.readers)
        .await?)
}
