//! Connectors and what each can do now. This host's own is the only one that runs anything today; others are off line.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::{InConnector, InOrg};
use super::page::Page;
use super::params::Params;
use super::problem::Problem;
use super::report::Report;
use crate::model::ids::ConnectorId;
use crate::store::connectors::{self, Connector};

/// Where extractions run.
#[derive(Serialize, ToSchema)]
pub struct ConnectorView {
    id: String,
    name: Option<String>,
    hostname: Option<String>,
    os: Option<String>,
    arch: Option<String>,
    version: Option<String>,
    /// `source:<kind>` for each kind that a plugin serves now, `kb:local`, `browse:describe`.
    #[schema(example = json!(["source:postgres", "source:sql_server", "kb:local", "browse:describe"]))]
    capabilities: Vec<String>,
    online: bool,
    connected: bool,
    #[schema(value_type = String, format = DateTime)]
    enrolled_at: DateTime<Utc>,
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<DateTime<Utc>>,
}

/// Connectors, newest first.
#[derive(Serialize, ToSchema)]
pub struct ConnectorList {
    connectors: Vec<ConnectorView>,
    next_page_token: Option<String>,
}

/// The connectors of an organisation.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors", tag = "connectors",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("page_token" = Option<String>, Query)),
    responses((status = 200, body = ConnectorList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_connectors(
    at: InOrg,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<ConnectorList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("connectors of {}", at.org), &report);
    let page = report.finish(Some(page))?;
    let all = connectors::list(&api.store, &at.org).await?;
    let cut = page.cut_all(all, |connector| connector.id.to_string());
    let cut = cut.map(|connector| view(&api, connector));
    Ok(Json(ConnectorList {
        connectors: cut.items,
        next_page_token: cut.next_page_token,
    }))
}

/// One connector.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/{connector_id}", tag = "connectors",
    responses((status = 200, body = ConnectorView), (status = 404, description = "`connector_not_found`"))
)]
pub async fn get_connector(at: InConnector, State(api): State<Api>) -> Json<ConnectorView> {
    Json(view(&api, at.connector))
}

/// What a connector can do now; an absent one nothing.
pub fn capabilities(api: &Api, connector: &ConnectorId) -> Vec<String> {
    if !is_online(api, connector) {
        return Vec::new();
    }
    let mut capabilities: Vec<_> = api
        .plugins
        .kinds()
        .into_iter()
        .map(|kind| format!("source:{kind}"))
        .collect();
    capabilities.extend(["kb:local", "browse:describe"].map(str::to_owned));
    capabilities
}

pub fn is_online(api: &Api, connector: &ConnectorId) -> bool {
    *connector == api.connector
}

/// The refusal of everything that a connector must be there for.
pub fn must_be_online(api: &Api, connector: &ConnectorId) -> Result<(), Problem> {
    if is_online(api, connector) {
        return Ok(());
    }
    let detail = "this connector is off line; start it, or use another one of the organisation";
    Err(Problem::refused("connector_offline", detail))
}

fn view(api: &Api, connector: Connector) -> ConnectorView {
    let online = is_online(api, &connector.id);
    ConnectorView {
        capabilities: capabilities(api, &connector.id),
        online,
        connected: online,
        enrolled_at: connector.enrolled_at(),
        last_seen_at: connector.last_seen_at(),
        id: connector.id.0,
        name: connector.name,
        hostname: connector.hostname,
        os: connector.os,
        arch: connector.arch,
        version: connector.version,
    }
}
