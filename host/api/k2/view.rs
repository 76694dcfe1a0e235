//! A knowledge base as clients see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::problem::Problem;
use crate::store::kbs::Kb;

/// A knowledge base and how much is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct KbView {
    id: i64,
    uid: String,
    name: String,
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
    /// Bytes of Parquet that its tables consist of.
    data_size_bytes: Option<u64>,
    table_count: u64,
    row_count: u64,
}

impl KbView {
    /// Looks into the lake for what the store does not know.
    pub async fn of(api: &Api, kb: Kb) -> Result<Self, Problem> {
        let tables = api.lake.tables(&kb.uid).await?;
        Ok(Self {
            created_at: kb.created_at(),
            updated_at: kb.updated_at(),
            id: kb.id.0,
            uid: kb.uid.0,
            name: kb.name,
            description: kb.description.filter(|text| !text.is_empty()),
            data_size_bytes: Some(tables.iter().map(|table| table.bytes).sum()),
            table_count: tables.len() as u64,
            row_count: tables.iter().map(|table| table.rows).sum(),
        })
    }
}
