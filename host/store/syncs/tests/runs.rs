//! Starts, ends, and what is counted.

use super::super::*;
use super::world::{World, broken, checkpoint};
use crate::model::job::{JobState, Mode};
use crate::store::jobs::Lease;
use crate::store::{StoreError, checkpoints, kbs};

#[tokio::test]
async fn of_two_who_start_a_sync_one_does() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let read_by_both = world.get(&id).await;
    let now = world.store.now();
    let first = start(&world.store, &read_by_both, now).await.unwrap();
    assert!(matches!(first, Start::Queued(_)));
    let second = start(&world.store, &read_by_both, now).await.unwrap();
    assert_eq!(second, Start::Refused);
    let read_again = world.get(&id).await;
    assert!(read_again.is_running());
    let third = start(&world.store, &read_again, now).await.unwrap();
    assert_eq!(third, Start::Refused);
    assert_eq!(
        (world.runs(&id).await, read_again.counts.runs_total),
        (1, 1)
    );
}

#[tokio::test]
async fn ends_are_counted_and_a_stop_is_neither_success_nor_failure() {
    let world = World::new().await;
    let id = world.sync("t").await;
    for failure in [Some(broken()), Some(broken())] {
        let lease = world.claimed(&world.started(&id).await).await;
        world.finished(&lease, failure.as_ref()).await;
    }
    world.stopped(&world.started(&id).await).await;
    let sync = world.get(&id).await;
    assert_eq!((sync.consecutive_failures, sync.last_success_at), (2, None));
    assert_eq!(sync.last_failure.as_deref(), Some("the source is down"));
    world.move_to(100);
    let lease = world.claimed(&world.started(&id).await).await;
    world.finished(&lease, None).await;
    let sync = world.get(&id).await;
    assert_eq!((sync.consecutive_failures, sync.last_failure), (0, None));
    assert_eq!(sync.last_success_at, Some(world.store.now()));
    let counts = sync.counts;
    assert_eq!(
        (counts.runs_total, counts.runs_completed, counts.runs_failed),
        (4, 1, 2)
    );
}

#[tokio::test]
async fn rows_count_for_the_run_that_landed_them_whoever_says_so() {
    let world = World::new().await;
    let id = world.sync("t").await;
    let sync = world.get(&id).await;
    assert_eq!(sync.run().mode, Mode::Create);
    let first = world.started(&id).await;
    let lease = world.claimed(&first).await;
    let seven = checkpoint(&sync, 1, &lease, 7);
    checkpoints::prepare(&world.store, &lease, &seven)
        .await
        .unwrap();
    world.stopped(&first).await;
    // Its rows landed, but nobody could say so before the next run looks.
    let second = world.started(&id).await;
    let lease = world.claimed(&second).await;
    for _ in 0..2 {
        checkpoints::commit(&world.store, &lease, &seven)
            .await
            .unwrap();
    }
    let five = checkpoint(&sync, 2, &lease, 5);
    checkpoints::commit(&world.store, &lease, &five)
        .await
        .unwrap();
    let five_more = checkpoint(&sync, 3, &lease, 10);
    checkpoints::commit(&world.store, &lease, &five_more)
        .await
        .unwrap();
    assert_eq!(
        (world.job_rows(&first).await, world.job_rows(&second).await),
        (7, 10)
    );
    let sync = world.get(&id).await;
    assert_eq!((sync.counts.rows_total, sync.has_cursor), (17, true));
    assert_eq!(sync.run().mode, Mode::Append);
    // A late word of a run that is over is no news, and no lease.
    let old = Lease {
        job: first,
        epoch: 1,
    };
    let late = checkpoints::commit(&world.store, &old, &seven).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)));
    assert_eq!(world.get(&id).await.counts.rows_total, 17);
}

#[tokio::test]
async fn a_dest_table_has_one_sync() {
    let world = World::new().await;
    world.sync("t").await;
    let second = create(&world.store, world.new_sync("t")).await;
    assert!(matches!(second, Err(StoreError::DestTaken)));
    world.sync("other").await;
}

#[tokio::test]
async fn a_run_without_its_knowledge_base_has_failed_with_the_reason() {
    let world = World::new().await;
    let id = world.sync("t").await;
    assert!(
        kbs::delete(&world.store, &world.org, world.kb.id)
            .await
            .unwrap()
    );
    let sync = world.get(&id).await;
    let started = start(&world.store, &sync, world.store.now()).await.unwrap();
    assert_eq!(started, Start::Failed);
    let sync = world.get(&id).await;
    assert_eq!((sync.consecutive_failures, sync.counts.runs_failed), (1, 1));
    assert!(sync.last_failure.unwrap().contains("knowledge base"));
    assert_eq!(sync.newest_run.unwrap().state, JobState::Failed);
    assert!(sync.last_start.is_some(), "the next try is later");
}

#[tokio::test]
async fn a_hundred_runs_are_kept_and_no_counter_shrinks() {
    let world = World::new().await;
    let id = world.sync("t").await;
    for _ in 0..103 {
        let lease = world.claimed(&world.started(&id).await).await;
        world.finished(&lease, None).await;
    }
    assert_eq!(world.runs(&id).await, 100);
    assert_eq!(world.get(&id).await.counts.runs_completed, 103);
}
