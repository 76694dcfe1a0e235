//! Opens a read to see what the source says of it, and reads nothing.

use std::sync::Arc;
use std::time::Duration;

use super::super::Api;
use crate::model::cursor::Cursor;
use crate::model::failure::Failure;
use crate::model::pacing::Pacing;
use crate::model::source::{Column, Source};
use crate::plugin::{Plugin, ReadRequest};

/// A source that is slow, or whose sessions are all taken, is no reason to keep the client.
const PATIENCE: Duration = Duration::from_secs(5);
/// What the source's operator sees.
const APPLICATION_NAME: &str = "sluice/check";

/// What became of it.
pub enum Opening {
    /// With these columns.
    Opened(Vec<Column>),
    Refused(Failure),
    /// There is no session, or not in time.
    NoAnswer,
}

pub async fn open(
    api: &Api,
    plugin: &Arc<Plugin>,
    source: Source,
    resume: Option<Cursor>,
) -> Opening {
    let opening = async {
        let connection_ref = &source.connection_ref;
        let pacing = Pacing::default();
        let session = api
            .connections
            .connect(connection_ref, APPLICATION_NAME, pacing.isolation());
        let Ok(session) = session.await else {
            return Opening::NoAnswer;
        };
        let read = ReadRequest {
            source: source.clone(),
            resume,
            continued: false,
            pacing,
        };
        match plugin.open_reader(session, read).await {
            Ok(reader) => Opening::Opened(reader.columns().to_vec()),
            Err(failure) => Opening::Refused(failure),
        }
    };
    // Dropped at the end of the time, its session ends too.
    let answered = tokio::time::timeout(PATIENCE, opening).await;
    answered.unwrap_or(Opening::NoAnswer)
}
