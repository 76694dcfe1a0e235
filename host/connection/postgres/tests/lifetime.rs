//! How statements and sessions end: read to the end, dropped, cut.

use std::time::Duration;

use super::{
    admin, admin_of_shared, assert_gone, cluster, connect_to, int, session, sessions_named,
};
use crate::cluster::Cluster;
use crate::connection::RowStream;
use crate::model::source::{ErrorKind, SourceError};

/// More than all buffers between server and consumer hold.
const LONG: &str = "select n, repeat('x', 100) as filler from generate_series(1, 5000000) as n";

/// Reads until something ends it.
async fn drain(stream: &mut RowStream, max_rows: usize) -> (usize, Option<SourceError>) {
    let mut rows = 0;
    loop {
        match stream.next(max_rows).await {
            Ok(Some(batch)) => rows += batch.num_rows(),
            Ok(None) => return (rows, None),
            Err(error) => return (rows, Some(error)),
        }
    }
}

#[tokio::test]
async fn a_stream_delivers_every_row_once_whatever_is_asked() {
    let mut session = session("stream-sizes").await;
    for max_rows in [1, 7, 1000, 100_000] {
        let sql = "select n from generate_series(1::int8, 2500) as n";
        let mut stream = session.open(sql, &[]).await.unwrap();
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
async fn a_smaller_call_gets_the_rest_of_a_larger_batch() {
    let mut session = session("stream-shrink").await;
    let mut stream = session
        .open("select n from generate_series(1::int8, 3000) as n", &[])
        .await
        .unwrap();
    let mut rows = stream.next(1000).await.unwrap().unwrap().num_rows();
    for max_rows in [3, 500, 2, 10_000] {
        let batch = stream.next(max_rows).await.unwrap().unwrap();
        assert!(batch.num_rows() <= max_rows);
        assert_eq!(batch.values(0, &[0]).unwrap(), [int(rows as i64 + 1)]);
        rows += batch.num_rows();
    }
    let (more, error) = drain(&mut stream, 700).await;
    assert_eq!((rows + more, error), (3000, None));
}

#[tokio::test]
async fn a_session_is_free_again_after_the_last_row_only() {
    let mut session = session("stream-free").await;
    let mut stream = session
        .open("select generate_series(1, 10)", &[])
        .await
        .unwrap();
    assert_eq!(
        session.query("select 1", &[]).await.unwrap_err().kind,
        ErrorKind::InvalidRequest
    );
    assert_eq!(
        session.open("select 1", &[]).await.err().unwrap().kind,
        ErrorKind::InvalidRequest
    );
    assert_eq!(drain(&mut stream, 3).await, (10, None));
    assert_eq!(session.query("select 1", &[]).await.unwrap(), [[int(1)]]);
}

#[tokio::test]
async fn an_empty_result_has_columns_and_no_batch() {
    let mut session = session("stream-empty").await;
    let mut stream = session
        .open("select 1 as a where false", &[])
        .await
        .unwrap();
    assert_eq!(stream.columns().len(), 1);
    assert!(stream.next(10).await.unwrap().is_none());
}

#[tokio::test]
async fn a_stream_may_run_longer_than_the_statement_timeout() {
    let dsn = cluster().dsn("postgres");
    let mut session = connect_to(&dsn, "stream-slow", Duration::from_millis(100))
        .await
        .unwrap();
    let sql = "select n, pg_sleep(0.02)::text from generate_series(1, 20) as n";
    let mut stream = session.open(sql, &[]).await.unwrap();
    assert_eq!(drain(&mut stream, 5).await, (20, None));
    assert_eq!(
        session
            .query("select pg_sleep(20)::text", &[])
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Timeout
    );
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let mut session = session("stream-error").await;
    let sql = "select 100 / (5000 - n) from generate_series(1, 10000) as n";
    let mut stream = session.open(sql, &[]).await.unwrap();
    let (rows, error) = drain(&mut stream, 100).await;
    assert!(rows < 5000);
    assert_eq!(error.clone().unwrap().code.as_deref(), Some("22012"));
    assert_eq!(stream.next(1).await.err(), error);
    assert_eq!(
        session.query("select 1", &[]).await.unwrap_err().kind,
        ErrorKind::Unavailable
    );
}

#[tokio::test]
async fn a_session_ended_by_the_server_is_an_error_not_the_end_of_rows() {
    let admin = admin_of_shared().await;
    let mut session = session("cut-terminated").await;
    let mut stream = session.open(LONG, &[]).await.unwrap();
    stream.next(1000).await.unwrap().unwrap();
    let sql = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cut-terminated'";
    admin.query(sql, &[]).await.unwrap();
    let (rows, error) = drain(&mut stream, 1000).await;
    assert!(rows < 4_999_000);
    assert_eq!(error.unwrap().kind, ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_server_that_vanishes_is_an_error_not_the_end_of_rows() {
    let mut cluster = Cluster::start().unwrap();
    let dsn = cluster.dsn("postgres");
    let mut session = connect_to(&dsn, "cut-vanished", Duration::from_secs(60))
        .await
        .unwrap();
    let mut stream = session.open(LONG, &[]).await.unwrap();
    stream.next(1000).await.unwrap().unwrap();
    cluster.stop_immediate().unwrap();
    let (rows, error) = drain(&mut stream, 1000).await;
    assert!(rows < 4_999_000);
    assert_eq!(error.unwrap().kind, ErrorKind::Unavailable);
    cluster.restart().unwrap();
    let again = connect_to(&dsn, "cut-vanished", Duration::from_secs(60)).await;
    assert!(again.unwrap().query("select 1", &[]).await.is_ok());
}

#[tokio::test]
async fn whatever_is_dropped_leaves_no_session_on_the_server() {
    let admin = admin_of_shared().await;
    // A stream in the middle of its rows.
    let mut dropped = session("drop-stream").await;
    let mut stream = dropped.open(LONG, &[]).await.unwrap();
    stream.next(10).await.unwrap().unwrap();
    drop(stream);
    assert_gone(&admin, "drop-stream").await;
    assert_eq!(
        dropped.query("select 1", &[]).await.unwrap_err().kind,
        ErrorKind::Unavailable
    );

    // A stream that never was asked.
    let mut unread = session("drop-unread").await;
    drop(unread.open(LONG, &[]).await.unwrap());
    assert_gone(&admin, "drop-unread").await;

    // A stream that has not begun: the server sends nothing before its first rows.
    let mut waiting = session("drop-open").await;
    let open = waiting.open("select pg_sleep(100)::text", &[]);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), open)
            .await
            .is_err()
    );
    assert_gone(&admin, "drop-open").await;

    // A fetch that is abandoned.
    let mut fetching = session("drop-fetch").await;
    let fetch = fetching.fetch("select pg_sleep(100)::text", &[], 0);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), fetch)
            .await
            .is_err()
    );
    assert_gone(&admin, "drop-fetch").await;
    assert_eq!(
        fetching.query("select 1", &[]).await.unwrap_err().kind,
        ErrorKind::Unavailable
    );

    // The session while its stream is open.
    let mut lender = session("drop-session").await;
    let mut orphan = lender.open(LONG, &[]).await.unwrap();
    orphan.next(10).await.unwrap().unwrap();
    drop(lender);
    assert_gone(&admin, "drop-session").await;
    assert_eq!(
        drain(&mut orphan, 10).await.1.unwrap().kind,
        ErrorKind::Unavailable
    );

    // An idle session.
    let idle = session("drop-idle").await;
    assert_eq!(sessions_named(&admin, "drop-idle").await, 1);
    drop(idle);
    assert_gone(&admin, "drop-idle").await;
}

#[tokio::test]
async fn a_locked_table_is_a_timeout_that_leaves_the_session_usable() {
    let locker = admin(&cluster().dsn("postgres")).await;
    locker
        .batch_execute("create table held (a int)")
        .await
        .unwrap();
    locker
        .batch_execute("begin; lock table held")
        .await
        .unwrap();
    let dsn = cluster().dsn("postgres");
    let mut session = connect_to(&dsn, "locked", Duration::from_millis(100))
        .await
        .unwrap();
    let error = session
        .fetch("select * from held", &[], 0)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(session.query("select 1", &[]).await.is_ok());
}
