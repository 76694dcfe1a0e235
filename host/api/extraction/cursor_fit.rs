//! Whether the cursor of a request fits its column. Only the source knows its types, so it is asked: a read is opened at the
//! cursor and dropped. Never decides about anything else: what a source says otherwise is the job's to find when it runs.

use std::sync::Arc;
use std::time::Duration;

use super::super::Api;
use super::super::problem::Problem;
use super::super::report::FieldError;
use super::cursor::INVALID_CURSOR;
use crate::model::cursor::Cursor;
use crate::model::failure::Failure;
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::plugin::{Plugin, ReadRequest};

/// A source that is slow, or whose sessions are all taken, is no reason to keep the client.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the source's operator sees.
const APPLICATION_NAME: &str = "sluice/check";

/// # Errors
/// `invalid_cursor`, with the plugin's sentence.
pub async fn cursor_fits(
    api: &Api,
    plugin: &Arc<Plugin>,
    source: &Source,
    cursor: &Cursor,
    pointer: &str,
) -> Result<(), Problem> {
    // Dropped at the end of the time, its session ends too.
    match tokio::time::timeout(PATIENCE, open(api, plugin, source, cursor)).await {
        Ok(Err(failure)) if failure.code == INVALID_CURSOR => {
            let errors = vec![FieldError {
                pointer: pointer.to_owned(),
                detail: failure.detail.clone(),
            }];
            Err(Problem::bad_request(INVALID_CURSOR, failure.detail).with_errors(errors))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

async fn open(
    api: &Api,
    plugin: &Arc<Plugin>,
    source: &Source,
    cursor: &Cursor,
) -> Result<(), Failure> {
    let connection_ref = &source.connection_ref;
    let session = api.connections.connect(connection_ref, APPLICATION_NAME);
    let read = ReadRequest {
        source: source.clone(),
        resume: Some(cursor.clone()),
        continued: false,
        pacing: Pacing::default(),
    };
    plugin.open_reader(session.await?, read).await?;
    Ok(())
}
