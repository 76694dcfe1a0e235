//! API keys of the organisation that the caller's own key belongs to. A secret is shown once, when it is made.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::auth::Key;
use super::fields::{Body, Fields};
use super::page::Page;
use super::params::Params;
use super::problem::Problem;
use super::report::Report;
use crate::store::tokens::{self, Token};

const MAX_NAME_CHARS: usize = 200;

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
pub struct TokenView {
    id: String,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
}

/// A new API key.
#[derive(Serialize, ToSchema)]
pub struct NewToken {
    id: String,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: DateTime<Utc>,
    /// Shown this once; only its hash is stored.
    secret: String,
}

/// Body of a request for a key.
#[derive(ToSchema)]
pub struct TokenRequest {
    /// What the key is for, 1 to 200 characters.
    name: String,
}

/// API keys, newest first.
#[derive(Serialize, ToSchema)]
pub struct TokenList {
    tokens: Vec<TokenView>,
    next_page_token: Option<String>,
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            created_at: token.created_at(),
            id: token.id,
            name: token.name,
        }
    }
}

/// The keys of the organisation.
#[utoipa::path(
    get, path = "/me/tokens", tag = "tokens",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("page_token" = Option<String>, Query)),
    responses((status = 200, body = TokenList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_tokens(
    key: Key,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<TokenList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("tokens of {}", key.org), &report);
    let page = report.finish(Some(page))?;
    let all = tokens::list(&api.store, &key.org).await?;
    let cut = page.cut_all(all, |token| token.id.clone());
    let cut = cut.map(TokenView::from);
    Ok(Json(TokenList {
        tokens: cut.items,
        next_page_token: cut.next_page_token,
    }))
}

/// Makes a key for the organisation.
#[utoipa::path(
    post, path = "/me/tokens", tag = "tokens", request_body = TokenRequest,
    responses((status = 201, body = NewToken), (status = 400, description = "`invalid_request`"))
)]
pub async fn create_token(
    key: Key,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<(StatusCode, Json<NewToken>), Problem> {
    let request = TokenRequest::parse(&body)?;
    let (token, secret) = tokens::issue(&api.store, &key.org, &request.name).await?;
    let view = TokenView::from(token);
    let new = NewToken {
        id: view.id,
        name: view.name,
        created_at: view.created_at,
        secret,
    };
    Ok((StatusCode::CREATED, Json(new)))
}

/// Revokes a key, from now on.
#[utoipa::path(
    delete, path = "/me/tokens/{token_id}", tag = "tokens",
    responses((status = 204, description = "revoked"), (status = 404, description = "`token_not_found`"))
)]
pub async fn delete_token(
    key: Key,
    State(api): State<Api>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    if tokens::revoke(&api.store, &key.org, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        let detail = "this organisation has no such key";
        Err(Problem::not_found("token_not_found", detail))
    }
}

impl TokenRequest {
    fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let name = Fields::of(body, &report)
            .and_then(|fields| fields.required("name"))
            .and_then(|name| name.label(MAX_NAME_CHARS));
        report.finish(name.map(|name| Self { name }))
    }
}
