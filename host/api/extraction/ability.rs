//! Whether a connector can do what a job or a sync asks for. What changes until it runs is checked again there.

use std::sync::Arc;

use super::super::Api;
use super::super::browse::{can_use, usable_entry};
use super::super::connectors::{capabilities, must_be_online};
use super::super::problem::Problem;
use crate::model::ids::ConnectorId;
use crate::model::job::Placement;
use crate::model::source::Source;
use crate::plugin::Plugin;

/// The plugin that reads it, if the connector is there and can do what is asked for.
///
/// # Errors
/// 422: `connector_offline`, `source_unsupported`, `placement_unsupported`, `connection_not_found`.
pub fn can_run(
    api: &Api,
    connector: &ConnectorId,
    source: &Source,
    placement: Placement,
) -> Result<Arc<Plugin>, Problem> {
    must_be_online(api, connector)?;
    let kind = &source.kind;
    let Some(plugin) = api.plugins.get(kind) else {
        let detail = format!(
            "no plugin for sources of kind \"{kind}\" is loaded; there are: {}",
            api.plugins.kinds().join(", ")
        );
        return Err(Problem::refused("source_unsupported", detail));
    };
    let has_local = || {
        capabilities(api, connector)
            .iter()
            .any(|can| can == "kb:local")
    };
    if placement == Placement::Local && !has_local() {
        let detail = "this connector keeps no knowledge bases of its own; use placement hosted";
        return Err(Problem::refused("placement_unsupported", detail));
    }
    let entry = usable_entry(api, &source.connection_ref)
        .map_err(|detail| Problem::refused("connection_not_found", detail))?;
    if !can_use(&plugin, &entry.kind) {
        let detail = format!(
            "the connection \"{}\" is of kind \"{}\"; sources of kind \"{kind}\" need one of: {}",
            entry.name,
            entry.kind,
            plugin.description().connection_kinds.join(", ")
        );
        return Err(Problem::refused("source_unsupported", detail));
    }
    Ok(plugin)
}
