//! A session that is used by one job after another: nothing of the first is left in it, and there are never more than places.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Dsn, Places, admin_of_shared, assert_gone, cluster, one_text, sessions_named};
use crate::connection::Session;

const TIMEOUT: Duration = Duration::from_secs(60);
const PID: &str = "select pg_backend_pid()::text";

async fn connected(places: &Places, name: &str) -> Session {
    let dsn = cluster().dsn("postgres");
    places.connect(&dsn, name, TIMEOUT).await.unwrap()
}

#[tokio::test]
async fn the_next_job_finds_the_session_as_new_and_it_goes_soon_after_the_last() {
    let (places, admin) = (Places::new(1), admin_of_shared().await);
    let mut first = connected(&places, "resting-first").await;
    let pid = one_text(&mut first, PID).await;
    // Outlives its transaction.
    one_text(
        &mut first,
        "select coalesce(pg_advisory_lock(4711)::text, '')",
    )
    .await;
    drop(first);

    let dsn = cluster().dsn("postgres");
    let other_timeout = Duration::from_secs(7);
    let second = places.connect(&dsn, "resting-second", other_timeout).await;
    let mut second = second.unwrap();
    assert_eq!(one_text(&mut second, PID).await, pid);
    let settings = "select concat_ws(' ', current_setting('statement_timeout'), current_setting('timezone'), \
                    current_setting('default_transaction_read_only'), current_setting('application_name'))";
    assert_eq!(
        one_text(&mut second, settings).await,
        "7s UTC on resting-second"
    );
    let locked = "select count(*) from pg_locks where locktype = 'advisory' and objid = 4711";
    assert_eq!(
        admin.query_one(locked, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
    drop(second);
    assert_eq!(sessions_named(&admin, "resting-second").await, 1);
    assert_gone(&admin, "resting-second").await;
    assert_eq!(places.free.available_permits(), 1);
}

#[tokio::test]
async fn a_type_is_read_as_it_is_now() {
    let (places, admin) = (Places::new(1), admin_of_shared().await);
    admin
        .batch_execute("create type mood_at_rest as enum ('sad')")
        .await
        .unwrap();
    let mut first = connected(&places, "resting-types").await;
    let pid = one_text(&mut first, PID).await;
    let mood = "select 'sad'::mood_at_rest";
    assert_eq!(one_text(&mut first, mood).await, "sad");
    drop(first);
    let add = "alter type mood_at_rest add value 'glad'";
    admin.batch_execute(add).await.unwrap();
    let mut second = connected(&places, "resting-types").await;
    assert_eq!(one_text(&mut second, PID).await, pid);
    let mood = "select 'glad'::mood_at_rest";
    assert_eq!(one_text(&mut second, mood).await, "glad");
}

#[tokio::test]
async fn a_session_that_was_cut_off_is_not_used_again() {
    let (places, admin) = (Places::new(1), admin_of_shared().await);
    let mut first = connected(&places, "resting-cut").await;
    let pid = one_text(&mut first, PID).await;
    drop(
        first
            .open("select 1 from generate_series(1, 10000000)", &[])
            .await
            .unwrap(),
    );
    drop(first);
    let mut second = connected(&places, "resting-cut").await;
    let second_pid = one_text(&mut second, PID).await;
    assert_ne!(second_pid, pid);
    drop(second);

    // And one that its server has ended meanwhile.
    let end = format!("select pg_terminate_backend({second_pid})");
    admin.batch_execute(&end).await.unwrap();
    let mut third = connected(&places, "resting-cut").await;
    assert_ne!(one_text(&mut third, PID).await, second_pid);
}

/// Passes on what comes, to each connection until `silence` was told after it began.
async fn proxy_to(port: u16, silence: watch::Sender<()>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut here, _) = listener.accept().await.unwrap();
            let mut silenced = silence.subscribe();
            tokio::spawn(async move {
                let mut there = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut here, &mut there) => {}
                    // Neither end hears that the other is out of reach.
                    _ = silenced.changed() => std::future::pending().await,
                }
            });
        }
    });
    own
}

#[tokio::test]
async fn one_whose_server_has_gone_silent_gives_way_to_a_new_one() {
    let silence = watch::Sender::new(());
    let dsn = cluster().dsn("postgres");
    let port = Dsn::parse(&dsn).unwrap().config.get_ports()[0];
    let proxy = proxy_to(port, silence.clone()).await;
    let dsn = dsn.replace(&port.to_string(), &proxy.to_string());
    let places = Places::new(1);
    let mut first = places
        .connect(&dsn, "resting-silent", TIMEOUT)
        .await
        .unwrap();
    let pid = one_text(&mut first, PID).await;
    drop(first);
    silence.send(()).unwrap();
    let mut second = places
        .connect(&dsn, "resting-silent", TIMEOUT)
        .await
        .unwrap();
    assert_ne!(one_text(&mut second, PID).await, pid);
}

#[tokio::test]
async fn another_dsn_is_another_session() {
    let (places, admin) = (Places::new(1), admin_of_shared().await);
    let mut first = connected(&places, "resting-dsn").await;
    one_text(&mut first, PID).await;
    drop(first);
    let dsn = cluster().dsn("template1");
    let mut second = places.connect(&dsn, "resting-dsn", TIMEOUT).await.unwrap();
    assert_eq!(
        one_text(&mut second, "select current_database()::text").await,
        "template1"
    );
    // Its server's process is a little later than its socket.
    let one_is_left = async { while sessions_named(&admin, "resting-dsn").await > 1 {} };
    tokio::time::timeout(Duration::from_secs(2), one_is_left)
        .await
        .expect("the first session made room");
}

#[tokio::test(flavor = "multi_thread")]
async fn those_that_work_and_those_that_rest_are_never_more_than_the_places() {
    let (places, admin) = (Arc::new(Places::new(3)), admin_of_shared().await);
    let jobs = (0..60).map(|number| {
        let places = Arc::clone(&places);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 3)).await;
            let mut session = connected(&places, "resting-many").await;
            one_text(&mut session, PID).await
        })
    });
    let jobs = futures::future::join_all(jobs.collect::<Vec<_>>());
    let mut most = 0;
    let watched = async {
        loop {
            most = most.max(sessions_named(&admin, "resting-many").await);
        }
    };
    tokio::select! {
        done = jobs => {
            let pids: HashSet<String> = done.into_iter().map(Result::unwrap).collect();
            assert!(pids.len() <= 3, "{pids:?}");
        }
        () = watched => {}
    }
    assert!((1..=3).contains(&most), "{most}");
}
