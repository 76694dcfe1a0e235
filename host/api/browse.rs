//! What a connector can read: its connections, their tables and columns, as the plugin of the source's kind answers.
//! Names only: nothing of a DSN is known here.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::InConnector;
use super::connectors::must_be_online;
use super::params::Params;
use super::problem::Problem;
use super::report::Report;
use crate::connection::{ConnectionEntry, Session};
use crate::model::failure::Failure;
use crate::model::pacing::Isolation;
use crate::model::source::DataType;
use crate::plugin::{ColumnEntry, Plugin, TableEntry};

/// A person waits for the answer, and the places of a connection may all be taken.
const BROWSE_TIME: Duration = Duration::from_secs(30);
/// What the source's operator sees.
const APPLICATION_NAME: &str = "sluice/browse";

/// One entry of `connections.json`.
#[derive(Serialize, ToSchema)]
pub struct ConnectionView {
    name: String,
    /// Empty if the entry is too broken to say.
    #[schema(example = "postgres")]
    kind: String,
    /// Why it cannot be used, and what to do.
    problem: Option<String>,
}

/// The connections of a connector, by name.
#[derive(Serialize, ToSchema)]
pub struct ConnectionList {
    connections: Vec<ConnectionView>,
    /// Why none of the file's entries can be used, if so.
    problem: Option<String>,
    next_page_token: Option<String>,
}

/// One table that can be read.
#[derive(Serialize, ToSchema)]
pub struct TableView {
    schema: String,
    name: String,
    /// An estimate of the source; -1: unknown.
    approx_rows: i64,
}

/// The tables of a connection, by schema and name.
#[derive(Serialize, ToSchema)]
pub struct TableList {
    tables: Vec<TableView>,
    next_page_token: Option<String>,
}

/// One column of a table.
#[derive(Serialize, ToSchema)]
pub struct ColumnView {
    name: String,
    /// The source's own name of the type.
    #[schema(example = "character varying(40)")]
    data_type: String,
    nullable: bool,
    /// The source can order and compare it, so it may be a `cursor_column`.
    cursor_candidate: bool,
    /// Position in the primary key, from 1.
    pk_position: Option<u32>,
    numeric_precision: Option<u8>,
    numeric_scale: Option<i8>,
}

/// The columns of a table, in its order.
#[derive(Serialize, ToSchema)]
pub struct ColumnList {
    columns: Vec<ColumnView>,
    next_page_token: Option<String>,
}

/// The connections that this connector has.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/browse/connections", tag = "browse",
    responses(
        (status = 200, body = ConnectionList),
        (status = 404, description = "`connector_not_found`"),
        (status = 422, description = "`connector_offline`"),
    )
)]
pub async fn browse_connections(
    at: InConnector,
    State(api): State<Api>,
) -> Result<Json<ConnectionList>, Problem> {
    must_be_online(&api, &at.connector.id)?;
    let entries = api.connections.entries();
    Ok(Json(ConnectionList {
        connections: entries.into_iter().map(ConnectionView::from).collect(),
        problem: api.connections.problem(),
        next_page_token: None,
    }))
}

/// The tables that a connection may read.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/browse/tables", tag = "browse",
    params(("connection_ref" = String, Query)),
    responses(
        (status = 200, body = TableList),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`, `connection_not_found`"),
        (status = 422, description = "`connector_offline`, `capability_missing`, `source_refused`"),
    )
)]
pub async fn browse_tables(
    at: InConnector,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<TableList>, Problem> {
    let report = Report::default();
    let connection_ref = params.required("connection_ref", &report);
    let connection_ref = report.finish(connection_ref)?;
    must_be_online(&api, &at.connector.id)?;
    let tables = in_time(async {
        let (plugin, session) = open(&api, connection_ref).await?;
        Ok(plugin.tables(session).await?)
    });
    Ok(Json(TableList {
        tables: tables.await?.into_iter().map(TableView::from).collect(),
        next_page_token: None,
    }))
}

/// The columns of a table, and which of them may be a cursor.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}/browse/columns", tag = "browse",
    params(("connection_ref" = String, Query), ("schema" = Option<String>, Query), ("table" = String, Query)),
    responses(
        (status = 200, body = ColumnList),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`, `connection_not_found`"),
        (status = 422, description = "`connector_offline`, `capability_missing`, `source_refused`"),
    )
)]
pub async fn browse_columns(
    at: InConnector,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<ColumnList>, Problem> {
    let report = Report::default();
    let connection_ref = params.required("connection_ref", &report);
    let table = params.required("table", &report);
    let schema = params.text("schema", &report);
    let (connection_ref, table) = report.finish(connection_ref.zip(table))?;
    must_be_online(&api, &at.connector.id)?;
    let columns = in_time(async {
        let (plugin, session) = open(&api, connection_ref).await?;
        Ok(plugin.columns(session, schema, table).await?)
    });
    Ok(Json(ColumnList {
        columns: columns.await?.into_iter().map(ColumnView::from).collect(),
        next_page_token: None,
    }))
}

/// The plugin whose kind is that of the connection, and a session for it.
async fn open(api: &Api, connection_ref: &str) -> Result<(Arc<Plugin>, Session), Problem> {
    let entry = usable_entry(api, connection_ref)
        .map_err(|detail| Problem::not_found("connection_not_found", detail))?;
    let Some(plugin) = plugin_for(api, &entry.kind) else {
        let detail = format!(
            "no loaded plugin can use a connection of kind \"{}\"",
            entry.kind
        );
        return Err(Problem::refused("capability_missing", detail));
    };
    let session =
        api.connections
            .connect(connection_ref, APPLICATION_NAME, Isolation::ReadCommitted);
    Ok((plugin, session.await.map_err(Failure::from)?))
}

/// The plugin of the kind of the same name if there is one, else the first that can use it.
pub fn plugin_for(api: &Api, connection_kind: &str) -> Option<Arc<Plugin>> {
    let mut plugins: Vec<_> = api
        .plugins
        .kinds()
        .iter()
        .filter_map(|kind| api.plugins.get(kind))
        .filter(|plugin| can_use(plugin, connection_kind))
        .collect();
    plugins.sort_by_key(|plugin| plugin.description().kind != connection_kind);
    plugins.into_iter().next()
}

/// Whether a plugin speaks the language of such a connection.
pub fn can_use(plugin: &Plugin, connection_kind: &str) -> bool {
    let kinds = &plugin.description().connection_kinds;
    kinds.iter().any(|kind| kind == connection_kind)
}

/// The entry of that name, if a session can be opened from it.
///
/// # Errors
/// A sentence: what is there instead, or what is wrong with the entry.
pub fn usable_entry(api: &Api, connection_ref: &str) -> Result<ConnectionEntry, String> {
    if let Some(problem) = api.connections.problem() {
        return Err(problem);
    }
    let entries = api.connections.entries();
    let names: Vec<_> = entries.iter().map(|entry| entry.name.clone()).collect();
    match entries
        .into_iter()
        .find(|entry| entry.name == connection_ref)
    {
        Some(ConnectionEntry {
            problem: Some(problem),
            ..
        }) => Err(problem),
        Some(entry) => Ok(entry),
        None if names.is_empty() => Err(format!(
            "there is no connection \"{connection_ref}\": connections.json is empty, add it there"
        )),
        None => Err(format!(
            "there is no connection \"{connection_ref}\" in connections.json; there are: {}",
            names.join(", ")
        )),
    }
}

/// Dropping the work at the end of the time closes its session.
async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(BROWSE_TIME, work).await.unwrap_or_else(|_elapsed| {
        let detail = format!(
            "the source did not answer within {} s: it is slow, or all sessions of this connection are taken",
            BROWSE_TIME.as_secs()
        );
        Err(Problem::refused("source_refused", detail))
    })
}

impl From<ConnectionEntry> for ConnectionView {
    fn from(entry: ConnectionEntry) -> Self {
        Self {
            name: entry.name,
            kind: entry.kind,
            problem: entry.problem,
        }
    }
}

impl From<TableEntry> for TableView {
    fn from(entry: TableEntry) -> Self {
        Self {
            schema: entry.schema,
            name: entry.name,
            approx_rows: entry
                .approx_rows
                .and_then(|rows| i64::try_from(rows).ok())
                .unwrap_or(-1),
        }
    }
}

impl From<ColumnEntry> for ColumnView {
    fn from(entry: ColumnEntry) -> Self {
        let (numeric_precision, numeric_scale) = match entry.column.data_type {
            DataType::Decimal(precision, scale) => (Some(precision), Some(scale)),
            _ => (None, None),
        };
        Self {
            name: entry.column.name,
            data_type: entry.column.native_type,
            nullable: entry.column.nullable,
            cursor_candidate: entry.cursor_candidate,
            pk_position: entry.key_position,
            numeric_precision,
            numeric_scale,
        }
    }
}
