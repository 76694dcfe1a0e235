//! Keeps tables quick to open: from time to time a log checkpoint, in which the log up to then is one file.
//! Never in the way of a commit, never needed for one. Compaction and vacuum are not here.

use std::sync::Arc;

use deltalake_core::protocol::checkpoints::create_checkpoint;

use super::table::Tables;
use super::{KbError, Target};

/// Commits between two log checkpoints. A thousand entries without one take half a second to open.
const COMMITS_BETWEEN_CHECKPOINTS: u64 = 100;

/// Starts what is due after a version was written. Each version is written once, so none is done twice.
pub(super) fn after_commit(tables: &Arc<Tables>, target: &Target, version: u64) {
    if version == 0 || !version.is_multiple_of(COMMITS_BETWEEN_CHECKPOINTS) {
        return;
    }
    let (tables, target) = (tables.clone(), target.clone());
    tables.background.clone().spawn(async move {
        if let Err(error) = checkpoint_log(&tables, &target).await {
            tracing::warn!(
                table = target.table,
                error = &error as &dyn std::error::Error,
                "no log checkpoint"
            );
        }
    });
}

async fn checkpoint_log(tables: &Tables, target: &Target) -> Result<(), KbError> {
    let Some(table) = tables.current(&target.kb, &target.table).await? else {
        return Ok(());
    };
    create_checkpoint(&table, None)
        .await
        .map_err(|error| KbError::storage("write a log checkpoint of", &target.table, error))
}
