//! Decisions, changes, new streams, and what is forgotten.

use chrono::{DateTime, TimeDelta, Utc};

use super::super::*;
use super::world::{World, broken, checkpoint};
use crate::model::cursor::Cursor;
use crate::model::job::Mode;
use crate::model::sync::FirstRun;
use crate::model::value::Value;
use crate::store::jobs;
use crate::store::{checkpoints, retention};

#[tokio::test]
async fn a_decision_on_what_has_changed_since_is_not_kept() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let read = undecided(&world.store, 10).await.unwrap().pop().unwrap();
    let change_name = SyncChange {
        name: Some("n".into()),
        ..SyncChange::default()
    };
    assert!(
        change(
            &world.store,
            &world.org,
            &world.connector,
            &id,
            &change_name
        )
        .await
        .unwrap()
    );
    let decided = Decided {
        sync: id.clone(),
        revision: read.revision,
        due_at: Some(world.store.now()),
    };
    set_due(&world.store, std::slice::from_ref(&decided))
        .await
        .unwrap();
    assert_eq!(next_due(&world.store).await.unwrap(), None);
    assert!(!disable(&world.store, &read, "r").await.unwrap());
    let revision = world.get(&id).await.revision;
    set_due(
        &world.store,
        &[Decided {
            revision,
            ..decided
        }],
    )
    .await
    .unwrap();
    assert_eq!(
        next_due(&world.store).await.unwrap(),
        Some(world.store.now())
    );
}

#[tokio::test]
async fn enabling_forgets_failures_and_keeps_the_cursor() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let sync = world.get(&id).await;
    let lease = world.claimed(&world.started(&id).await).await;
    let landed = checkpoint(&sync, 1, &lease, 1);
    checkpoints::commit(&world.store, &lease, &landed)
        .await
        .unwrap();
    world.finished(&lease, Some(&broken())).await;
    let failed = world.get(&id).await;
    assert!(disable(&world.store, &failed, "the reason").await.unwrap());
    let disabled = world.get(&id).await;
    assert_eq!(disabled.disabled_reason.as_deref(), Some("the reason"));
    world.move_to(50);
    let enable = SyncChange {
        enabled: Some(true),
        ..SyncChange::default()
    };
    change(&world.store, &world.org, &world.connector, &id, &enable)
        .await
        .unwrap();
    let enabled = world.get(&id).await;
    assert!(enabled.enabled && enabled.has_cursor);
    assert_eq!(
        (enabled.consecutive_failures, enabled.disabled_reason),
        (0, None)
    );
    assert_eq!(enabled.scheduled_from, world.store.now());
    assert_eq!(enabled.stream, sync.stream);
}

#[tokio::test]
async fn a_new_stream_forgets_the_old_ones_commits() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let sync = world.get(&id).await;
    let first = world.started(&id).await;
    let lease = world.claimed(&first).await;
    let landed = checkpoint(&sync, 1, &lease, 1);
    checkpoints::commit(&world.store, &lease, &landed)
        .await
        .unwrap();
    new_stream(&world.store, &id, FirstRun::Replace, Hold::Ends)
        .await
        .unwrap();
    assert!(
        !jobs::is_held(&world.store, &lease).await.unwrap(),
        "it is stopped"
    );
    let reset = world.get(&id).await;
    assert_eq!((reset.has_cursor, reset.run().mode), (false, Mode::Replace));
    let cursor = Cursor {
        value: Value::Int(5),
        tie: vec![],
        landed: None,
        digest: None,
    };
    let is_set = set_cursor(&world.store, &reset, &cursor, FirstRun::Append).await;
    assert!(!is_set.unwrap(), "it is enabled");
    assert!(disable(&world.store, &reset, "by hand").await.unwrap());
    let disabled = world.get(&id).await;
    let is_set = set_cursor(&world.store, &disabled, &cursor, FirstRun::Append).await;
    assert!(is_set.unwrap());
    let run = world.get(&id).await.run();
    assert_eq!((run.mode, run.cursor), (Mode::Append, Some(cursor)));
}

#[tokio::test]
async fn while_a_table_is_removed_no_run_starts() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let job = world.started(&id).await;
    hold(&world.store, &id).await.unwrap();
    let sync = world.get(&id).await;
    assert!(!sync.is_running(), "{job} is stopped");
    let now = world.store.now();
    assert_eq!(
        start(&world.store, &sync, now).await.unwrap(),
        Start::Refused
    );
    world.move_to(120);
    let now = world.store.now();
    let started = start(&world.store, &sync, now).await.unwrap();
    assert!(
        matches!(started, Start::Queued(_)),
        "the hold ends by itself"
    );
}

#[tokio::test]
async fn what_nobody_has_any_more_is_forgotten_in_time() {
    let world = World::new().await;
    let (kept, deleted) = (world.sync("kept").await, world.sync("deleted").await);
    for id in [&kept, &deleted] {
        let sync = world.get(id).await;
        let lease = world.claimed(&world.started(id).await).await;
        let landed = checkpoint(&sync, 1, &lease, 1);
        checkpoints::commit(&world.store, &lease, &landed)
            .await
            .unwrap();
        world.finished(&lease, None).await;
    }
    let streams = [
        world.get(&kept).await.stream,
        world.get(&deleted).await.stream,
    ];
    let removed = delete(&world.store, &world.org, &world.connector, &deleted).await;
    assert_eq!(removed.unwrap().as_ref(), Some(&streams[1]));
    let sweep = async |before: i64| {
        let before = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(before);
        let jobs = retention::forget_jobs(&world.store, before, 10)
            .await
            .unwrap();
        let mut after = None;
        while let Some(last) = retention::forget_streams(&world.store, after.as_ref(), 1)
            .await
            .unwrap()
        {
            after = Some(last);
        }
        jobs
    };
    assert_eq!(sweep(0).await, 0, "too early");
    assert_eq!(sweep(1).await, 1, "the run of the deleted one");
    let mut left = Vec::new();
    for stream in &streams {
        let last = checkpoints::last_committed(&world.store, stream).await;
        left.push(last.unwrap().is_some());
    }
    assert_eq!(left, [true, false]);
    assert_eq!(world.runs(&kept).await, 1);
}

#[tokio::test]
async fn a_clock_that_was_set_back_stops_no_sync() {
    let world = World::new().await;
    world.move_to(10_000_000);
    let id = world.sync("t").await;
    let lease = world.claimed(&world.started(&id).await).await;
    world.finished(&lease, None).await;
    world.move_to(1_000);
    let now = world.store.now();
    assert_eq!(ahead_of_clock(&world.store, now).await.unwrap(), 1);
    let sync = world.get(&id).await;
    assert_eq!((sync.last_start, sync.scheduled_from), (Some(now), now));
    assert_eq!(ahead_of_clock(&world.store, now).await.unwrap(), 0);
}
