//! kill -9 of the real binary, anywhere: each job goes on by itself, and every row is there once.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind, seed};

const ROWS: usize = 60_000;
/// Rows of the table that `replace` takes out and `append` adds to.
const OLD_ROWS: usize = 10;
const HOSTS: u64 = 4;
const KILLS_PER_HOST: usize = 14;
const JOBS_AT_ONCE: usize = 3;
/// From the ready host to its end. A commit takes about ten milliseconds and one follows the other.
const LONGEST_LIFE_MS: u64 = 700;
/// The same when a job has just been dispatched.
const LONGEST_YOUTH_MS: u64 = 100;
const SETTINGS: [(&str, &str); 2] = [
    ("SLUICE_JOBS__COMMIT_MS", "20"),
    ("SLUICE_JOBS__MAX_RUNNING", "3"),
];

/// `keyless` has groups of equal and of null cursor values.
const SOURCE: &str = "
    create table keyed (id bigint primary key, grp int, amount decimal(12,2));
    insert into keyed select g, g % 97, g / 4.0 from generate_series(1, 60000) g;
    create table keyless (id bigint, grp int, amount decimal(12,2));
    insert into keyless select g, nullif(g / 80, 300), g / 4.0 from generate_series(1, 60000) g;
    create index on keyless (grp);
    create table old (id bigint primary key, grp int, amount decimal(12,2));
    insert into old select -g, g, g from generate_series(1, 10) g;";

/// Table, cursor column, mode, rows per batch and delay between batches.
const VARIANTS: [(&str, &str, &str, u32, u32); 9] = [
    ("keyed", "id", "create", 400, 20),
    ("keyless", "grp", "create", 900, 30),
    ("keyed", "id", "create", 20, 0),
    ("keyless", "grp", "append", 7, 0),
    ("keyed", "id", "replace", 1_000, 0),
    ("keyed", "id", "append", 300, 10),
    ("keyed", "id", "create", 5_000, 0),
    ("keyless", "grp", "create", 5_000, 100),
    ("keyless", "grp", "replace", 5_000, 0),
];

/// What the kills met.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    /// A running job, some but not all of whose rows had landed.
    amid_rows: usize,
    /// A running job of which nothing was to be seen yet.
    before_rows: usize,
    /// A commit between the table's log and the store.
    amid_commit: usize,
    jobs: usize,
}

struct Started {
    id: String,
    dest: String,
    mode: &'static str,
}

async fn jobs_killed_at_random_moments_land_every_row_once(kind: Kind) {
    let seed = seed();
    let mut hosts = tokio::task::JoinSet::new();
    for host in 0..HOSTS {
        hosts.spawn(series(
            kind,
            StdRng::seed_from_u64(seed ^ host),
            host as usize,
        ));
    }
    let mut all = Tally::default();
    while let Some(tally) = hosts.join_next().await {
        let tally = tally.expect("every row lands once");
        all.kills += tally.kills;
        all.amid_rows += tally.amid_rows;
        all.before_rows += tally.before_rows;
        all.amid_commit += tally.amid_commit;
        all.jobs += tally.jobs;
    }
    println!("{all:?}");
    assert!(all.kills >= 50, "{all:?}");
    assert!(all.amid_rows * 2 >= all.kills, "most kills missed: {all:?}");
    assert!(
        all.before_rows > 0 && all.amid_commit > 0,
        "a stage was never hit: {all:?}"
    );
}

async fn series(kind: Kind, mut random: StdRng, number: usize) -> Tally {
    let mut host = Host::of_with(kind, &SETTINGS).await;
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    let mut variants = VARIANTS.iter().cycle().skip(number * 2);
    let (mut started, mut tally) = (Vec::new(), Tally::default());
    for _ in 0..KILLS_PER_HOST {
        let mut longest_ms = LONGEST_LIFE_MS;
        while unfinished(&host, &started).await.len() < JOBS_AT_ONCE {
            let variant = variants.next().expect("a cycle");
            started.push(start(&host, kb, variant, started.len()).await);
            // A job is young only once.
            longest_ms = LONGEST_YOUTH_MS;
        }
        let life = Duration::from_millis(random.random_range(0..longest_ms));
        tokio::time::sleep(life).await;
        let running = unfinished(&host, &started).await;
        tally.look(&running, &host.process.log());
        host.crash_and_restart(&SETTINGS);
    }
    tally.jobs = started.len();
    for job in &started {
        check(&host, kb, job).await;
    }
    tally.look_at_log(&host.process.log());
    tally
}

async fn unfinished(host: &Host, started: &[Started]) -> Vec<Value> {
    let mut views = Vec::new();
    for job in started {
        let view = host.job_view(&job.id).await;
        assert_ne!(view["state"], "failed", "{view}");
        if view["state"] != "completed" {
            views.push(view);
        }
    }
    views
}

async fn start(
    host: &Host,
    kb: i64,
    &(table, cursor, mode, batch_rows, delay): &(&str, &str, &'static str, u32, u32),
    number: usize,
) -> Started {
    let dest = format!("t{number}");
    if mode != "create" {
        let old = host
            .job(host.request(kb, &dest, ("old", "id"), json!({})))
            .await;
        assert_eq!(old["state"], "completed", "{old}");
    }
    let more = json!({"mode": mode, "batch_rows": batch_rows, "pacing": {"batch_delay_ms": delay}});
    let id = host
        .dispatch(host.request(kb, &dest, (table, cursor), more))
        .await;
    Started { id, dest, mode }
}

async fn check(host: &Host, kb: i64, job: &Started) {
    let view = host.ended(&job.id).await;
    assert_eq!(view["state"], "completed", "{view}");
    assert_eq!(view["rows_emitted"], ROWS, "{view}");
    assert_eq!(view["attempt"], 1, "a crash of ours is no attempt: {view}");
    let mut ids: i64 = (1..=ROWS as i64).sum();
    let mut rows = ROWS;
    if job.mode == "append" {
        ids -= (1..=OLD_ROWS as i64).sum::<i64>();
        rows += OLD_ROWS;
    }
    let landed = host.landed_sums(kb, &job.dest, "id").await;
    assert_eq!(landed, format!("{rows} {rows} {ids}"), "{view}");
}

impl Tally {
    fn look(&mut self, running: &[Value], log: &str) {
        self.look_at_log(log);
        let met = |rows: std::ops::Range<u64>| {
            running.iter().any(|view| {
                let emitted = view["rows_emitted"].as_u64().expect("a count");
                view["state"] == "running" && rows.contains(&emitted)
            })
        };
        self.kills += 1;
        self.amid_rows += usize::from(met(1..ROWS as u64));
        self.before_rows += usize::from(met(0..1));
    }

    /// What the kill before met shows in how the next process begins.
    fn look_at_log(&mut self, log: &str) {
        self.amid_commit += log.matches("adopted a commit").count();
    }
}

async fn a_killed_host_leaves_no_statement_running_on_the_source(kind: Kind) {
    let mut host = Host::of(kind).await;
    host.slow_view().await;
    let kb = host.kb().await;
    host.dispatch(host.request(kb, "t", ("slow", "id"), json!({})))
        .await;
    host.until_busy().await;
    host.process.kill();
    host.until_no_sessions(Duration::from_secs(10)).await;
}

on_each_kind!(
    jobs_killed_at_random_moments_land_every_row_once,
    a_killed_host_leaves_no_statement_running_on_the_source,
);
