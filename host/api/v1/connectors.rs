//! GET connectors: what can be read (entries of `connections.json`) and written (knowledge bases), each with its number.
//! The two are numbered apart: which one is meant is said by the field that names it.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{AtHome, InConnector, connector_not_found};
use super::super::browse::{plugin_for, usable_entry};
use super::super::params::{Params, wrong};
use super::super::problem::Problem;
use super::super::report::Report;
use super::listing::{Listing, NumberedPage};
use crate::model::ids::SourceNumber;
use crate::store::kbs::{self, Kb};
use crate::store::sources::{self, NumberedSource};

const PATH: &str = "/api/v1/connectors";

/// What a knowledge base is called where a source has its kind.
const KB: &str = "kb";

/// A source or a destination.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorResource {
    /// Its number among those of its `connector_type`.
    #[schema(example = "7")]
    id: String,
    #[schema(example = "connectors")]
    r#type: &'static str,
    attributes: ConnectorAttributes,
}

/// What a connector is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectorAttributes {
    /// Of a source, its name in `connections.json`.
    name: String,
    connector_type: ConnectorType,
    /// The kind of a source, or `kb`.
    #[schema(example = "postgres")]
    connector_name: String,
    description: Option<String>,
    /// Of a source, when it got its number.
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
}

/// Which side of a sync it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectorType {
    Source,
    Destination,
}

/// Sources: the connections that a loaded plugin can read. Destinations: the knowledge bases of the organisation.
#[utoipa::path(
    get, path = "/api/v1/connectors", tag = "v1",
    params(
        ("type" = Option<ConnectorType>, Query),
        ("page" = Option<i64>, Query, minimum = 1),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100),
    ),
    responses(
        (status = 200, body = Listing<ConnectorResource>),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`"),
    )
)]
pub async fn list_connectors(
    AtHome(at): AtHome,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Listing<ConnectorResource>>, Problem> {
    let report = Report::default();
    let page = NumberedPage::read(&params, &report);
    let wanted = match params.text("type", &report) {
        None => None,
        Some("source") => Some(ConnectorType::Source),
        Some("destination") => Some(ConnectorType::Destination),
        Some(_) => {
            wrong(&report, "type", "is neither source nor destination");
            None
        }
    };
    let page = report.finish(Some(page))?;
    let mut all = Vec::new();
    if wanted != Some(ConnectorType::Destination) {
        all.extend(readable(&api, &at).await?);
    }
    if wanted != Some(ConnectorType::Source) {
        let kbs = kbs::list(&api.store, &at.org, None, u32::MAX).await?;
        all.extend(kbs.into_iter().map(ConnectorResource::from));
    }
    let total = all.len() as i64;
    Ok(Json(page.of(PATH, page.cut(all), total)))
}

async fn readable(api: &Api, at: &InConnector) -> Result<Vec<ConnectorResource>, Problem> {
    let mut found = Vec::new();
    for entry in api.connections.entries() {
        if entry.problem.is_some() {
            continue;
        }
        let Some(plugin) = plugin_for(api, &entry.kind) else {
            continue;
        };
        let source = sources::of_name(&api.store, &at.connector.id, &entry.name).await?;
        found.push(ConnectorResource::of_source(
            source,
            plugin.description().kind.clone(),
        ));
    }
    Ok(found)
}

impl ConnectorResource {
    fn of_source(source: NumberedSource, kind: String) -> Self {
        let created_at = source.created_at();
        Self::new(
            source.id.0,
            ConnectorAttributes {
                name: source.connection_ref,
                connector_type: ConnectorType::Source,
                connector_name: kind,
                description: None,
                created_at,
                updated_at: created_at,
            },
        )
    }

    fn new(id: i64, attributes: ConnectorAttributes) -> Self {
        Self {
            id: id.to_string(),
            r#type: "connectors",
            attributes,
        }
    }
}

impl From<Kb> for ConnectorResource {
    fn from(kb: Kb) -> Self {
        let (created_at, updated_at) = (kb.created_at(), kb.updated_at());
        Self::new(
            kb.id.0,
            ConnectorAttributes {
                name: kb.name,
                connector_type: ConnectorType::Destination,
                connector_name: KB.to_owned(),
                description: kb.description.filter(|text| !text.is_empty()),
                created_at,
                updated_at,
            },
        )
    }
}

/// The entry of `connections.json` that has a number, whether it is still there or not.
pub async fn source(
    api: &Api,
    at: &InConnector,
    number: SourceNumber,
) -> Result<NumberedSource, Problem> {
    let source = sources::get(&api.store, &at.connector.id, number).await?;
    source.ok_or_else(connector_not_found)
}

/// The kind of a source.
///
/// # Errors
/// 422 if it cannot be read now.
pub fn kind_of(api: &Api, connection_ref: &str) -> Result<String, Problem> {
    let entry = usable_entry(api, connection_ref)
        .map_err(|detail| Problem::refused("connection_not_found", detail))?;
    let plugin = plugin_for(api, &entry.kind).ok_or_else(|| {
        let detail = format!(
            "no loaded plugin can use a connection of kind \"{}\"",
            entry.kind
        );
        Problem::refused("source_unsupported", detail)
    })?;
    Ok(plugin.description().kind.clone())
}
