//! How statements and sessions end: read to the end, dropped, cut.

use std::sync::Arc;
use std::time::Duration;

use tds_server::Server;
use tokio::sync::Semaphore;

use super::{connect_to, dsn, int, server, session, with_numbers};
use crate::connection::{RowStream, Session};
use crate::model::pacing::Isolation;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

pub const NUMBERS: &str = "select n from dbo.numbers order by n";
/// More than all buffers between server and consumer hold.
pub const LONG: &str =
    "select a.n, replicate(N'x', 200) as filler from dbo.numbers as a cross join dbo.numbers as b";

/// Reads until something ends it.
pub async fn drain(stream: &mut RowStream, max_rows: usize) -> (usize, Option<SourceError>) {
    let mut rows = 0;
    loop {
        match stream.next(max_rows).await {
            Ok(Some(batch)) => rows += batch.num_rows(),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

/// A session that takes the only place.
async fn only(server: &Server, timeout: Duration) -> (Session, Arc<Semaphore>) {
    let places = Arc::new(Semaphore::new(1));
    let dsn = dsn(server, "TrustServerCertificate=true");
    let session = connect_to(&dsn, timeout, &places).await.unwrap();
    assert_eq!(places.available_permits(), 0);
    (session, places)
}

/// Until the place is free, for 5 s at most.
pub async fn assert_free(places: &Arc<Semaphore>) {
    tokio::time::timeout(Duration::from_secs(5), places.acquire())
        .await
        .expect("the place was not given back")
        .unwrap()
        .forget();
    places.add_permits(1);
}

/// So many statements in all, within 5 s.
pub async fn assert_cancelled(server: &Server, count: usize) {
    let cancelled = async {
        while server.cancels().len() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), cancelled)
        .await
        .expect("the server saw no attention");
    assert_eq!(server.cancels().len(), count);
}

#[tokio::test]
async fn a_session_has_its_isolation_level_and_its_name() {
    let server = server();
    for (isolation, level) in [
        (Isolation::ReadCommitted, 2),
        (Isolation::ReadUncommitted, 1),
    ] {
        let place = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
        let dsn = dsn(&server, "TrustServerCertificate=true");
        let dsn = super::Dsn::parse(&dsn).unwrap();
        let timeout = Duration::from_secs(60);
        let mut session = super::connect(dsn, timeout, isolation, "sluice/7", place)
            .await
            .unwrap();
        let sql = "select cast(transaction_isolation_level as int), program_name from sys.dm_exec_sessions where session_id = @@SPID";
        let answer = session.query(sql, &[]).await.unwrap();
        assert_eq!(answer, [[int(level), Value::Text("sluice/7".into())]]);
        assert_eq!(session.kind(), "sql_server");
        assert!(!session.server_version().is_empty());
    }
}

#[tokio::test]
async fn a_stream_delivers_every_row_once_whatever_is_asked() {
    let server = server();
    with_numbers(&server, 2500).await;
    let mut session = session(&server).await;
    for max_rows in [1, 7, 1000, 100_000] {
        let mut stream = session.open(NUMBERS, &[]).await.unwrap();
        assert_eq!(stream.columns()[0].name, "n");
        let mut next = 1;
        while let Some(batch) = stream.next(max_rows).await.unwrap() {
            assert!(batch.num_rows() > 0 && batch.num_rows() <= max_rows);
            for row in 0..batch.num_rows() {
                assert_eq!(batch.values(row, &[0]).unwrap(), [int(next)]);
                next += 1;
            }
        }
        assert_eq!(next, 2501);
        assert!(stream.next(1).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn a_session_is_free_again_after_the_last_row_only() {
    let server = server();
    with_numbers(&server, 10).await;
    let mut session = session(&server).await;
    let mut stream = session.open(NUMBERS, &[]).await.unwrap();
    assert_eq!(
        session.query(NUMBERS, &[]).await.unwrap_err().kind,
        ErrorKind::InvalidRequest
    );
    assert_eq!(drain(&mut stream, 3).await, (10, None));
    assert_eq!(session.query(NUMBERS, &[]).await.unwrap().len(), 10);
    let none = "select n from dbo.numbers where n > cast(@P1 as bigint)";
    let mut empty = session.open(none, &[int(10)]).await.unwrap();
    assert_eq!(empty.columns().len(), 1);
    assert!(empty.next(10).await.unwrap().is_none());
}

#[tokio::test]
async fn a_page_larger_than_its_bound_ends_the_session() {
    let server = server();
    with_numbers(&server, 1000).await;
    let (mut session, places) = only(&server, Duration::from_secs(60)).await;
    let error = session.fetch(NUMBERS, &[], 100).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    assert_free(&places).await;
    let error = session.fetch(NUMBERS, &[], 0).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn whatever_is_dropped_reaches_the_server_and_frees_its_place() {
    let server = server();
    with_numbers(&server, 2000).await;
    // A stream in the middle of its rows.
    let (mut dropped, places) = only(&server, Duration::from_secs(60)).await;
    let mut stream = dropped.open(LONG, &[]).await.unwrap();
    stream.next(10).await.unwrap().unwrap();
    drop(stream);
    assert_free(&places).await;
    assert_cancelled(&server, 1).await;
    let error = dropped.query("select 1", &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);

    // A stream that never was asked.
    let (mut unread, places) = only(&server, Duration::from_secs(60)).await;
    drop(unread.open(LONG, &[]).await.unwrap());
    assert_free(&places).await;
    assert_cancelled(&server, 2).await;

    // The session while its stream is open.
    let (mut lender, places) = only(&server, Duration::from_secs(60)).await;
    let mut orphan = lender.open(LONG, &[]).await.unwrap();
    orphan.next(10).await.unwrap().unwrap();
    drop(lender);
    assert_free(&places).await;
    assert_eq!(
        drain(&mut orphan, 10).await.1.unwrap().kind,
        ErrorKind::Unavailable
    );
    assert_cancelled(&server, 3).await;

    // An idle session has nothing to cancel.
    let (idle, places) = only(&server, Duration::from_secs(60)).await;
    drop(idle);
    assert_free(&places).await;
    assert_cancelled(&server, 3).await;
}
