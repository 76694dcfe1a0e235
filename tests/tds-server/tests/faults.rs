//! What goes wrong on demand.
use std::time::{Duration, Instant};

use tds_server::{Fault, Options, Server};
use tiberius::EncryptionLevel;

use crate::client::{config, connect, count_rows, error_of, ints, login, run, start};

const SERIES: &str = "select value as n from generate_series(1, 1000)";

#[tokio::test]
async fn the_connection_breaks_behind_so_many_rows() {
    let (server, mut db) = start().await;
    server
        .faults()
        .push(Fault::hangup(10).on("generate_series"));
    let (rows, end) = count_rows(&mut db, SERIES).await;
    assert_eq!(rows, 10);
    assert!(end.is_err());
    let mut db = connect(&server).await;
    server
        .faults()
        .push(Fault::truncate(10).on("generate_series"));
    let (rows, end) = count_rows(&mut db, SERIES).await;
    assert!(rows < 10);
    assert!(end.is_err());
    let mut db = connect(&server).await;
    assert_eq!(count_rows(&mut db, SERIES).await.0, 1000);
    assert_eq!(server.faults().waiting(), 0);
}

#[tokio::test]
async fn errors_come_when_they_are_asked_for() {
    let (server, mut db) = start().await;
    for number in [1205, 1222, 3960] {
        server
            .faults()
            .push(Fault::error(number).on("from generate_series"));
        assert_eq!(error_of(&mut db, SERIES).await.0, number as u32);
        assert_eq!(ints(&mut db, "select 1").await, [1]);
    }
    server.faults().push(Fault::error_after(3, 40501).sticky());
    for _ in 0..2 {
        let mut db = connect(&server).await;
        let (rows, end) = count_rows(&mut db, SERIES).await;
        assert_eq!((rows, end.unwrap_err().code()), (3, Some(40501)));
        assert!(
            db.simple_query("select 1").await.is_err(),
            "class 20 ends the session"
        );
    }
    server.faults().clear();
    assert_eq!(
        count_rows(&mut connect(&server).await, SERIES).await.0,
        1000
    );
}

#[tokio::test]
async fn a_statement_that_runs_long_can_be_cancelled() {
    let (server, mut db) = start().await;
    server
        .faults()
        .push(Fault::delay(Duration::from_secs(60)).on("generate_series"));
    let started = Instant::now();
    let waited =
        tokio::time::timeout(Duration::from_millis(100), count_rows(&mut db, SERIES)).await;
    assert!(waited.is_err());
    db.cancel_query().await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(ints(&mut db, "select 7").await, [7]);
    server
        .faults()
        .push(Fault::slow_rows(500, Duration::from_millis(20)).on("generate_series"));
    let started = Instant::now();
    assert_eq!(count_rows(&mut db, SERIES).await.0, 1000);
    assert!(started.elapsed() >= Duration::from_millis(40));
}

#[tokio::test]
async fn logins_are_refused_slowed_and_routed() {
    let (other, _) = start().await;
    let server = Server::start(Options::default()).unwrap();
    for number in [18456, 4060, 18452] {
        server.faults().push(Fault::refuse_login(number));
        let error = login(config(&server, EncryptionLevel::Off))
            .await
            .err()
            .unwrap();
        assert_eq!(error.code(), Some(number as u32));
    }
    server.faults().push(Fault::route_read_only(other.addr()));
    connect(&server).await;
    let mut read_only = config(&server, EncryptionLevel::Off);
    read_only.readonly(true);
    match login(read_only).await {
        Err(tiberius::error::Error::Routing { host, port }) => {
            assert_eq!((host.as_str(), port), ("127.0.0.1", other.addr().port()));
        }
        other => panic!("{:?}", other.err()),
    }
    let intents: Vec<_> = server
        .logins()
        .iter()
        .map(|login| login.read_only)
        .collect();
    assert_eq!(intents, [false, true]);
    server
        .faults()
        .push(Fault::slow_login(Duration::from_millis(50)));
    let started = Instant::now();
    connect(&server).await;
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_server_that_ends_takes_its_connections_along() {
    let (server, mut db) = start().await;
    run(&mut db, "select 1").await;
    drop(server);
    assert!(db.simple_query("select 1").await.is_err());
}
