//! A month of 200 syncs, with failures, overruns, operators and restarts. Every start is checked against the oracle.
//! Seeded; `SLUICE_TEST_SEED` repeats one.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::oracle::{Expected, Times, When};
use super::world::{Fails, World};
use crate::model::cron::{CronSchedule, CronText};
use crate::model::ids::SyncId;
use crate::model::sync::Schedule;
use crate::schedule::Scheduler;
use crate::store::jobs::Lease;
use crate::store::syncs::{self, Start, SyncChange};

const SYNCS: usize = 200;
/// In this month the clocks change in New York (a missing hour), Berlin (another) and Sydney (a doubled one).
const FROM: &str = "2025-03-08T00:00:00Z";
const DAYS: i64 = 30;
/// 200 that are due together, ten at a time.
const LATEST: TimeDelta = TimeDelta::seconds(5);

#[derive(Debug)]
enum Event {
    RunEnds(usize, Lease, Fails),
    /// An operator looks at a sync: enables it, asks for a run, or stops the one there is.
    Operator(usize),
    HostStops,
    HostStarts,
}

struct Simulation {
    world: World,
    random: StdRng,
    ids: HashMap<SyncId, usize>,
    syncs: Vec<(SyncId, Expected)>,
    running: HashMap<usize, Lease>,
    /// How often the runs of each fail, in percent.
    fail_percent: Vec<u32>,
    events: BTreeMap<(DateTime<Utc>, u64), Event>,
    number: u64,
    /// None: the host is down.
    scheduler: Option<Scheduler>,
    starts: Vec<DateTime<Utc>>,
}

impl Simulation {
    async fn new(seed: u64) -> Self {
        let start = FROM.parse().unwrap();
        let world = World::at(start).await;
        let mut new = Self {
            scheduler: Some(world.scheduler()),
            world,
            random: StdRng::seed_from_u64(seed),
            ids: HashMap::new(),
            syncs: Vec::new(),
            running: HashMap::new(),
            fail_percent: Vec::new(),
            events: BTreeMap::new(),
            number: 0,
            starts: Vec::new(),
        };
        for number in 0..SYNCS {
            let when = new.any_schedule(number);
            new.add_sync(number, when).await;
        }
        for _ in 0..1_000 {
            let at = start + new.up_to(TimeDelta::days(DAYS));
            let sync = new.random.random_range(0..SYNCS);
            new.at(at, Event::Operator(sync));
        }
        for day in 0..DAYS {
            let down = start + TimeDelta::days(day) + new.up_to(TimeDelta::hours(20));
            let seconds = [1, 60, 10_000][new.random.random_range(0..3)];
            let up = down + new.up_to(TimeDelta::seconds(seconds));
            new.at(down, Event::HostStops);
            new.at(up, Event::HostStarts);
        }
        new
    }

    fn up_to(&mut self, longest: TimeDelta) -> TimeDelta {
        TimeDelta::milliseconds(self.random.random_range(1..=longest.num_milliseconds()))
    }

    fn at(&mut self, at: DateTime<Utc>, event: Event) {
        self.number += 1;
        self.events.insert((at, self.number), event);
    }

    fn any_schedule(&mut self, number: usize) -> When {
        let (hour, minute) = (
            self.random.random_range(0..24),
            self.random.random_range(0..60),
        );
        let zone = [
            chrono_tz::UTC,
            chrono_tz::Europe::Berlin,
            chrono_tz::America::New_York,
            chrono_tz::Australia::Sydney,
        ][self.random.random_range(0..4)];
        match number {
            0 => When::Every(TimeDelta::hours(1)),
            1 => When::Cron(Times::Hourly { minute }, zone),
            // Into the missing and the doubled hours.
            2 => When::Cron(
                Times::Daily {
                    hour: 2,
                    minute: 30,
                },
                chrono_tz::Europe::Berlin,
            ),
            3 => When::Cron(
                Times::Daily {
                    hour: 2,
                    minute: 30,
                },
                chrono_tz::America::New_York,
            ),
            4 => When::Cron(
                Times::Daily {
                    hour: 2,
                    minute: 30,
                },
                chrono_tz::Australia::Sydney,
            ),
            5..40 => When::Cron(Times::Daily { hour, minute }, zone),
            40..60 => When::Cron(Times::OnMondays { hour, minute }, zone),
            60..75 => When::Manual,
            // All of them due together at first, and some for ever.
            75..100 => When::Every(TimeDelta::hours(12)),
            _ => When::Every(TimeDelta::seconds(
                self.random.random_range(20_000..200_000),
            )),
        }
    }

    async fn add_sync(&mut self, number: usize, when: When) {
        let (schedule, interval) = match when {
            When::Every(interval) => (Schedule::Interval, interval.num_seconds() as u32),
            When::Manual => (Schedule::Manual, 0),
            When::Cron(times, zone) => {
                let text = CronText {
                    expression: When::expression(times),
                    time_zone: zone.name().into(),
                };
                (Schedule::Cron(CronSchedule::try_from(text).unwrap()), 0)
            }
        };
        let id = self.world.sync(number, schedule, interval).await;
        self.ids.insert(id.clone(), number);
        self.syncs.push((id, Expected::new(when, self.world.now())));
        let percent = [0, 5, 50, 97][self.random.random_range(0..4)];
        self.fail_percent.push(percent);
    }

    async fn run(&mut self) {
        let end = self.world.now() + TimeDelta::days(DAYS);
        let mut wake_at = self.turn().await;
        while self.world.now() < end {
            let next_event = self.events.first_key_value().map(|(key, _)| key.0);
            match next_event.filter(|at| *at <= wake_at) {
                Some(at) => {
                    self.world.move_to(at);
                    let (_, event) = self.events.pop_first().unwrap();
                    self.happens(event).await;
                }
                None => self.world.move_to(wake_at),
            }
            wake_at = self.turn().await;
        }
    }

    async fn happens(&mut self, event: Event) {
        let now = self.world.now();
        match event {
            // A host that is down ends nothing: its runs go on when it is up.
            Event::RunEnds(number, lease, fails) if self.scheduler.is_none() => {
                let later = now + TimeDelta::seconds(7);
                self.at(later, Event::RunEnds(number, lease, fails));
            }
            Event::RunEnds(number, lease, fails) => {
                // Unless it was stopped.
                if self.running.get(&number) == Some(&lease) {
                    self.running.remove(&number);
                    self.world.end(&lease, fails).await;
                    self.syncs[number].1.ends(now, fails);
                }
            }
            Event::Operator(number) => self.operator(number).await,
            Event::HostStops => self.scheduler = None,
            Event::HostStarts => {
                self.scheduler = Some(self.world.scheduler());
                for (_, expected) in &mut self.syncs {
                    expected.free_since = expected.free_since.max(now);
                }
            }
        }
    }

    async fn operator(&mut self, number: usize) {
        let now = self.world.now();
        if self.scheduler.is_none() {
            return;
        }
        let (id, expected) = &mut self.syncs[number];
        let (store, world) = (&self.world.store, &self.world);
        if let Some(lease) = self.running.remove(&number) {
            world.stop(&lease.job).await;
            expected.is_stopped(now);
        } else if !expected.enabled {
            let reason = world.get(id).await.disabled_reason.expect("it says why");
            assert!(reason.contains("10 failed") && reason.contains("the source is down"));
            let enable = SyncChange {
                enabled: Some(true),
                ..SyncChange::default()
            };
            assert!(
                syncs::change(store, &world.org, &world.connector, id, &enable)
                    .await
                    .unwrap()
            );
            expected.is_enabled(now);
        } else {
            let sync = world.get(id).await;
            let started = syncs::start(store, &sync, now).await.unwrap();
            assert!(matches!(started, Start::Queued(_)), "{number}: {started:?}");
            expected.starts_by_hand(now);
            self.claim().await;
        }
    }

    /// Lets the scheduler look, if it is there; when it wants to look again. It is woken by what happens, too; ticks in
    /// between would be looks that find nothing.
    async fn turn(&mut self) -> DateTime<Utc> {
        let now = self.world.now();
        let Some(scheduler) = &mut self.scheduler else {
            return DateTime::<Utc>::MAX_UTC;
        };
        let wake_at = scheduler.turn().await.unwrap();
        for number in self.claim().await {
            self.starts.push(now);
            let (id, expected) = &mut self.syncs[number];
            let owed_from = expected.owed_from();
            let is_right = owed_from.is_some_and(|from| from <= now && now <= from + LATEST);
            assert!(
                is_right,
                "{id} started at {now}, not at {owed_from:?}: {expected:?}"
            );
            expected.starts(now);
        }
        for (id, expected) in &self.syncs {
            let missed = expected.owed_from().filter(|from| *from + LATEST < now);
            assert!(
                missed.is_none(),
                "{id} did not start at {missed:?}: {expected:?}"
            );
        }
        wake_at
    }

    /// What the dispatcher does: the runs start, and each will end at a time of its own.
    async fn claim(&mut self) -> Vec<usize> {
        let mut numbers = Vec::new();
        for (id, lease) in self.world.claimed().await {
            let number = self.ids[&id];
            let longest =
                [20, 600, 30_000][[0, 0, 0, 0, 1, 1, 1, 2][self.random.random_range(0..8)]];
            let ends = self.world.now() + self.up_to(TimeDelta::seconds(longest));
            let fails = match self.random.random_range(0..100) < self.fail_percent[number] {
                true => Fails::Yes,
                false => Fails::No,
            };
            self.running.insert(number, lease.clone());
            self.at(ends, Event::RunEnds(number, lease, fails));
            numbers.push(number);
        }
        numbers
    }

    async fn check_counts(&self) {
        for (id, expected) in &self.syncs {
            let sync = self.world.get(id).await;
            let counts = sync.counts;
            assert_eq!(
                (counts.runs_total, counts.runs_completed, counts.runs_failed),
                (expected.started, expected.completed, expected.failed)
            );
            assert_eq!(
                (sync.enabled, sync.consecutive_failures, sync.is_running()),
                (expected.enabled, expected.failures, expected.running)
            );
        }
    }
}

#[tokio::test]
async fn in_a_month_of_200_syncs_every_run_starts_when_it_should() {
    let seed = std::env::var("SLUICE_TEST_SEED");
    let seed = seed.map_or_else(|_| rand::random(), |seed| seed.parse().expect("a number"));
    println!("SLUICE_TEST_SEED={seed}");
    let mut simulation = Simulation::new(seed).await;
    simulation.run().await;
    simulation.check_counts().await;
    let starts = &simulation.starts;
    println!("{} starts", starts.len());
    assert!(starts.len() > 4_000, "only {} starts", starts.len());
    for (first, later) in starts.iter().zip(&starts[20..]) {
        assert!(
            *later - *first >= TimeDelta::milliseconds(250),
            "at {first}"
        );
    }
}
