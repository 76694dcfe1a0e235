//! What an operator reads when something is wrong, and that it shows no secret.

use std::time::Duration;

use super::{cluster, connect_to, refusal, session};
use crate::connection::Connections;
use crate::model::pacing::Isolation;
use crate::model::source::{ErrorKind, SourceError};
use crate::model::value::Value;

async fn connect_error(dsn: &str) -> SourceError {
    match connect_to(dsn, "errors", Duration::from_secs(5)).await {
        Err(error) => error,
        Ok(_) => panic!("connected"),
    }
}

#[tokio::test]
async fn a_failed_connect_says_what_to_do() {
    let port = cluster().port();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let cases = [
        (
            format!("postgres://sluice:canary@127.0.0.1:{port}/postgres"),
            ErrorKind::PermissionDenied,
            Some("28P01"),
        ),
        (
            format!("postgres://canary:canary@127.0.0.1:{port}/postgres"),
            ErrorKind::PermissionDenied,
            Some("28P01"),
        ),
        (
            format!("host=127.0.0.1 port={port} user=sluice dbname=canary"),
            ErrorKind::PermissionDenied,
            None,
        ),
        (cluster().dsn("canary"), ErrorKind::NotFound, Some("3D000")),
        (
            cluster().dsn("postgres") + "?sslmode=require&application_name=canary",
            ErrorKind::Unavailable,
            None,
        ),
        (
            format!("postgres://canary:canary@127.0.0.1:{closed}/canary"),
            ErrorKind::Unavailable,
            None,
        ),
        (
            "postgres://canary:canary@canary.invalid/canary".to_owned(),
            ErrorKind::Unavailable,
            None,
        ),
        (
            "host=/nonexistent/canary user=canary password=canary".to_owned(),
            ErrorKind::Unavailable,
            None,
        ),
    ];
    for (dsn, kind, code) in cases {
        let error = connect_error(&dsn).await;
        assert_eq!((error.kind, error.code.as_deref()), (kind, code), "{error}");
        let shown = format!("{error:?}");
        assert!(
            !shown.contains("canary") && !shown.contains("127.0.0.1"),
            "{shown}"
        );
    }
    let error = connect_error(&(cluster().dsn("postgres") + "?sslmode=require")).await;
    assert!(error.message.contains("does no TLS"), "{error}");
}

#[tokio::test]
async fn a_failed_statement_has_kind_code_and_column() {
    let mut session = session("errors-statements").await;
    let cases = [
        ("select * from nowhere", ErrorKind::NotFound, "42P01", None),
        (
            "select \"a.b\" from pg_class",
            ErrorKind::NotFound,
            "42703",
            Some("a.b"),
        ),
        (
            "select c.nope from pg_class c",
            ErrorKind::NotFound,
            "42703",
            Some("nope"),
        ),
        ("select frm x", ErrorKind::NotFound, "42703", Some("frm")),
        (
            "select 1 from from",
            ErrorKind::InvalidRequest,
            "42601",
            None,
        ),
        ("select 1 / 0", ErrorKind::InvalidRequest, "22012", None),
        ("select 'x'::int", ErrorKind::InvalidRequest, "22P02", None),
    ];
    for (sql, kind, code, column) in cases {
        let error = refusal(&mut session, sql).await;
        let said = (error.kind, error.code.as_deref(), error.column.as_deref());
        assert_eq!(said, (kind, Some(code), column), "{sql}: {error}");
    }
    let error = session.query("select $1::int", &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
    let error = session
        .query("select $1::int", &[Value::Text("x\0y".into())])
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
    let answer = session
        .query("select $1::int", &[super::int(7)])
        .await
        .unwrap();
    assert_eq!(answer, [[super::int(7)]]);
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_a_timeout() {
    let dsn = cluster().dsn("postgres");
    let mut session = connect_to(&dsn, "errors-timeout", Duration::from_millis(50))
        .await
        .unwrap();
    let error = refusal(&mut session, "select pg_sleep(20)::text").await;
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Timeout, Some("57014")),
        "{error}"
    );
    assert!(session.query("select 1", &[]).await.is_ok());
}

#[tokio::test]
async fn an_answer_beyond_its_limit_is_an_error_and_never_cut() {
    let error = session("errors-rows")
        .await
        .query("select generate_series(1, 10001)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    assert_eq!(
        session("errors-whole")
            .await
            .query("select generate_series(1, 10000)", &[])
            .await
            .unwrap()
            .len(),
        10_000
    );
    let error = session("errors-bytes")
        .await
        .query("select repeat('x', 5000000)", &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::LimitExceeded);
    // Few bytes on the wire, many as text.
    let sql = "select 1e100000::numeric from generate_series(1, 100)";
    let mut session = session("errors-text").await;
    assert_eq!(
        session.fetch(sql, &[], 1_000_000).await.unwrap_err().kind,
        ErrorKind::LimitExceeded
    );
    let error = session.query("select 1", &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn the_registry_connects_and_bounds_its_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.json");
    let dsn = cluster().dsn("postgres");
    let entries = serde_json::json!({
        "erp": {"kind": "postgres", "dsn": dsn, "max_sessions": 1},
        "bad": {"kind": "postgres", "dsn": "canary"},
    });
    std::fs::write(&file, entries.to_string()).unwrap();
    let connections = Connections::open(&file);
    let first = connections
        .connect("erp", "errors-registry", Isolation::ReadCommitted)
        .await
        .unwrap();
    assert_eq!(first.kind(), "postgres");
    assert!(
        first
            .server_version()
            .starts_with(|letter: char| letter.is_ascii_digit())
    );
    let waiting = connections.connect("erp", "errors-registry", Isolation::ReadCommitted);
    tokio::pin!(waiting);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), &mut waiting)
            .await
            .is_err()
    );
    drop(first);
    let mut second = tokio::time::timeout(Duration::from_secs(5), waiting)
        .await
        .unwrap()
        .unwrap();
    let count = "select count(*) from pg_stat_activity where application_name = 'errors-registry'";
    assert_eq!(second.query(count, &[]).await.unwrap(), [[super::int(1)]]);
    let refused = [
        ("bad", ErrorKind::InvalidRequest),
        ("none", ErrorKind::NotFound),
    ];
    for (name, kind) in refused {
        let error = connections
            .connect(name, "x", Isolation::ReadCommitted)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind, kind);
        assert!(!error.message.contains("canary"));
    }
}
