//! GET syncs of all connectors of an organisation, newest first.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InOrg;
use super::super::page::Page;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::SyncView;
use crate::model::ids::{ConnectorId, KbId, OrgId, SyncId};
use crate::model::sync::SyncOrder;
use crate::store::syncs::{self, SyncFilter};

/// Syncs that are read at a time where the store cannot tell which are wanted.
const READ_AT_ONCE: u32 = 500;

/// Syncs, newest first.
#[derive(Serialize, ToSchema)]
pub struct SyncList {
    syncs: Vec<SyncView>,
    next_page_token: Option<String>,
}

/// The syncs of an organisation.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/syncs", tag = "syncs",
    params(
        ("connector_id" = Option<String>, Query),
        ("enabled" = Option<bool>, Query),
        ("kb_id" = Option<i64>, Query),
        ("source_kind" = Option<String>, Query),
        ("stalled" = Option<bool>, Query),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("page_token" = Option<String>, Query, description = "`next_page_token` of a list with the same filters"),
    ),
    responses((status = 200, body = SyncList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_syncs(
    at: InOrg,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<SyncList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("syncs of {}", at.org), &report);
    let mut filter = filter(&params, &report);
    let stalled = params.boolean("stalled", &report);
    let page = report.finish(Some(page))?;
    filter.before = page.after.clone().map(SyncId);
    let now = api.store.now();
    let found = match stalled {
        None => syncs::list(&api.store, &at.org, &filter, page.fetch()).await?,
        Some(wanted) => {
            let is_wanted = |sync: &SyncOrder| api.policy.is_stalled(sync, now) == wanted;
            first_of(&api, &at.org, filter, page.fetch(), is_wanted).await?
        }
    };
    let cut = page.cut(found, |sync| sync.id.to_string());
    let cut = cut.map(|sync| SyncView::at(sync, &api.policy, now));
    Ok(Json(SyncList {
        syncs: cut.items,
        next_page_token: cut.next_page_token,
    }))
}

fn filter(params: &Params, report: &Report) -> SyncFilter {
    let connector = params.text("connector_id", report);
    let source_kind = params.text("source_kind", report);
    SyncFilter {
        connector: connector.map(|id| ConnectorId(id.to_owned())),
        enabled: params.boolean("enabled", report),
        kb: params
            .integer("kb_id", i64::MIN..=i64::MAX, report)
            .map(KbId),
        source_kind: source_kind.map(str::to_owned),
        before: None,
    }
}

/// At most `limit` syncs of those that are wanted.
async fn first_of(
    api: &Api,
    org: &OrgId,
    mut filter: SyncFilter,
    limit: u32,
    is_wanted: impl Fn(&SyncOrder) -> bool,
) -> Result<Vec<SyncOrder>, Problem> {
    let mut found = Vec::new();
    while found.len() < limit as usize {
        let read = syncs::list(&api.store, org, &filter, READ_AT_ONCE).await?;
        let Some(last) = read.last() else { break };
        filter.before = Some(last.id.clone());
        found.extend(read.into_iter().filter(|sync| is_wanted(sync)));
    }
    found.truncate(limit as usize);
    Ok(found)
}
