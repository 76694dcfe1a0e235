//! A source and a pacing as clients see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::pacing::Pacing;
use crate::model::source::Source;

/// Which table to read, and how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
pub struct SourceView {
    /// `postgres`, or any kind that the connector advertises as `source:<kind>`.
    #[schema(example = "postgres")]
    kind: String,
    /// A name in the connector's `connections.json`.
    connection_ref: String,
    /// Absent: the default of the kind, e.g. `public`.
    schema: Option<String>,
    table: String,
    /// The rows of this query are read, `table` is only its name. Of a model of `/api/v1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(read_only)]
    query: Option<String>,
    /// The monotonic column.
    cursor_column: String,
    /// Absent: all.
    columns: Option<Vec<String>>,
}

/// How gently to read. 0 or absent: unthrottled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pacing)]
pub struct PacingView {
    /// Sleep between batches.
    #[schema(value_type = Option<i64>, minimum = 0)]
    batch_delay_ms: u64,
    /// Sustained cap over the whole job.
    #[schema(value_type = Option<i32>, minimum = 0)]
    max_rows_per_sec: u32,
    /// SQL Server's `OPTION (MAXDOP n)`; ignored elsewhere.
    #[schema(value_type = Option<i32>, minimum = 0)]
    max_dop: u32,
    /// SQL Server: read without shared locks; ignored elsewhere.
    #[schema(value_type = Option<bool>)]
    read_uncommitted: bool,
}

impl From<Source> for SourceView {
    fn from(source: Source) -> Self {
        Self {
            kind: source.kind,
            connection_ref: source.connection_ref,
            schema: source.schema,
            table: source.table,
            query: source.query,
            cursor_column: source.cursor_column,
            columns: Some(source.columns).filter(|columns| !columns.is_empty()),
        }
    }
}

impl From<Pacing> for PacingView {
    fn from(pacing: Pacing) -> Self {
        Self {
            batch_delay_ms: pacing.batch_delay_ms,
            max_rows_per_sec: pacing.max_rows_per_sec,
            max_dop: pacing.max_dop,
            read_uncommitted: pacing.read_uncommitted,
        }
    }
}
