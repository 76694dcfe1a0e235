//! Why there is no session or no answer, in words without secrets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tds_server::Fault;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::{connect_to, dsn, int, no_session, refusal, server, session};
use crate::model::failure::Failure;
use crate::model::source::{ErrorKind, SourceError};

#[tokio::test]
async fn a_login_that_is_refused_says_what_to_mend() {
    let server = server();
    let port = server.addr().port();
    let trusting = "TrustServerCertificate=true";
    let wrong = [
        (
            format!("server=127.0.0.1,{port};uid=sa;pwd=canary;{trusting}"),
            ErrorKind::PermissionDenied,
            "18456",
        ),
        (
            format!("server=127.0.0.1,{port};uid=canary;pwd=x;{trusting}"),
            ErrorKind::PermissionDenied,
            "18456",
        ),
        (
            dsn(&server, &format!("Initial Catalog=canary;{trusting}")),
            ErrorKind::NotFound,
            "4060",
        ),
    ];
    for (dsn, kind, code) in wrong {
        let error = no_session(&dsn).await;
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (kind, Some(code)),
            "{error}"
        );
        for secret in ["canary", "127.0.0.1", "sa'"] {
            assert!(!error.message.contains(secret), "{error}");
        }
    }
}

#[tokio::test]
async fn a_host_that_is_no_server_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = no_session(&format!("server=127.0.0.1,{port};uid=u")).await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("nothing listens"), "{error}");

    let error = no_session("server=127.0.0.1\\CANARY;uid=u").await;
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert!(error.message.contains("instance not found"), "{error}");
    assert!(!error.message.contains("CANARY"), "{error}");

    let error = no_session("server=canary.invalid;uid=u").await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(!error.message.contains("canary"), "{error}");

    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = web.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (mut socket, _) = web.accept().await.unwrap();
        let _asked = socket.read(&mut [0; 64]).await;
        let _answered = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    let error = no_session(&format!("server=127.0.0.1,{port};uid=u")).await;
    assert_eq!(error.kind, ErrorKind::Unavailable, "{error}");
    serving.await.unwrap();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let began = Instant::now();
    let error = no_session(&format!("server=127.0.0.1,{port};uid=u;connect timeout=1")).await;
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(began.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_session_goes_on_after_a_statement_that_the_server_refused() {
    let server = server();
    let mut session = session(&server).await;
    for sql in [
        "select * from dbo.missing",
        "select n from dbo.missing where n > cast(@P1 as bigint)",
    ] {
        let error = refusal(&mut session, sql).await;
        assert_eq!(
            (error.kind, error.code.as_deref()),
            (ErrorKind::NotFound, Some("208"))
        );
        let error = session.query(sql, &[]).await.unwrap_err();
        assert_eq!(error.code.as_deref(), Some("208"));
        let error = session.open(sql, &[]).await.err().unwrap();
        assert_eq!(error.code.as_deref(), Some("208"));
    }
    let answer = session.query("select cast(1 as bigint)", &[]).await;
    assert_eq!(answer.unwrap(), [[int(1)]]);
}

#[tokio::test]
async fn a_listener_is_followed_once_to_where_it_sends_us() {
    let (listener, secondary) = (server(), server());
    let reading = dsn(
        &listener,
        "TrustServerCertificate=true;ApplicationIntent=ReadOnly",
    );
    listener
        .faults()
        .push(Fault::route_read_only(secondary.addr()).sticky());
    let places = Arc::new(Semaphore::new(1));
    let routed = connect_to(&reading, Duration::from_secs(60), &places).await;
    let mut routed = routed.unwrap_or_else(|error| panic!("{error}"));
    let answer = routed.query("select cast(1 as bigint)", &[]).await;
    assert_eq!(answer.unwrap(), [[int(1)]]);
    assert!(secondary.logins()[0].read_only);
    drop(routed);

    secondary
        .faults()
        .push(Fault::route_read_only(listener.addr()).sticky());
    let error = no_session(&reading).await;
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("twice"), "{error}");
}

#[tokio::test]
async fn what_the_server_refuses_for_now_is_tried_again() {
    let server = server();
    let mut session = session(&server).await;
    let sql = "select cast(value as bigint) as n from generate_series(1, 10)";
    for (number, kind) in [
        (1205, ErrorKind::Conflict),
        (1222, ErrorKind::Timeout),
        (3960, ErrorKind::Conflict),
    ] {
        let fault = Fault::error(number).on("from generate_series");
        server.faults().push(fault);
        let error = session.query(sql, &[]).await.unwrap_err();
        assert_eq!((error.kind, error.code), (kind, Some(number.to_string())));
        assert!(Failure::from(SourceError::new(kind, "")).is_retried());
        // The server has said all, so the session goes on.
        assert_eq!(session.query(sql, &[]).await.unwrap().len(), 10);
    }
    // From class 20 on the server ends the session.
    server
        .faults()
        .push(Fault::error(40_501).on("from generate_series"));
    let error = session.query(sql, &[]).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code.as_deref()),
        (ErrorKind::Unavailable, Some("40501"))
    );
    let error = session.query(sql, &[]).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
}
