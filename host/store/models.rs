//! Models: a table or a query of a source, with the columns that tell its rows apart. They never change.

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{Store, StoreError, json, time, to_micros};
use crate::model::ids::{ModelId, OrgId, SourceNumber};
use crate::model::sync_form::Selection;

/// A model to be.
#[derive(Debug, Clone, PartialEq)]
pub struct NewModel {
    pub source: SourceNumber,
    pub name: String,
    pub description: Option<String>,
    pub selection: Selection,
    /// Empty: none is known.
    pub primary_key: Vec<String>,
}

/// A model.
#[derive(Debug, Clone)]
pub struct Model {
    pub id: ModelId,
    pub is: NewModel,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, source_id, name, description, schema_name, table_name, query, primary_key, created_at, updated_at";

/// Keeps a model.
pub async fn create(store: &Store, org: &OrgId, new: &NewModel) -> Result<Model, StoreError> {
    let (schema, table, query) = match &new.selection {
        Selection::Table { schema, table } => (schema.as_deref(), Some(table.as_str()), None),
        Selection::Query(query) => (None, None, Some(query.as_str())),
    };
    let sql = sqlx::AssertSqlSafe(format!(
        "insert into models (org_id, source_id, name, description, schema_name, table_name, query, primary_key,
                             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) returning {COLUMNS}"
    ));
    let mut made = sqlx::query_as(sql)
        .bind(org)
        .bind(new.source)
        .bind(&new.name)
        .bind(&new.description)
        .bind(schema)
        .bind(table)
        .bind(query)
        .bind(serde_json::to_string(&new.primary_key)?)
        .bind(to_micros(store.now()))
        .fetch_all(&store.writer)
        .await?;
    made.pop().ok_or_else(|| sqlx::Error::RowNotFound.into())
}

/// A model of an organisation.
pub async fn get(store: &Store, org: &OrgId, id: ModelId) -> Result<Option<Model>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from models where org_id = $1 and id = $2"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(id)
        .fetch_optional(&store.readers)
        .await?)
}

/// At most `limit` models of an organisation after the first `skip`, newest first.
pub async fn list(
    store: &Store,
    org: &OrgId,
    skip: i64,
    limit: i64,
) -> Result<Vec<Model>, StoreError> {
    let sql = sqlx::AssertSqlSafe(format!(
        "select {COLUMNS} from models where org_id = $1 order by id desc limit $2 offset $3"
    ));
    Ok(sqlx::query_as(sql)
        .bind(org)
        .bind(limit)
        .bind(skip)
        .fetch_all(&store.readers)
        .await?)
}

/// How many models an organisation has.
pub async fn count(store: &Store, org: &OrgId) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar("select count(*) from models where org_id = $1")
            .bind(org)
            .fetch_one(&store.readers)
            .await?,
    )
}

impl FromRow<'_, SqliteRow> for Model {
    fn from_row(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let query: Option<String> = row.try_get("query")?;
        let selection = match query {
            Some(query) => Selection::Query(query),
            None => Selection::Table {
                schema: row.try_get("schema_name")?,
                table: row.try_get("table_name")?,
            },
        };
        Ok(Self {
            id: row.try_get("id")?,
            is: NewModel {
                source: row.try_get("source_id")?,
                name: row.try_get("name")?,
                description: row.try_get("description")?,
                selection,
                primary_key: json(row, "primary_key")?,
            },
            created_at: time(row, "created_at")?.unwrap_or_default(),
            updated_at: time(row, "updated_at")?.unwrap_or_default(),
        })
    }
}
