//! GET jobs of all connectors of an organisation, newest first.

use axum::Json;
use axum::extract::State;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InOrg;
use super::super::page::Page;
use super::super::params::{Params, wrong};
use super::super::problem::Problem;
use super::super::report::Report;
use super::view::JobView;
use crate::model::ids::{ConnectorId, JobId, KbId, SyncId};
use crate::model::job::JobState;
use crate::store::jobs::{self, JobFilter};

/// Jobs, newest first.
#[derive(Serialize, ToSchema)]
pub struct JobList {
    jobs: Vec<JobView>,
    next_page_token: Option<String>,
}

/// The jobs of an organisation.
#[utoipa::path(
    get, path = "/orgs/{org_id}/connectors/jobs", tag = "jobs",
    params(
        ("connector_id" = Option<String>, Query),
        ("sync_id" = Option<String>, Query),
        ("state" = Option<Vec<String>>, Query, description = "repeatable"),
        ("kb_id" = Option<i64>, Query),
        ("dest_table" = Option<String>, Query),
        ("created_after" = Option<String>, Query, description = "RFC 3339"),
        ("created_before" = Option<String>, Query, description = "RFC 3339"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200),
        ("page_token" = Option<String>, Query, description = "`next_page_token` of a list with the same filters"),
    ),
    responses((status = 200, body = JobList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_jobs(
    at: InOrg,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<JobList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("jobs of {}", at.org), &report);
    let mut filter = filter(&params, &report);
    let page = report.finish(Some(page))?;
    filter.before = page.after.clone().map(JobId);
    let found = jobs::list(&api.store, &at.org, &filter, page.fetch()).await?;
    let now = Utc::now();
    let cut = page.cut(found, |job| job.id.to_string());
    let cut = cut.map(|job| JobView::at(job, now));
    Ok(Json(JobList {
        jobs: cut.items,
        next_page_token: cut.next_page_token,
    }))
}

fn filter(params: &Params, report: &Report) -> JobFilter {
    let connector = params.text("connector_id", report);
    let sync = params.text("sync_id", report);
    let dest_table = params.text("dest_table", report);
    JobFilter {
        connector: connector.map(|id| ConnectorId(id.to_owned())),
        sync: sync.map(|id| SyncId(id.to_owned())),
        states: params
            .all("state")
            .filter(|word| !word.is_empty())
            .filter_map(|word| state(word, report))
            .collect(),
        kb: params
            .integer("kb_id", i64::MIN..=i64::MAX, report)
            .map(KbId),
        dest_table: dest_table.map(str::to_owned),
        created_after: params.time("created_after", report),
        created_before: params.time("created_before", report),
        before: None,
    }
}

fn state(word: &str, report: &Report) -> Option<JobState> {
    Some(match word {
        "queued" => JobState::Queued,
        "running" => JobState::Running,
        "completed" => JobState::Completed,
        "failed" => JobState::Failed,
        "stopped" => JobState::Stopped,
        _ => {
            let detail = "is no state; there are queued, running, completed, failed and stopped";
            wrong(report, "state", detail);
            return None;
        }
    })
}
