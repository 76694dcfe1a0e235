//! What syncs cost that find nothing new: the host's time on the processor and its statements on the source for each run,
//! and how long the scheduler looks at 10,000 syncs of which none is due.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use sluice::model::cron::{CronSchedule, CronText};
use sluice::model::due::SchedulePolicy;
use sluice::model::ids::JobId;
use sluice::model::job::{DEFAULT_BATCH_ROWS, JobState, Placement};
use sluice::model::pacing::Pacing;
use sluice::model::source::Source as TableSource;
use sluice::model::sync::{FirstRun, Schedule, SyncMode, SyncSpec};
use sluice::schedule::Scheduler;
use sluice::store::jobs::{self, JobFilter};
use sluice::store::syncs::{self, NewSync, SyncFilter};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Outcome;
use super::job::{Host, table_source};
use super::report::{median, rounded, write_figures};
use super::table::{FEWER, KEY, Source};

const OWED_RUN_MS: f64 = 5.0;
const OWED_LOOK_MS: f64 = 50.0;

/// Every second each has a run.
const SYNCS: u32 = 30;
/// Each of so many runs as fall into its time.
const SAMPLES: usize = 15;
const SAMPLE: Duration = Duration::from_secs(2);
/// Enabled, and due next year.
const NOT_DUE: u32 = 10_000;
const LOOKS: usize = 51;
/// More than there are.
const ALL: u32 = 1_000_000;

/// The server says each statement and whose it is.
const LOG_STATEMENTS: [&str; 2] = ["log_statement=all", "log_line_prefix=%a "];
/// Half of the syncs go by a key, half by a stamp that several rows may share.
const STAMP: &str = "l_changed_at";
const INDEX: &str = "create index on lineitem_fewer (l_changed_at, l_orderkey)";

pub async fn measure() -> Outcome<()> {
    let (run_ms, statements) = idle_runs().await?;
    let most = statements.iter().max().copied().unwrap_or_default();
    let middle = median(statements.iter().map(|count| *count as f64).collect());
    println!(
        "\nidle run of a sync: {run_ms:.1} ms of processor time at the median of {SAMPLES} samples   owed at most {OWED_RUN_MS}"
    );
    println!(
        "its statements on the source: {middle:.0} at the median, at most {most}, of {} runs",
        statements.len()
    );
    let (first_ms, look_ms) = looks().await?;
    println!(
        "tick over {NOT_DUE} enabled syncs, none due: {look_ms:.1} ms at the median; {first_ms:.0} ms for the first after a start   owed at most {OWED_LOOK_MS}"
    );
    write_figures(&json!({
        "name": "idle", "run_cpu_ms": rounded(run_ms), "run_statements": middle, "most_statements": most,
        "tick_ms": rounded(look_ms), "first_tick_ms": rounded(first_ms),
    }))
}

/// Processor time of a run, and how many statements each of the runs sent.
async fn idle_runs() -> Outcome<(f64, Vec<usize>)> {
    let source = Source::start_with(&LOG_STATEMENTS, 1_000, 1_000).await?;
    source.client().await?.batch_execute(INDEX).await?;
    let host = Host::start(&source).await?;
    for number in 0..SYNCS {
        let column = if number % 2 == 0 { KEY } else { STAMP };
        let table = TableSource {
            cursor_column: column.into(),
            ..table_source(FEWER)
        };
        create(&host, number, table, Schedule::Interval).await?;
    }
    let shutdown = CancellationToken::new();
    let scheduling = tokio::spawn(scheduler(&host).run(shutdown.clone()));
    // The first runs land the table and the second ones find the places, once.
    while completed_runs(&host).await? < u64::from(SYNCS * 3) {
        sleep(SAMPLE / 10).await;
    }
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        let (runs, time) = (completed_runs(&host).await?, processor_time());
        sleep(SAMPLE).await;
        let (time, runs) = (processor_time() - time, completed_runs(&host).await? - runs);
        samples.push(time.as_secs_f64() * 1000.0 / runs as f64);
    }
    shutdown.cancel();
    scheduling.await?;
    source.until_left_alone().await?;
    let statements = statements(&source, &idle_jobs(&host).await?)?;
    host.end().await?;
    Ok((median(samples), statements))
}

async fn create(host: &Host, number: u32, source: TableSource, schedule: Schedule) -> Outcome<()> {
    let new = NewSync {
        org: host.app.org.clone(),
        connector: host.app.connector.clone(),
        kb: host.kb.id,
        kb_uid: host.kb.uid.clone(),
        name: None,
        dest_table: format!("dest_{number}"),
        spec: SyncSpec {
            source,
            mode: SyncMode::Append,
            placement: Placement::Hosted,
            key_columns: vec![],
            start: None,
        },
        pacing: Pacing::default(),
        batch_rows: DEFAULT_BATCH_ROWS,
        schedule,
        interval_secs: 1,
        first_run: FirstRun::Create,
        enabled: true,
        form: None,
    };
    syncs::create(&host.app.extractor.store, new).await?;
    Ok(())
}

fn scheduler(host: &Host) -> Scheduler {
    let policy = SchedulePolicy {
        tick: TimeDelta::seconds(1),
        longest_backoff: TimeDelta::hours(1),
        disable_after: 10,
    };
    Scheduler::new(
        host.app.extractor.store.clone(),
        policy,
        TimeDelta::days(30),
    )
}

async fn completed_runs(host: &Host) -> Outcome<u64> {
    let store = &host.app.extractor.store;
    let all = syncs::list(store, &host.app.org, &SyncFilter::default(), SYNCS).await?;
    if let Some(failure) = all.iter().find_map(|sync| sync.last_failure.as_ref()) {
        return Err(failure.as_str().into());
    }
    Ok(all.iter().map(|sync| sync.counts.runs_completed).sum())
}

/// Completed runs that landed nothing.
async fn idle_jobs(host: &Host) -> Outcome<Vec<JobId>> {
    let filter = JobFilter {
        states: vec![JobState::Completed],
        ..JobFilter::default()
    };
    let jobs = jobs::list(&host.app.extractor.store, &host.app.org, &filter, ALL).await?;
    let idle = jobs.into_iter().filter(|job| job.progress.rows == 0);
    Ok(idle.map(|job| job.id).collect())
}

/// How many statements each of the jobs sent, by the server's log.
fn statements(source: &Source, jobs: &[JobId]) -> Outcome<Vec<usize>> {
    let log = std::fs::read_to_string(source.cluster.log())?;
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for line in log.lines() {
        let Some((job, said)) = line
            .strip_prefix("sluice/")
            .and_then(|rest| rest.split_once(' '))
        else {
            continue;
        };
        if said.starts_with("LOG:  execute") || said.starts_with("LOG:  statement") {
            *counts.entry(job).or_default() += 1;
        }
    }
    let of = |job: &JobId| counts.get(job.0.as_str()).copied().unwrap_or_default();
    Ok(jobs.iter().map(of).collect())
}

/// Milliseconds of the first tick of a host, and of the later ones.
async fn looks() -> Outcome<(f64, f64)> {
    let source = Source::start(1, 1).await?;
    let host = Host::start(&source).await?;
    let yearly = CronSchedule::try_from(CronText {
        expression: "0 0 1 1 *".into(),
        time_zone: "UTC".into(),
    })?;
    for number in 0..NOT_DUE {
        create(
            &host,
            number,
            table_source(FEWER),
            Schedule::Cron(yearly.clone()),
        )
        .await?;
    }
    let mut scheduler = scheduler(&host);
    let mut times = Vec::new();
    for _ in 0..=LOOKS {
        let start = Instant::now();
        scheduler.tidy().await?;
        scheduler.turn().await?;
        times.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    host.end().await?;
    Ok((times[0], median(times.split_off(1))))
}

/// Of all threads of this process since its start.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: clock_gettime(2) writes the struct during the call.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    assert_eq!(done, 0, "every Linux has this clock");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
