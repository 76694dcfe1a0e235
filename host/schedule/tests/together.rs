//! Many syncs at one time, and two hosts on one store.

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{Fails, POLICY, World};
use crate::model::sync::Schedule;
use crate::store::syncs;

const SPAN: TimeDelta = TimeDelta::milliseconds(250);

fn start() -> DateTime<Utc> {
    "2025-06-01T00:00:00Z".parse().unwrap()
}

/// Turns until a time; when each run was queued.
async fn starts(world: &World, until: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let (mut scheduler, mut all) = (world.scheduler(), Vec::new());
    while world.now() < until {
        let wake_at = scheduler.turn().await.unwrap();
        for (_, lease) in world.claimed().await {
            all.push(world.now());
            world.end(&lease, Fails::No).await;
        }
        let next_tick = world.now() + POLICY.tick;
        world.move_to(wake_at.min(next_tick));
    }
    all
}

#[tokio::test]
async fn a_single_new_sync_starts_at_once_and_keeps_its_time() {
    let world = World::at(start()).await;
    world.sync(0, Schedule::Interval, 60).await;
    let starts = starts(&world, start() + TimeDelta::hours(1)).await;
    let on_the_minute = (0..60).map(|minute| start() + TimeDelta::minutes(minute));
    assert_eq!(starts, on_the_minute.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_thousand_syncs_of_one_interval_do_not_start_together() {
    let world = World::at(start()).await;
    for number in 0..1_000 {
        world.sync(number, Schedule::Interval, 60).await;
    }
    let starts = starts(&world, start() + TimeDelta::minutes(5)).await;
    assert!(starts.len() >= 4_900, "only {} starts", starts.len());
    for (first, eleventh) in starts.iter().zip(&starts[10..]) {
        assert!(*eleventh - *first >= SPAN, "more than 10 at {first}");
    }
}

#[tokio::test]
async fn two_hosts_on_one_store_start_each_run_once() {
    let world = World::at(start()).await;
    for number in 0..8 {
        world.sync(number, Schedule::Interval, 60).await;
    }
    let (mut one, mut two) = (world.scheduler(), world.scheduler());
    for minute in 0..20 {
        world.move_to(start() + TimeDelta::minutes(minute));
        let (first, second) = tokio::join!(one.turn(), two.turn());
        first.and(second).unwrap();
        let claimed = world.claimed().await;
        assert_eq!(claimed.len(), 8, "in minute {minute}");
        for (_, lease) in claimed {
            world.end(&lease, Fails::No).await;
        }
    }
}

#[tokio::test]
async fn a_manual_sync_starts_by_hand_only() {
    let world = World::at(start()).await;
    let id = world.sync(0, Schedule::Manual, 0).await;
    let mut scheduler = world.scheduler();
    scheduler.turn().await.unwrap();
    world.move_to(start() + TimeDelta::days(1));
    let far = scheduler.turn().await.unwrap();
    assert_eq!(far, DateTime::<Utc>::MAX_UTC, "nothing wakes it");
    assert!(syncs::undecided(&world.store, 10).await.unwrap().is_empty());
    assert_eq!(world.get(&id).await.counts.runs_total, 0);
}
