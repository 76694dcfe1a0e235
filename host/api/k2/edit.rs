//! Creates, renames and removes knowledge bases. A name is one of a kind within its organisation.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{InKb, InOrg, kb_not_found};
use super::super::fields::{Body, Field, Fields};
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::KbView;
use crate::store::kbs;

const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2_000;

/// Body of a request for a knowledge base.
#[derive(Debug, PartialEq, ToSchema)]
pub struct KbRequest {
    /// 1 to 200 characters, no control characters; one of a kind in the organisation.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// At most 2000 characters.
    description: Option<String>,
}

/// What to change of a knowledge base; what is absent stays.
#[derive(Debug, PartialEq, ToSchema)]
pub struct KbChange {
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Empty: none any more.
    description: Option<String>,
}

/// Makes an empty knowledge base.
#[utoipa::path(
    post, path = "/orgs/{org_id}/k2", tag = "k2", request_body = KbRequest,
    responses(
        (status = 201, body = KbView),
        (status = 400, description = "`invalid_request`"),
        (status = 422, description = "`kb_exists`"),
    )
)]
pub async fn create_kb(
    at: InOrg,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<(StatusCode, Json<KbView>), Problem> {
    let request = KbRequest::parse(&body)?;
    let description = request.description.as_deref();
    let kb = kbs::create(&api.store, &at.org, &request.name, description).await?;
    let kb = kb.ok_or_else(|| kb_exists(&request.name))?;
    Ok((StatusCode::CREATED, Json(KbView::of(&api, kb).await?)))
}

/// Changes name or description.
#[utoipa::path(
    patch, path = "/orgs/{org_id}/k2/{kb_id}", tag = "k2", request_body = KbChange,
    responses(
        (status = 200, body = KbView),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`kb_not_found`"),
        (status = 422, description = "`kb_exists`"),
    )
)]
pub async fn update_kb(
    at: InKb,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<KbView>, Problem> {
    let change = KbChange::parse(&body)?;
    let name = change.name.as_deref();
    let description = change.description.as_deref();
    let changed = kbs::update(&api.store, &at.org, at.kb.id, name, description).await;
    let kb = match changed {
        Err(error) if error.is_taken() => return Err(kb_exists(name.unwrap_or_default())),
        changed => changed?.ok_or_else(kb_not_found)?,
    };
    KbView::of(&api, kb).await.map(Json)
}

/// Removes a knowledge base with its tables, unless a job is about to write to it.
#[utoipa::path(
    delete, path = "/orgs/{org_id}/k2/{kb_id}", tag = "k2",
    responses(
        (status = 204, description = "removed"),
        (status = 404, description = "`kb_not_found`"),
        (status = 422, description = "`kb_in_use`"),
    )
)]
pub async fn delete_kb(at: InKb, State(api): State<Api>) -> Result<StatusCode, Problem> {
    // First the row: from then on no job can be enqueued for it.
    if !kbs::delete(&api.store, &at.org, at.kb.id).await? {
        let still_there = kbs::get(&api.store, &at.org, at.kb.id).await?.is_some();
        return Err(if still_there {
            let detail = "jobs of this knowledge base are queued or running; stop them first";
            Problem::refused("kb_in_use", detail)
        } else {
            kb_not_found()
        });
    }
    api.lake.remove(&at.kb.uid).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn kb_exists(name: &str) -> Problem {
    let detail = format!("this organisation has a knowledge base named \"{name}\" already");
    Problem::refused("kb_exists", detail)
}

impl KbRequest {
    fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let request = Fields::of(body, &report).and_then(|fields| {
            let name = fields.required("name").and_then(|field| name(&field));
            let description = fields.optional("description", description);
            Some(Self {
                name: name?,
                description: description?,
            })
        });
        report.finish(request)
    }
}

impl KbChange {
    fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let change = Fields::of(body, &report).and_then(|fields| {
            let name = fields.optional("name", name);
            let description = fields.optional("description", description);
            Some(Self {
                name: name?,
                description: description?,
            })
        });
        report.finish(change)
    }
}

fn name(field: &Field) -> Option<String> {
    field.label(MAX_NAME_CHARS)
}

fn description(field: &Field) -> Option<String> {
    let text = field.string()?;
    if text.chars().count() > MAX_DESCRIPTION_CHARS {
        return field.wrong(format!(
            "must have at most {MAX_DESCRIPTION_CHARS} characters"
        ));
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_needed_to_create_and_nothing_to_change() {
        let named = KbRequest::parse(&json!({"name": "sales", "more": 1})).unwrap();
        assert_eq!(named.name, "sales");
        let nothing = KbChange {
            name: None,
            description: None,
        };
        assert_eq!(KbChange::parse(&json!({"name": null})).unwrap(), nothing);
        let long = "x".repeat(201);
        for (body, pointer) in [
            (json!({}), "/name"),
            (json!({"name": ""}), "/name"),
            (json!({"name": "  "}), "/name"),
            (json!({"name": 1}), "/name"),
            (json!({"name": "a\nb"}), "/name"),
            (json!({"name": long}), "/name"),
            (json!({"name": "a", "description": 1}), "/description"),
            (json!([]), ""),
        ] {
            let problem = KbRequest::parse(&body).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, pointer, "{body}");
        }
        assert!(KbChange::parse(&json!({"name": ""})).is_err());
    }
}
