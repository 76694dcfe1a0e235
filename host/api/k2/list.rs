//! GET knowledge bases: all of an organisation, or one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{InKb, InOrg};
use super::super::page::Page;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::KbView;
use crate::model::ids::KbId;
use crate::store::kbs;

/// Knowledge bases, newest first.
#[derive(Serialize, ToSchema)]
pub struct KbList {
    kbs: Vec<KbView>,
    next_page_token: Option<String>,
}

/// The knowledge bases of an organisation.
#[utoipa::path(
    get, path = "/orgs/{org_id}/k2", tag = "k2",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("page_token" = Option<String>, Query)),
    responses((status = 200, body = KbList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_kbs(
    at: InOrg,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<KbList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("k2 of {}", at.org), &report);
    let page = report.finish(Some(page))?;
    // An id of hex digits is of no knowledge base and no token of ours: it goes on after nothing.
    let before = page.after.as_ref().map(|id| KbId(id.parse().unwrap_or(0)));
    let found = kbs::list(&api.store, &at.org, before, page.fetch()).await?;
    let cut = page.cut(found, |kb| kb.id.0.to_string());
    let mut views = Vec::with_capacity(cut.items.len());
    for kb in cut.items {
        views.push(KbView::of(&api, kb).await?);
    }
    Ok(Json(KbList {
        kbs: views,
        next_page_token: cut.next_page_token,
    }))
}

/// One knowledge base.
#[utoipa::path(
    get, path = "/orgs/{org_id}/k2/{kb_id}", tag = "k2",
    responses((status = 200, body = KbView), (status = 404, description = "`kb_not_found`"))
)]
pub async fn get_kb(at: InKb, State(api): State<Api>) -> Result<Json<KbView>, Problem> {
    KbView::of(&api, at.kb).await.map(Json)
}
