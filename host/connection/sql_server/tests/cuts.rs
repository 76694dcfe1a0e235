//! Statements that are not answered in time, or not to their end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tds_server::{Fault, Server};
use tokio::sync::Semaphore;

use super::lifetime::{LONG, NUMBERS, assert_cancelled, assert_free, drain};
use super::proxy::{Flow, Proxy};
use super::{connect_to, dsn, int, server, session, with_numbers, with_timeout};
use crate::connection::Session;
use crate::model::source::ErrorKind;

/// A session behind a proxy, which takes the only place.
async fn behind(
    proxy: &Proxy,
    server: &Server,
    statement_timeout: Duration,
) -> (Session, Arc<Semaphore>) {
    let places = Arc::new(Semaphore::new(1));
    let dsn = dsn(server, "TrustServerCertificate=true");
    let dsn = dsn.replace(
        &format!(",{};", server.addr().port()),
        &format!(",{};", proxy.port),
    );
    let session = connect_to(&dsn, statement_timeout, &places).await;
    (session.unwrap_or_else(|error| panic!("{error}")), places)
}

#[tokio::test]
async fn a_statement_without_an_answer_is_cancelled_on_the_server() {
    let server = server();
    with_numbers(&server, 1500).await;
    let proxy = Proxy::to(server.addr()).await;
    let (mut session, places) = behind(&proxy, &server, Duration::from_millis(300)).await;
    proxy.set(Flow::Held);
    let began = Instant::now();
    let error = session.fetch(LONG, &[], 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(began.elapsed() < Duration::from_secs(3));
    proxy.set(Flow::Open);
    assert_free(&places).await;
    assert_cancelled(&server, 1).await;
    let error = session.query(NUMBERS, &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_stream_is_bounded_by_the_wait_for_its_next_row() {
    let server = server();
    with_numbers(&server, 1500).await;
    let proxy = Proxy::to(server.addr()).await;
    let (mut session, places) = behind(&proxy, &server, Duration::from_millis(500)).await;
    let mut stream = session.open(LONG, &[]).await.unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(800) {
        assert!(stream.next(10).await.unwrap().is_some());
    }
    proxy.set(Flow::Held);
    let (_, error) = drain(&mut stream, 1000).await;
    assert_eq!(error.unwrap().kind, ErrorKind::Timeout);
    proxy.set(Flow::Open);
    assert_free(&places).await;
    assert_cancelled(&server, 1).await;
}

#[tokio::test]
async fn a_server_that_vanishes_is_an_error_not_the_end_of_rows() {
    let server = server();
    with_numbers(&server, 1500).await;
    let proxy = Proxy::to(server.addr()).await;
    let (mut session, places) = behind(&proxy, &server, Duration::from_secs(60)).await;
    let mut stream = session.open(LONG, &[]).await.unwrap();
    stream.next(1000).await.unwrap().unwrap();
    proxy.set(Flow::Cut);
    let (rows, error) = drain(&mut stream, 1000).await;
    assert!(rows < 1500 * 1500 - 1000);
    assert_eq!(error.unwrap().kind, ErrorKind::Unavailable);
    assert_free(&places).await;
}

/// The next statement must not get the answer of the one before it.
#[tokio::test]
async fn a_cancel_that_comes_too_late_leaves_no_session_behind() {
    let server = server();
    with_numbers(&server, 10).await;
    let proxy = Proxy::to(server.addr()).await;
    let (mut late, places) = behind(&proxy, &server, Duration::from_secs(60)).await;
    proxy.set(Flow::Held);
    {
        let answered = server.texts().len() + 1;
        let query = late.query(NUMBERS, &[]);
        let seen = async {
            while server.texts().len() < answered {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = query => panic!("nothing is let through"),
            () = seen => {}
        }
    }
    proxy.set(Flow::Open);
    let error = late
        .query("select cast(42 as bigint)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert_free(&places).await;
    let mut fresh = session(&server).await;
    let answer = fresh.query("select cast(42 as bigint)", &[]).await;
    assert_eq!(answer.unwrap(), [[int(42)]]);
}

#[tokio::test]
async fn a_stream_may_run_longer_than_the_statement_timeout() {
    let server = server();
    let mut session = with_timeout(&server, Duration::from_millis(500)).await;
    let sql = "select value as n from generate_series(1, 100)";
    let slow = Fault::slow_rows(10, Duration::from_millis(100)).on("from generate_series");
    server.faults().push(slow.clone());
    let mut stream = session.open(sql, &[]).await.unwrap();
    assert_eq!(drain(&mut stream, 5).await, (100, None));
    server.faults().push(slow);
    let error = session.fetch(sql, &[], 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
}

#[tokio::test]
async fn an_error_in_the_middle_of_an_answer_ends_the_session() {
    let server = server();
    let sql = "select value as n from generate_series(1, 10000)";
    let conflict = || Fault::error_after(5000, 1205).on("from generate_series");
    let mut streaming = session(&server).await;
    server.faults().push(conflict());
    let mut stream = streaming.open(sql, &[]).await.unwrap();
    let (rows, error) = drain(&mut stream, 100).await;
    assert!(rows <= 5000);
    assert_eq!(error.clone().unwrap().code.as_deref(), Some("1205"));
    assert_eq!(stream.next(1).await.err(), error);
    let error = streaming.query(sql, &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);

    let mut paging = session(&server).await;
    server.faults().push(conflict());
    let error = paging.fetch(sql, &[], 0).await.unwrap_err();
    assert_eq!(error.code.as_deref(), Some("1205"));
    let error = paging.fetch(sql, &[], 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_packet_that_ends_in_its_middle_is_an_error() {
    let server = server();
    let sql = "select value as n from generate_series(1, 10000)";
    for fault in [Fault::truncate(5000), Fault::hangup(5000)] {
        let mut session = session(&server).await;
        server.faults().push(fault.on("from generate_series"));
        let error = session.fetch(sql, &[], 0).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    }
}
