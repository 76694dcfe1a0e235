//! The invariants of syncs under everything at once: an application that writes in every order, and hosts and connections
//! that die at random moments. `make soak KILLS=1000` makes it as long as one wants.

mod compare;
mod cursors;
mod kinds;
mod outcome;
mod scenario;
mod writer;

use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;

use crate::harness::{Fault, Process, Proxy, Source};
use scenario::{SETTINGS, Soak};

/// Without `SLUICE_TEST_KILLS`.
const KILLS: usize = 30;
/// A fight takes longer than a kill.
const KILLS_PER_FIGHT: usize = 3;
/// From the ready host to its end.
const LONGEST_LIFE_MS: u64 = 1_200;
/// Two hosts on one folder: a holder that sleeps for longer than its lease has lost it.
const SHORT_LEASE: (&str, &str) = ("SLUICE_JOBS__LEASE_SECS", "1");
/// From one fault to the next.
const LONGEST_PEACE_MS: u64 = 700;
/// A fault that no connection has met by then comes too late in an answer.
const FAULT_IS_DUE: Duration = Duration::from_secs(3);
/// Holds back every piece of an answer.
const DELAY: Duration = Duration::from_millis(1);
/// Between progress reports.
const REPORT: usize = 50;

fn kills() -> usize {
    std::env::var("SLUICE_TEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("a number"))
}

async fn report(soak: &Soak, what: &str, done: usize, of: usize) {
    if done.is_multiple_of(REPORT) || done == of {
        let rows = soak.landed_in_all().await;
        println!("{what}: {done} of {of}, {rows} rows landed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn syncs_of_a_host_that_is_killed_at_random_moments_land_every_row_once() {
    let mut soak = Soak::start_directly(&SETTINGS).await;
    let (kills, mut amid) = (kills(), 0);
    for kill in 1..=kills {
        let life = soak.random.random_range(0..LONGEST_LIFE_MS);
        tokio::time::sleep(Duration::from_millis(life)).await;
        amid += usize::from(soak.host.source.job_sessions().await != "0");
        soak.host.crash_and_restart(&SETTINGS);
        report(&soak, "kills", kill, kills).await;
    }
    soak.pace_for_a_while().await;
    let outcome = soak.settle().await;
    println!("{kills} kills, {amid} of them amid a run, {outcome}");
    outcome.assert_exact();
    soak.go_on_from_old_cursors().await;
    assert!(amid * 4 >= kills, "most kills missed");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hosts_that_fight_for_the_same_syncs_double_nothing() {
    let settings = [&SETTINGS[..], &[SHORT_LEASE]].concat();
    let mut soak = Soak::start_directly(&settings).await;
    let mut rival = Process::start(soak.host.data.path(), &settings);
    let fights = kills() / KILLS_PER_FIGHT;
    let (mut killed, mut paused) = (0, 0);
    for fight in 1..=fights {
        let random = &mut soak.random;
        let life = Duration::from_millis(random.random_range(0..LONGEST_LIFE_MS));
        let sleep = Duration::from_millis(random.random_range(1_200..2_500));
        let (is_rival, is_kill) = (random.random_bool(0.5), random.random_bool(0.4));
        tokio::time::sleep(life).await;
        let victim = if is_rival {
            &mut rival
        } else {
            &mut soak.host.process
        };
        if is_kill {
            victim.kill();
            *victim = Process::start(soak.host.data.path(), &settings);
            killed += 1;
        } else {
            victim.pause();
            tokio::time::sleep(sleep).await;
            victim.resume();
            paused += 1;
        }
        report(&soak, "fights", fight, fights).await;
    }
    let outcome = soak.settle().await;
    println!("{killed} kills and {paused} pauses of one of two hosts, {outcome}");
    outcome.assert_exact();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_late_cut_or_short_loses_and_doubles_nothing() {
    let source = Source::create(crate::harness::Kind::Postgres).await;
    let proxy = Proxy::start(source.port(), &[], DELAY).await;
    let dsn = source.dsn_at(proxy.port);
    let mut soak = Soak::start(source, &dsn, &SETTINGS).await;
    let (faults, mut met) = (kills(), 0);
    for fault in 1..=faults {
        let peace = soak.random.random_range(0..LONGEST_PEACE_MS);
        tokio::time::sleep(Duration::from_millis(peace)).await;
        proxy.set(&[random_fault(&mut soak.random)]);
        let start = Instant::now();
        while proxy.left() > 0 && start.elapsed() < FAULT_IS_DUE {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        met += 1 - proxy.left();
        report(&soak, "faults", fault, faults).await;
    }
    proxy.set(&[]);
    let outcome = soak.settle().await;
    println!("{met} of {faults} faults met an answer, {outcome}");
    outcome.assert_exact();
    // In a long one every run is waiting after a failure for much of the time.
    assert!(met * 3 >= faults, "most faults missed");
}

/// From the login over the catalog to the middle of rows: the answers to an idle run are a few kilobytes.
fn random_fault(random: &mut StdRng) -> Fault {
    let longest = [500, 5_000, 50_000][random.random_range(0..3)];
    let bytes = random.random_range(0..longest);
    match random.random_range(0..7) {
        0 | 1 => Fault::Cut(bytes),
        2..=4 => Fault::Truncate(bytes),
        5 => Fault::Late(bytes),
        _ => Fault::Silence(bytes),
    }
}
