//! Sessions on real files.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::Semaphore;

use super::{Dsn, connect};
use crate::connection::Session;
use crate::model::source::{DataType, ErrorKind, SourceError};
use crate::model::value::Value;

/// A folder with a file `db`, made by these statements.
fn file(sql: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connection = Connection::open(folder.path().join("db")).unwrap();
    connection.execute_batch(sql).unwrap();
    folder
}

async fn open(path: &Path, timeout: Duration) -> Result<Session, SourceError> {
    open_at(path, timeout, &Arc::new(Semaphore::new(1))).await
}

async fn open_at(
    path: &Path,
    timeout: Duration,
    places: &Arc<Semaphore>,
) -> Result<Session, SourceError> {
    let dsn = Dsn::parse(path.to_str().unwrap(), Path::new("/")).unwrap();
    let place = Arc::clone(places).acquire_owned().await.unwrap();
    connect(dsn, timeout, place).await
}

async fn session(folder: &TempDir) -> Session {
    let path = folder.path().join("db");
    open(&path, Duration::from_secs(60)).await.unwrap()
}

async fn no_session(path: &Path) -> SourceError {
    let error = open(path, Duration::from_secs(60)).await.err().unwrap();
    assert!(!error.message.contains("canary"), "{error}");
    assert!(!error.message.contains(path.to_str().unwrap()), "{error}");
    error
}

async fn refusal(session: &mut Session, sql: &str) -> SourceError {
    session.fetch(sql, &[], 0).await.unwrap_err()
}

/// Counts to any number.
const ENDLESS: &str =
    "with recursive n(x) as (select 1 union all select x + 1 from n) select x from n";

#[tokio::test]
async fn values_land_as_their_columns_are_declared() {
    let folder = file(
        "create table t (i integer, r real, b boolean, d date, at datetime, z timestamptz, n numeric(8, 2), s text, x blob, any);
         insert into t values (1, 2.5, 1, '2024-02-29', '2024-02-29T10:00:00.25', '2024-02-29 11:00:00+01:00', 12.34, 'ä', x'00ff', 7),
                              (null, 3, 0, null, null, null, '5', '', x'', 'seven')",
    );
    let batch = session(&folder)
        .await
        .fetch("select * from t", &[], 0)
        .await
        .unwrap();
    let types: Vec<_> = batch
        .columns
        .iter()
        .map(|column| column.data_type.clone())
        .collect();
    assert_eq!(
        types,
        [
            DataType::Int64,
            DataType::Float64,
            DataType::Boolean,
            DataType::Date,
            DataType::Timestamp,
            DataType::Timestamptz,
            DataType::Decimal(8, 2),
            DataType::Text,
            DataType::Bytes,
            DataType::Text,
        ]
    );
    let all: Vec<usize> = (0..10).collect();
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        batch.values(0, &all).unwrap(),
        [
            Value::Int(1),
            Value::Float(2.5),
            Value::Boolean(true),
            Value::Date("2024-02-29".into()),
            Value::Timestamp("2024-02-29 10:00:00.25".into()),
            Value::Timestamptz("2024-02-29 10:00:00+00".into()),
            Value::Decimal("12.34".into()),
            text("ä"),
            Value::Bytes(vec![0, 255]),
            text("7"),
        ]
    );
    assert_eq!(
        batch.values(1, &[0, 1, 6, 9]).unwrap(),
        [
            Value::Null,
            Value::Float(3.0),
            Value::Decimal("5.00".into()),
            text("seven")
        ]
    );
}

#[tokio::test]
async fn a_value_of_another_kind_is_an_error_that_names_the_column() {
    let folder = file(
        "create table t (i integer, b boolean, d date, n numeric(4, 1), f real, s text, x blob, at datetime);
         insert into t values ('canary', 2, 20240229, 12.345, 'canary', x'ff', 'canary', '2024-02-29 10:00:00.1234567')",
    );
    for column in ["i", "b", "d", "n", "f", "s", "x", "at"] {
        let mut session = session(&folder).await;
        let error = refusal(&mut session, &format!("select {column} from t")).await;
        assert_eq!(
            (error.kind, error.column.as_deref()),
            (ErrorKind::Conversion, Some(column)),
            "{error}"
        );
        assert!(error.message.contains("leave the column out"), "{error}");
        assert!(!error.message.contains("canary"), "{error}");
    }
    // The way out that the message names.
    let answer = session(&folder)
        .await
        .fetch("select cast(i as text) from t", &[], 0)
        .await;
    assert_eq!(
        answer.unwrap().values(0, &[0]).unwrap(),
        [Value::Text("canary".into())]
    );
}

#[tokio::test]
async fn only_statements_that_read_this_file_are_let_through() {
    let folder = file("create table t (id integer primary key); insert into t values (1)");
    let other = folder.path().join("other");
    let mut session = session(&folder).await;
    for sql in [
        "insert into t values (2) returning id",
        "delete from t",
        "create temp table x (id)",
        &format!("attach '{}' as o", other.display()),
        "pragma query_only = off",
        "pragma journal_mode = wal",
        "pragma database_list",
        "select file from pragma_database_list",
        "select load_extension('x')",
        "begin",
        "vacuum",
        "select 1; select 2",
        "",
        "select ?1",
        "select \0",
    ] {
        let error = refusal(&mut session, sql).await;
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{sql}: {error}");
    }
    assert!(!other.exists());
    for (sql, kind) in [
        ("select * from nowhere", ErrorKind::NotFound),
        ("select missing from t", ErrorKind::NotFound),
        ("selec", ErrorKind::InvalidRequest),
        ("select zeroblob(100000000)", ErrorKind::LimitExceeded),
    ] {
        assert_eq!(refusal(&mut session, sql).await.kind, kind, "{sql}");
    }
    // The session has survived all of that.
    let rows = session
        .query(
            "select name from pragma_table_xinfo('t');  -- and no more",
            &[],
        )
        .await;
    assert_eq!(rows.unwrap(), [[Value::Text("id".into())]]);
}

#[tokio::test]
async fn parameters_are_bound_as_they_are() {
    let folder = file("create table t (id integer primary key)");
    let mut session = session(&folder).await;
    let params = [
        Value::Int(5),
        Value::Float(0.5),
        Value::Text("x".into()),
        Value::Bytes(vec![1]),
        Value::Null,
        Value::Boolean(true),
        Value::Decimal("1.50".into()),
    ];
    let sql = "select typeof(?1), typeof(?2), typeof(?3), typeof(?4), typeof(?5), ?6, ?7";
    let rows = session.query(sql, &params).await.unwrap();
    let texts = ["integer", "real", "text", "blob", "null"].map(|kind| Value::Text(kind.into()));
    assert_eq!(rows[0][..5], texts);
    assert_eq!(rows[0][5..], [Value::Int(1), Value::Text("1.50".into())]);
}

#[tokio::test]
async fn a_statement_ends_at_its_timeout() {
    let folder = file("create table t (id integer primary key)");
    let path = folder.path().join("db");
    let mut session = open(&path, Duration::from_millis(300)).await.unwrap();
    let error = refusal(&mut session, &format!("select max(x) from ({ENDLESS})")).await;
    assert_eq!(error.kind, ErrorKind::Timeout, "{error}");
    assert!(
        session.query("select 1", &[]).await.is_ok(),
        "the session goes on"
    );
}

#[tokio::test]
async fn a_dropped_statement_ends_and_gives_its_place_back() {
    let folder = file("create table t (id integer primary key)");
    let places = Arc::new(Semaphore::new(1));
    let path = folder.path().join("db");
    for sql in [
        format!("select max(x) from ({ENDLESS})"),
        ENDLESS.to_owned(),
    ] {
        let mut session = open_at(&path, Duration::from_secs(600), &places)
            .await
            .unwrap();
        let opened =
            tokio::time::timeout(Duration::from_millis(200), session.open(&sql, &[])).await;
        if let Ok(Ok(mut stream)) = opened {
            let _ = tokio::time::timeout(Duration::from_millis(200), stream.next(10)).await;
        }
        drop(session);
        let start = Instant::now();
        drop(places.acquire().await.unwrap());
        assert!(start.elapsed() < Duration::from_secs(10), "{sql}");
    }
}

#[tokio::test]
async fn a_stream_has_every_row_and_one_snapshot() {
    let folder = file("create table t (id integer primary key);
        insert into t with recursive n(x) as (select 1 union all select x + 1 from n where x < 5000) select x from n");
    let writer = Connection::open(folder.path().join("db")).unwrap();
    let mut session = session(&folder).await;
    let mut stream = session
        .open("select id from t order by id", &[])
        .await
        .unwrap();
    let mut rows = 0;
    while let Some(batch) = stream.next(700).await.unwrap() {
        assert!(batch.num_rows() <= 700);
        rows += batch.num_rows();
    }
    assert_eq!(rows, 5_000);
    drop(stream);
    writer.execute("insert into t values (6000)", []).unwrap();
    assert_eq!(
        session.query("select count(*) from t", &[]).await.unwrap(),
        [[Value::Int(5_001)]]
    );
}

#[tokio::test]
async fn what_is_no_database_is_said_without_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let canary = folder.path().join("canary");
    assert_eq!(no_session(&canary).await.kind, ErrorKind::NotFound);
    assert!(!canary.exists(), "nothing is made");
    std::fs::write(&canary, "no database").unwrap();
    let error = no_session(&canary).await;
    assert!(error.message.contains("not an SQLite database"), "{error}");
    assert_eq!(
        no_session(folder.path()).await.kind,
        ErrorKind::InvalidRequest
    );
    std::fs::write(
        &canary,
        "SQLite format 3\0 and then nothing that makes sense",
    )
    .unwrap();
    assert_eq!(no_session(&canary).await.kind, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_file_that_is_written_ahead_is_read_beside_its_writer() {
    let folder = file("pragma journal_mode = wal; create table t (id integer primary key)");
    let writer = Connection::open(folder.path().join("db")).unwrap();
    writer
        .execute_batch("begin immediate; insert into t values (1)")
        .unwrap();
    let mut session = session(&folder).await;
    let count = "select count(*) from t";
    assert_eq!(session.query(count, &[]).await.unwrap(), [[Value::Int(0)]]);
    writer.execute_batch("commit").unwrap();
    assert_eq!(session.query(count, &[]).await.unwrap(), [[Value::Int(1)]]);
}
