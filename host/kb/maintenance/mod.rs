//! Keeps tables quick to open and folders small, beside all who write and read: small files become large ones
//! (`compaction`), the log up to now becomes one file (a log checkpoint), what nobody can need goes (`vacuum`, `shortening`).
//!
//! Never in the way of a commit, never needed for one; one table at a time and at its leisure, because disk and processor
//! are the jobs'.

mod compaction;
mod shortening;
mod vacuum;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deltalake_core::protocol::checkpoints::create_checkpoint;
use tokio_util::sync::CancellationToken;

use super::encoder::Place;
use super::log::run;
use super::table::Tables;
use super::{KbError, Target};

/// Versions between two looks at a table: about as many small files as it has at most.
const BETWEEN_LOOKS: u64 = 50;
/// Versions between two log checkpoints. A thousand entries without one take half a second to open.
const BETWEEN_CHECKPOINTS: u64 = 100;
/// Between two looks at all tables, also at those that nobody writes.
const ROUND: Duration = Duration::from_secs(3600);
/// Rests of a step's own length after it: upkeep takes at most a quarter of a processor, however fast commits come.
const RESTS: u32 = 3;

/// How long log checkpoints name a file that was taken out: until rounds have found it old enough to be removed. After
/// that nobody knows whose it was, and it stays as long as its writer lives.
pub(super) fn keep_removals(tables: &Tables) -> Duration {
    tables.keep_removed + 3 * ROUND
}

/// Starts what is due after a version was written by one who had seen the log up to another one. The version at which
/// it falls due may be anybody's, also an upkeep's own.
pub(super) fn after_commit(tables: &Arc<Tables>, target: &Target, seen: Option<u64>, version: u64) {
    if version / BETWEEN_LOOKS == seen.unwrap_or_default() / BETWEEN_LOOKS {
        return;
    }
    let Ok(place) = tables.place(&target.kb, &target.table) else {
        return;
    };
    if !tables.queue_look(&place) {
        return;
    }
    let tables = tables.clone();
    tables.background.clone().spawn(async move {
        let _turn = tables.upkeep.lock().await;
        tables.begin_look(&place);
        warn(
            &place,
            "cannot tidy up a table",
            tidy(&tables, &place).await,
        );
    });
}

/// Looks after every table, now and from time to time, until the host ends.
pub(super) async fn keep(tables: Arc<Tables>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = round(&tables) => {}
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(ROUND) => {}
        }
    }
}

/// One look at every table.
pub(super) async fn round(tables: &Arc<Tables>) {
    let looked = {
        let tables = tables.clone();
        run(move || {
            tables.empty_trash()?;
            Ok::<_, KbError>((tables.writers()?, tables.every_place()?))
        })
        .await
    };
    let (writers, places) = match looked {
        Ok(looked) => looked,
        Err(error) => {
            tracing::warn!(error = &error as &dyn Error, "cannot look after the tables");
            return;
        }
    };
    let mut clean = true;
    for place in places {
        let _turn = tables.upkeep.lock().await;
        warn(&place, "cannot tidy up a table", tidy(tables, &place).await);
        let vacuumed = gently(vacuum::vacuum(tables, &place, &writers)).await;
        clean &= vacuumed.is_ok();
        warn(&place, "cannot remove old files of a table", vacuumed);
        let shortened = gently(shorten(tables, &place)).await;
        warn(
            &place,
            "cannot remove old log entries of a table",
            shortened,
        );
    }
    if clean {
        let tables = tables.clone();
        run(move || tables.forget_writers(&writers.dead)).await;
    }
}

fn warn(place: &Place, what: &str, done: Result<(), KbError>) {
    if let Err(error) = done {
        tracing::warn!(
            table = place.table,
            error = &error as &dyn Error,
            "{what}; it stays as it is"
        );
    }
}

async fn tidy(tables: &Tables, place: &Place) -> Result<(), KbError> {
    compaction::compact(tables, place).await?;
    gently(checkpoint(tables, place)).await
}

async fn checkpoint(tables: &Tables, place: &Place) -> Result<(), KbError> {
    let Some(table) = tables.current_at(place).await? else {
        return Ok(());
    };
    let log = tables.log_at(place);
    let newest = table.version().unwrap_or_default();
    let looked_at = log.clone();
    if newest - run(move || looked_at.checkpointed()).await.min(newest) < BETWEEN_CHECKPOINTS {
        return Ok(());
    }
    let what = "write a log checkpoint of";
    create_checkpoint(&table, None)
        .await
        .map_err(|error| KbError::storage(what, &place.table, error))?;
    run(move || log.sync_checkpoint(newest))
        .await
        .map_err(|error| KbError::storage(what, &place.table, error))
}

async fn shorten(tables: &Tables, place: &Place) -> Result<(), KbError> {
    let (log, table) = (tables.log_at(place), place.table.clone());
    let keep_removed = tables.keep_removed;
    run(move || {
        if log.identity().is_none() {
            return Ok(());
        }
        shortening::shorten(&log, &table, keep_removed)
    })
    .await
}

/// Does a step of upkeep, then rests.
async fn gently<T>(step: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = step.await;
    tokio::time::sleep(begun.elapsed() * RESTS).await;
    done
}
