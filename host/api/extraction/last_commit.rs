//! The end of a stopped job's last commit.

use std::time::Duration;

use tokio::time::Instant;

use super::super::Api;
use super::super::problem::Problem;
use crate::model::ids::StreamId;
use crate::store::checkpoints;

/// A commit that takes longer hangs on a disk.
const LAST_COMMIT: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(5);

/// A commit that had begun before the stop may still land. It takes milliseconds; who is answered after it sees no
/// row land any more. One that was cut off by a crash never ends, so the wait has a bound; only a merge that rewrites
/// large files, or a table whose type grows, takes longer than that.
pub async fn last_commit_ends(api: &Api, stream: &StreamId) -> Result<(), Problem> {
    let until = Instant::now() + LAST_COMMIT;
    while checkpoints::is_prepared(&api.store, stream).await? && Instant::now() < until {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
