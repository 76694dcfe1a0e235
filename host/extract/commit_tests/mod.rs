//! The commit as a state machine: every order of the steps of two holders of one job, both cut off after every step, and
//! a third one that finishes. Bounded: at most as many steps of each as the tests name. Real store, real lake.

mod holder;
mod world;

use std::sync::Arc;

use tokio::task::JoinSet;

use self::holder::{Holder, Step};
use self::world::World;
use super::*;
use crate::model::ids::{JobId, StreamId};
use crate::model::job::{JobState, Mode};
use crate::store::jobs;

/// Rows of the source: ids from 0.
const ROWS: i64 = 20;
/// Rows of one commit of `create`; a replace has one commit.
const PAGE: i64 = 10;
/// Schedules that run at the same time.
const AT_ONCE: usize = 4;

/// Every order of at most so many steps of the one and the other, each cut off anywhere.
fn schedules(first: usize, second: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    for (left, name) in [
        ((first.wrapping_sub(1), second), '1'),
        ((first, second.wrapping_sub(1)), '2'),
    ] {
        if left.0 != usize::MAX && left.1 != usize::MAX {
            let rest = schedules(left.0, left.1);
            all.extend(rest.into_iter().map(|rest| format!("{name}{rest}")));
        }
    }
    all
}

async fn play(world: Arc<World>, mode: Mode, number: usize, schedule: String) {
    let table = format!("{mode:?}_{number}").to_lowercase();
    if mode == Mode::Replace {
        let mut old = world.claimed(&table, Mode::Create).await;
        while old.at != Step::Over {
            old.step(&world).await;
        }
    }
    let mut first = world.claimed(&table, mode).await;
    while mode == Mode::Replace && first.at != Step::Prepare {
        first.step(&world).await;
    }
    let mut second = Holder::new("two", first.id.clone());
    for turn in schedule.chars() {
        let holder = if turn == '1' { &mut first } else { &mut second };
        holder.step(&world).await;
    }
    let id = first.id.clone();
    drop((first, second));
    let mut third = Holder::new("three", id.clone());
    while third.at != Step::Over {
        third.step(&world).await;
    }
    world
        .assert_landed_once(&id, &table, &format!("{mode:?} {schedule}"))
        .await;
}

async fn play_all(mode: Mode, schedules: Vec<String>) {
    let world = Arc::new(World::new().await);
    let mut playing = JoinSet::new();
    for (number, schedule) in schedules.into_iter().enumerate() {
        if playing.len() == AT_ONCE {
            playing.join_next().await.unwrap().unwrap();
        }
        playing.spawn(play(Arc::clone(&world), mode, number, schedule));
    }
    while let Some(played) = playing.join_next().await {
        played.unwrap();
    }
}

/// To the end of a commit the first holder has four steps: open, prepare, land, note. The second one claims before them.
#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_two_holders_steps_and_no_crash_loses_or_doubles_a_row() {
    play_all(Mode::Create, schedules(4, 5)).await;
}

/// Three steps of the first holder: each schedule merges files, which takes longer than to append one.
#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_two_holders_steps_and_no_crash_merges_a_row_twice() {
    play_all(Mode::Upsert, schedules(3, 4)).await;
}

/// The first holder has opened its writer already: a replace reads the table again when it swaps.
#[tokio::test(flavor = "multi_thread")]
async fn no_order_of_two_holders_steps_and_no_crash_swaps_a_table_twice() {
    play_all(Mode::Replace, schedules(3, 5)).await;
}

#[tokio::test]
async fn a_stopped_job_cannot_prepare_and_a_commit_under_way_is_counted() {
    let world = World::new().await;
    for (stop_before, rows) in [(Step::Prepare, 0), (Step::Land, PAGE), (Step::Note, PAGE)] {
        let mut holder = world
            .claimed(&format!("{stop_before:?}"), Mode::Create)
            .await;
        while holder.at != stop_before {
            holder.step(&world).await;
        }
        let stopped = jobs::stop(&world.store, &world.org, &world.connector, &holder.id).await;
        assert_eq!(stopped.unwrap(), Some(JobState::Stopped));
        while holder.at != Step::Over {
            holder.step(&world).await;
        }
        let job = world.job(&holder.id).await;
        let table = world
            .lake
            .table(&world.kb.uid, &format!("{stop_before:?}"))
            .await;
        let landed = table.unwrap().map_or(0, |table| table.rows);
        assert_eq!(
            (job.state, job.progress.rows, landed),
            (JobState::Stopped, rows as u64, rows as u64),
            "stopped before {stop_before:?}"
        );
        let left = checkpoints::is_prepared(&world.store, &job.stream)
            .await
            .unwrap();
        assert!(!left, "stopped before {stop_before:?}");
    }
}

#[tokio::test]
async fn a_table_that_lost_its_log_is_not_begun_again() {
    let world = World::new().await;
    let mut holder = world.claimed("t", Mode::Create).await;
    while holder.last.is_none() {
        holder.step(&world).await;
    }
    let folder = world.folder.path().join("kb").join(world.kb.uid.as_str());
    std::fs::remove_dir_all(folder.join("t")).unwrap();
    let (lease, job) = holder.claim.unwrap();
    let recovered = Committer::recover(&world.store, &world.lake, &lease, &job).await;
    let failure = recovered.err().unwrap();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Config, "checkpoint_lost")
    );
}
