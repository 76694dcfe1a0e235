//! What the store counts and decides for syncs, on a real store in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::clock::Clock;
use crate::model::checkpoint::Checkpoint;
use crate::model::cursor::Cursor;
use crate::model::failure::{Failure, FailureKind};
use crate::model::ids::{ConnectorId, JobId, OrgId, SyncId};
use crate::model::job::{JobState, Mode, Placement, Progress};
use crate::model::pacing::Pacing;
use crate::model::source::Source;
use crate::model::sync::{FirstRun, Schedule, SyncMode, SyncOrder, SyncSpec};
use crate::model::value::Value;
use crate::store::jobs::{self, JobFilter, Lease};
use crate::store::{Store, StoreError, checkpoints, connectors, kbs, orgs, retention};

struct World {
    store: Store,
    time: Arc<AtomicI64>,
    org: OrgId,
    connector: ConnectorId,
    kb: kbs::Kb,
}

impl World {
    async fn new() -> Self {
        let time = Arc::new(AtomicI64::new(0));
        let store = Store::in_memory(Clock::Moved(time.clone())).await.unwrap();
        let org = orgs::create(&store, "o").await.unwrap();
        let connector = connectors::enrol(&store, &org, "c").await.unwrap();
        let kb = kbs::create(&store, &org, "kb", None)
            .await
            .unwrap()
            .unwrap();
        Self {
            store,
            time,
            org,
            connector,
            kb,
        }
    }

    fn move_to(&self, seconds: i64) {
        self.time.store(seconds * 1_000_000, Ordering::SeqCst);
    }

    fn new_sync(&self, dest_table: &str) -> NewSync {
        let source = Source {
            kind: "k".into(),
            connection_ref: "r".into(),
            schema: None,
            table: "t".into(),
            query: None,
            cursor_column: "id".into(),
            columns: vec![],
        };
        NewSync {
            org: self.org.clone(),
            connector: self.connector.clone(),
            kb: self.kb.id,
            kb_uid: self.kb.uid.clone(),
            name: None,
            dest_table: dest_table.into(),
            spec: SyncSpec {
                source,
                mode: SyncMode::Append,
                placement: Placement::Hosted,
                key_columns: vec![],
                start: None,
            },
            pacing: Pacing::default(),
            batch_rows: 5_000,
            schedule: Schedule::Interval,
            interval_secs: 60,
            first_run: FirstRun::Create,
            enabled: true,
            form: None,
        }
    }

    async fn sync(&self, dest_table: &str) -> SyncId {
        create(&self.store, self.new_sync(dest_table))
            .await
            .unwrap()
    }

    async fn get(&self, id: &SyncId) -> SyncOrder {
        let found = get(&self.store, &self.org, &self.connector, id).await;
        found.unwrap().expect("a sync")
    }

    async fn started(&self, id: &SyncId) -> JobId {
        let sync = self.get(id).await;
        match start(&self.store, &sync, self.store.now()).await.unwrap() {
            Start::Queued(job) => job,
            other => panic!("{other:?}"),
        }
    }

    async fn claimed(&self, job: &JobId) -> Lease {
        let minute = TimeDelta::minutes(1);
        let claimed = jobs::claim(&self.store, &self.connector, Some(job), "me", minute).await;
        claimed.unwrap().expect("a queued job").0
    }

    async fn finished(&self, lease: &Lease, failure: Option<&Failure>) {
        let state = failure.map_or(JobState::Completed, |_| JobState::Failed);
        let done = jobs::finish(&self.store, lease, state, failure, &[]).await;
        done.unwrap();
    }

    async fn stopped(&self, job: &JobId) {
        let state = jobs::stop(&self.store, &self.org, &self.connector, job).await;
        assert_eq!(state.unwrap(), Some(JobState::Stopped));
    }

    async fn job_rows(&self, job: &JobId) -> u64 {
        let job = jobs::get(&self.store, &self.org, &self.connector, job).await;
        job.unwrap().unwrap().progress.rows
    }

    async fn runs(&self, sync: &SyncId) -> usize {
        let filter = JobFilter {
            sync: Some(sync.clone()),
            ..JobFilter::default()
        };
        let found = jobs::list(&self.store, &self.org, &filter, 1_000).await;
        found.unwrap().len()
    }
}

fn checkpoint(sync: &SyncOrder, seq: u64, lease: &Lease, rows: u64) -> Checkpoint {
    Checkpoint {
        stream: sync.stream.clone(),
        seq,
        epoch: lease.epoch,
        job: lease.job.clone(),
        cursor: None,
        progress: Progress {
            rows,
            ..Progress::default()
        },
    }
}

fn broken() -> Failure {
    Failure::new(FailureKind::Source, "unavailable", "the source is down")
}

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
