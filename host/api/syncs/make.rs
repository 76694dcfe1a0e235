//! Makes a sync of a request that was read, whichever form it had. What changes until a run starts is checked again there.

use super::super::Api;
use super::super::auth::{InConnector, kb_not_found};
use super::super::extraction::ability::can_run;
use super::super::extraction::cursor_fit::cursor_fits;
use super::super::problem::Problem;
use super::request::{ExistingDest, SyncRequest};
use crate::model::ids::SyncId;
use crate::model::source::Source;
use crate::model::sync::{FirstRun, SyncSpec};
use crate::model::sync_form::SyncForm;
use crate::plugin::Plugin;
use crate::store::kbs::{self, Kb};
use crate::store::syncs::{self, NewSync};

/// # Errors
/// 404 without the knowledge base, 422 if it cannot run or the dest table is not to be written, 400 for a cursor that does
/// not fit its column.
pub async fn make(
    api: &Api,
    at: &InConnector,
    request: SyncRequest,
    form: Option<SyncForm>,
) -> Result<SyncId, Problem> {
    let kb = kbs::get(&api.store, &at.org, request.kb_id).await?;
    let kb = kb.ok_or_else(kb_not_found)?;
    let plugin = can_run(api, &at.connector.id, &request.source, request.placement)?;
    let first_run = first_run(api, &kb, &request).await?;
    let start = request.start();
    if let Some((cursor, pointer)) = &start {
        cursor_fits(api, &plugin, &request.source, cursor, pointer).await?;
    }
    let new = NewSync {
        org: at.org.clone(),
        connector: at.connector.id.clone(),
        kb: kb.id,
        kb_uid: kb.uid,
        name: request.name,
        dest_table: request.dest_table,
        spec: SyncSpec {
            source: resolved(request.source, &plugin),
            mode: request.mode,
            placement: request.placement,
            key_columns: request.key_columns,
            start: start.map(|(cursor, _)| cursor),
        },
        pacing: request.pacing,
        batch_rows: request.batch_rows,
        schedule: request.schedule,
        interval_secs: request.interval_secs,
        first_run,
        enabled: request.enabled,
        form,
    };
    Ok(syncs::create(&api.store, new).await?)
}

/// What the first run does with the dest table, as it is now.
async fn first_run(api: &Api, kb: &Kb, request: &SyncRequest) -> Result<FirstRun, Problem> {
    let name = &request.dest_table;
    let exists = api.lake.table(&kb.uid, name).await?.is_some();
    match (exists, request.existing_dest) {
        // A table that is not there yet may be by the first run.
        (_, Some(ExistingDest::Replace)) => Ok(FirstRun::Replace),
        (true, Some(ExistingDest::Adopt)) => Ok(FirstRun::Append),
        (false, _) => Ok(FirstRun::Create),
        (true, None) => Err(Problem::refused(
            "dest_table_exists",
            format!(
                "the table \"{name}\" exists already; say in existing_dest whether to adopt or to replace it, or use another name"
            ),
        )),
    }
}

/// The default schema of today is the sync's for good.
fn resolved(source: Source, plugin: &Plugin) -> Source {
    // A query has no schema.
    if source.query.is_some() {
        return source;
    }
    let default = &plugin.description().default_schema;
    let default = (!default.is_empty()).then(|| default.clone());
    Source {
        schema: source.schema.or(default),
        ..source
    }
}
