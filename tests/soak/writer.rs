//! An application at work on the source: sessions that insert, update and delete in transactions of their own. Some begin
//! long before they write, some commit long after, some not at all.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;

use crate::harness::Source;

const SESSIONS: u64 = 5;

/// One thing that a session does.
enum Step {
    Run(String),
    Pause(Duration),
}

/// Sessions that write until they are stopped.
pub struct Writers {
    stop: CancellationToken,
    sessions: JoinSet<u64>,
}

impl Writers {
    /// The same seed gives the same transactions, but not the same order among sessions.
    pub async fn start(dsn: &str, random: &mut StdRng) -> Self {
        let (stop, mut sessions) = (CancellationToken::new(), JoinSet::new());
        for _ in 0..SESSIONS {
            let source = Source::connect(dsn.to_owned()).await;
            let random = StdRng::seed_from_u64(random.random());
            sessions.spawn(work(source, random, stop.clone()));
        }
        Self { stop, sessions }
    }

    /// Lets each end the transaction it is in, and answers how many were committed.
    pub async fn stop(self) -> u64 {
        self.stop.cancel();
        self.sessions.join_all().await.into_iter().sum()
    }
}

async fn work(source: Source, mut random: StdRng, stop: CancellationToken) -> u64 {
    let mut committed = 0;
    while !stop.is_cancelled() {
        let is_kept = random.random_bool(0.9);
        let steps = transaction(&mut random);
        if run(source.client(), &steps, &stop).await {
            let end = if is_kept { "commit" } else { "rollback" };
            source.sql(end).await;
            committed += u64::from(is_kept);
        }
        pause(Duration::from_millis(random.random_range(0..150)), &stop).await;
    }
    committed
}

/// False: the server chose the transaction as a victim, and it is rolled back.
async fn run(client: &Client, steps: &[Step], stop: &CancellationToken) -> bool {
    for step in steps {
        match step {
            Step::Pause(time) => pause(*time, stop).await,
            Step::Run(sql) => {
                let Err(error) = client.batch_execute(sql).await else {
                    continue;
                };
                let is_victim = error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED);
                assert!(is_victim, "{sql}: {error:?}");
                client
                    .batch_execute("rollback")
                    .await
                    .expect("the server runs");
                return false;
            }
        }
    }
    true
}

async fn pause(time: Duration, stop: &CancellationToken) {
    let _ = timeout(time, stop.cancelled()).await;
}

/// From its beginning to what comes before its end.
fn transaction(random: &mut StdRng) -> Vec<Step> {
    let mut steps = vec![Step::Run("begin".into())];
    if random.random_bool(0.5) {
        // Its snapshot and its stamp are older than what it writes, and until then it has no number.
        steps.push(Step::Run("select count(*) from stamped".into()));
        steps.push(Step::Pause(wait(random)));
    }
    for _ in 0..random.random_range(1..4) {
        steps.push(Step::Run(statement(random)));
        steps.push(Step::Pause(Duration::from_millis(
            random.random_range(0..20),
        )));
    }
    // What it took and wrote is there, and nobody sees it.
    steps.push(Step::Pause(wait(random)));
    steps
}

/// Mostly short, sometimes longer than the interval of a sync.
fn wait(random: &mut StdRng) -> Duration {
    let longest_ms = if random.random_bool(0.04) { 2_500 } else { 60 };
    Duration::from_millis(random.random_range(0..longest_ms))
}

fn statement(random: &mut StdRng) -> String {
    let rows = match random.random_range(0..40) {
        0 => random.random_range(100..400),
        _ => random.random_range(1..9),
    };
    let some = format!("generate_series(1, {rows})");
    match random.random_range(0..9) {
        0 | 1 => format!("insert into serials (note) select md5(random()::text) from {some}"),
        2 => format!("insert into stamped (note) select md5(random()::text) from {some}"),
        3 | 4 => change(
            "stamped",
            "version = default, note = md5(random()::text), updated_at = case when random() < 0.5 then now() else clock_timestamp() end",
        ),
        5 => format!("insert into dated (note) select md5(random()::text) from {some}"),
        6 => {
            format!("insert into keyless (letter) select chr(97 + (random() * 2)::int) from {some}")
        }
        7 => format!(
            "insert into nullable (moment) select case when random() < 0.2 then null else nextval('moments') end from {some}"
        ),
        _ => match random.random_range(0..3) {
            0 => format!("insert into moving (note) select md5(random()::text) from {some}"),
            1 => change("moving", "note = md5(random()::text)"),
            _ => format!("delete from moving where id in ({})", somewhere("moving")),
        },
    }
}

fn change(table: &str, what: &str) -> String {
    format!(
        "update {table} set {what} where id in ({})",
        somewhere(table)
    )
}

/// A few neighbouring rows.
fn somewhere(table: &str) -> String {
    format!(
        "select id from {table} where id >= (select (random() * max(id))::bigint from {table}) order by id limit 5"
    )
}
