//! Whether the cursor of a request fits its column. Only the source knows its types, so it is asked: a read is opened at the
//! cursor and dropped. Never decides about anything else: what a source says otherwise is the job's to find when it runs.

use std::sync::Arc;

use super::super::Api;
use super::super::problem::Problem;
use super::super::report::FieldError;
use super::cursor::INVALID_CURSOR;
use super::opening::{Opening, open};
use crate::model::cursor::Cursor;
use crate::model::source::Source;
use crate::plugin::Plugin;

/// # Errors
/// `invalid_cursor`, with the plugin's sentence.
pub async fn cursor_fits(
    api: &Api,
    plugin: &Arc<Plugin>,
    source: &Source,
    cursor: &Cursor,
    pointer: &str,
) -> Result<(), Problem> {
    match open(api, plugin, source.clone(), Some(cursor.clone())).await {
        Opening::Refused(failure) if failure.code == INVALID_CURSOR => {
            let errors = vec![FieldError {
                pointer: pointer.to_owned(),
                detail: failure.detail.clone(),
            }];
            Err(Problem::bad_request(INVALID_CURSOR, failure.detail).with_errors(errors))
        }
        Opening::Opened(_) | Opening::Refused(_) | Opening::NoAnswer => Ok(()),
    }
}
