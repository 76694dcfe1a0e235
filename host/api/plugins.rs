//! Every version of every plugin that this host has loaded or refused, for whoever drops files into its folder.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::InOrg;
use super::page::Page;
use super::params::Params;
use super::problem::Problem;
use super::report::Report;
use crate::plugin::{PluginEntry, Standing};

/// A version of a plugin.
#[derive(Serialize, ToSchema)]
pub struct PluginView {
    /// The source kind that it reads; null: it could not be asked.
    kind: Option<String>,
    /// The plugin's own version.
    version: Option<String>,
    /// SHA-256 of the file, 64 hex digits; null: it could not be read.
    digest: Option<String>,
    /// What it was built for.
    #[schema(example = "sluice:source@0.1.0")]
    contract: Option<String>,
    /// File name in the plugins folder, or `built in`.
    origin: String,
    built_in: bool,
    state: PluginState,
    /// Why it does not serve, and what to do.
    reason: Option<String>,
    /// When this state began.
    #[schema(value_type = String, format = DateTime)]
    since: DateTime<Utc>,
    /// Jobs that read with this version now.
    jobs_running: usize,
}

/// How a version of a plugin stands.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginState {
    /// It reads for every job of its kind that begins now.
    Serving,
    /// Another one of its kind serves.
    Overridden,
    /// It may not serve.
    Refused,
    /// It was replaced or removed, and jobs that began with it go on.
    Retired,
}

/// Plugins; those whose state changed last come first.
#[derive(Serialize, ToSchema)]
pub struct PluginList {
    plugins: Vec<PluginView>,
    next_page_token: Option<String>,
}

impl From<PluginEntry> for PluginView {
    fn from(entry: PluginEntry) -> Self {
        let (kind, version) = entry
            .description
            .map(|description| (description.kind, description.version))
            .unzip();
        Self {
            kind,
            version,
            digest: Some(entry.digest).filter(|digest| !digest.is_empty()),
            contract: entry.contract,
            origin: entry.origin,
            built_in: entry.is_built_in,
            state: match entry.standing {
                Standing::Serving => PluginState::Serving,
                Standing::Overridden => PluginState::Overridden,
                Standing::Refused => PluginState::Refused,
                Standing::Retired => PluginState::Retired,
            },
            reason: entry.reason,
            since: entry.since,
            jobs_running: entry.jobs_running,
        }
    }
}

/// The plugins of this host.
#[utoipa::path(
    get, path = "/orgs/{org_id}/plugins", tag = "connectors",
    params(("limit" = Option<u32>, Query, minimum = 1, maximum = 200), ("page_token" = Option<String>, Query)),
    responses((status = 200, body = PluginList), (status = 400, description = "`invalid_request`"))
)]
pub async fn list_plugins(
    at: InOrg,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<PluginList>, Problem> {
    let report = Report::default();
    let page = Page::read(&params, &format!("plugins of {}", at.org), &report);
    let page = report.finish(Some(page))?;
    let mut all = api.plugins.entries();
    all.sort_by_key(|entry| std::cmp::Reverse(entry.number));
    let cut = page.cut_all(all, |entry| format!("{:016x}", entry.number));
    let cut = cut.map(PluginView::from);
    Ok(Json(PluginList {
        plugins: cut.items,
        next_page_token: cut.next_page_token,
    }))
}
