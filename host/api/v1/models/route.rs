//! POST and GET models.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::super::Api;
use super::super::super::auth::{AtHome, InConnector};
use super::super::super::fields::Body;
use super::super::super::params::Params;
use super::super::super::problem::Problem;
use super::super::super::report::Report;
use super::super::connectors::source;
use super::super::listing::{Listing, NumberedPage};
use super::check::query_is_taken;
use super::request::{ModelRequest, parse};
use crate::model::ids::ModelId;
use crate::model::sync_form::Selection;
use crate::store::models::{self, Model};

const PATH: &str = "/api/v1/models";

/// One model.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelDocument {
    data: ModelResource,
}

/// A table or a query of a source.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelResource {
    #[schema(example = "3")]
    id: String,
    #[schema(example = "models")]
    r#type: &'static str,
    attributes: ModelAttributes,
}

/// What a model is.
#[derive(Debug, Serialize, ToSchema)]
pub struct ModelAttributes {
    /// Number of the source.
    connector_id: i64,
    name: String,
    description: Option<String>,
    /// `table_selector` or `raw_sql`.
    #[schema(example = "table_selector")]
    query_type: &'static str,
    schema: Option<String>,
    table: Option<String>,
    query: Option<String>,
    primary_key: Option<PrimaryKey>,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    #[schema(value_type = String, format = DateTime)]
    updated_at: DateTime<Utc>,
}

/// The column that tells rows apart, or several of them.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum PrimaryKey {
    Column(String),
    Columns(Vec<String>),
}

/// Makes a model: a table, or a query that the source has no objection to.
#[utoipa::path(
    post, path = "/api/v1/models", tag = "v1", request_body = ModelRequest,
    responses(
        (status = 201, body = ModelDocument),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`connector_not_found`"),
        (status = 422, description = "`source_refused`"),
    )
)]
pub async fn create_model(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<(StatusCode, Json<ModelDocument>), Problem> {
    let new = parse(&body)?;
    let source = source(&api, &at, new.source).await?;
    query_is_taken(&api, &source.connection_ref, &new).await?;
    let data = models::create(&api.store, &at.org, &new).await?.into();
    Ok((StatusCode::CREATED, Json(ModelDocument { data })))
}

/// The models of the organisation, newest first.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "v1",
    params(
        ("page" = Option<i64>, Query, minimum = 1),
        ("per_page" = Option<i64>, Query, minimum = 1, maximum = 100),
    ),
    responses((status = 200, body = Listing<ModelResource>), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_models(
    AtHome(at): AtHome,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<Listing<ModelResource>>, Problem> {
    let report = Report::default();
    let page = NumberedPage::read(&params, &report);
    let page = report.finish(Some(page))?;
    let total = models::count(&api.store, &at.org).await?;
    let found = models::list(&api.store, &at.org, page.skip(), page.size()).await?;
    let data = found.into_iter().map(ModelResource::from).collect();
    Ok(Json(page.of(PATH, data, total)))
}

/// One model.
#[utoipa::path(
    get, path = "/api/v1/models/{id}", tag = "v1",
    responses((status = 200, body = ModelDocument), (status = 404, description = "`model_not_found`"))
)]
pub async fn get_model(
    AtHome(at): AtHome,
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<Json<ModelDocument>, Problem> {
    let id = id.parse().map_err(|_| model_not_found())?;
    let data = find(&api, &at, ModelId(id)).await?.into();
    Ok(Json(ModelDocument { data }))
}

pub async fn find(api: &Api, at: &InConnector, id: ModelId) -> Result<Model, Problem> {
    let model = models::get(&api.store, &at.org, id).await?;
    model.ok_or_else(model_not_found)
}

fn model_not_found() -> Problem {
    Problem::not_found("model_not_found", "this organisation has no such model")
}

impl From<Model> for ModelResource {
    fn from(model: Model) -> Self {
        let (query_type, schema, table, query) = match model.is.selection {
            Selection::Table { schema, table } => ("table_selector", schema, Some(table), None),
            Selection::Query(query) => ("raw_sql", None, None, Some(query)),
        };
        Self {
            id: model.id.0.to_string(),
            r#type: "models",
            attributes: ModelAttributes {
                connector_id: model.is.source.0,
                name: model.is.name,
                description: model.is.description,
                query_type,
                schema,
                table,
                query,
                primary_key: PrimaryKey::of(model.is.primary_key),
                created_at: model.created_at,
                updated_at: model.updated_at,
            },
        }
    }
}

impl PrimaryKey {
    /// As it was given.
    fn of(mut columns: Vec<String>) -> Option<Self> {
        match columns.len() {
            0 => None,
            1 => columns.pop().map(Self::Column),
            _ => Some(Self::Columns(columns)),
        }
    }
}
