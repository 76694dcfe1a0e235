//! What cannot be, and the sentence that says so, with the server's number and without a secret.

use serde_json::{Value, json};
use tds_server::{Options, Server, Tls};

use crate::harness::{Host, Kind};

const CANARY: &str = "canary7f3secret";

fn dsn(server: &Server, more: &str) -> String {
    let port = server.addr().port();
    format!("Server=tcp:127.0.0.1,{port};User ID=sa;{more}")
}

/// A mistake, its connection, the code and words of what the job says.
type Case = (&'static str, String, &'static str, &'static [&'static str]);

#[tokio::test(flavor = "multi_thread")]
async fn every_connection_that_cannot_be_made_says_why() {
    let host = Host::of_with(
        Kind::SqlServer,
        &[("SLUICE_JOBS__MAX_ATTEMPTS", "1"), ("SLUICE_LOG", "debug")],
    )
    .await;
    if host.source.stand_in().is_none() {
        return;
    }
    let start = |tls| {
        let password = CANARY.to_owned();
        let options = Options {
            tls,
            password,
            ..Options::default()
        };
        Server::start(options).expect("a free port")
    };
    let (plain, login, strict) = (start(Tls::Off), start(Tls::Login), start(Tls::Required));
    let right = format!("Password={CANARY};TrustServerCertificate=true");
    let gone = {
        let server = start(Tls::Login);
        dsn(&server, &right)
    };
    let cases: Vec<Case> = vec![
        (
            "wrong password",
            dsn(
                &login,
                &format!("Password=x{CANARY};TrustServerCertificate=true"),
            ),
            "18456",
            &["password"],
        ),
        (
            "wrong database",
            dsn(&login, &format!("{right};Database=nowhere")),
            "4060",
            &["database"],
        ),
        (
            "certificate",
            dsn(&login, &format!("Password={CANARY}")),
            "unavailable",
            &["certificate", "TrustServerCertificate"],
        ),
        ("no TLS there", dsn(&plain, &right), "unavailable", &["TLS"]),
        (
            "TLS wanted there",
            dsn(&strict, &format!("{right};Encrypt=DANGER_PLAINTEXT")),
            "unavailable",
            &["TLS"],
        ),
        (
            "no instance",
            format!("Server=127.0.0.1\\NOWHERE;User ID=sa;{right}"),
            "not_found",
            &["instance"],
        ),
        ("nobody listens", gone, "unavailable", &["listens"]),
    ];
    let kb = host.kb().await;
    let mut said = Vec::new();
    for (what, dsn, code, words) in &cases {
        host.set_connections(&json!({"src": {"kind": "sql_server", "dsn": dsn}}));
        let job = host.job(host.read(kb, "t", "t", "id")).await;
        assert_eq!(job["error"]["code"], *code, "{what}: {job}");
        let detail = job["error"]["detail"].as_str().expect("a sentence");
        for word in *words {
            assert!(detail.contains(word), "{what}: {detail}");
        }
        said.push(job.to_string());
    }
    said.push(host.process.log());
    for text in said {
        assert!(!text.contains(CANARY), "a secret is in {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_login_may_not_read_is_said_with_the_number() {
    let host = Host::of_with(Kind::SqlServer, &[("SLUICE_JOBS__MAX_ATTEMPTS", "1")]).await;
    let Some(server) = host.source.stand_in() else {
        return;
    };
    host.sql("create table locked (id int primary key); create table t (id int primary key)")
        .await;
    server.deny("dbo.locked");
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "locked", "id")).await;
    told(&job, "229", &["locked", "grant select"]);
    server.deny("sys.indexes");
    let job = host.job(host.read(kb, "t", "t", "id")).await;
    told(&job, "229", &["indexes"]);
}

fn told(job: &Value, code: &str, words: &[&str]) {
    assert_eq!(
        (&job["error"]["code"], &job["error"]["failure"]),
        (&json!(code), &json!("config")),
        "{job}"
    );
    let detail = job["error"]["detail"].as_str().expect("a sentence");
    for word in words {
        assert!(detail.contains(word), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_columns_that_do_not_exist_are_said_with_similar_ones() {
    let host = Host::of_with(Kind::SqlServer, &[("SLUICE_JOBS__MAX_ATTEMPTS", "1")]).await;
    host.sql("create table Orders (Id int primary key, Note xml); create schema Sales")
        .await;
    let kb = host.kb().await;
    for (source, code, words) in [
        (json!({"table": "Order"}), "208", ["Order", "Orders"]),
        (json!({"schema": "Sale"}), "208", ["Sale", "dbo"]),
        (json!({"cursor_column": "Idd"}), "not_found", ["Idd", "Id"]),
        (
            json!({"cursor_column": "Note"}),
            "invalid_request",
            ["Note", "xml"],
        ),
    ] {
        let more = json!({"source": source});
        let job = host
            .job(host.request(kb, "t", ("Orders", "Id"), more))
            .await;
        told(&job, code, &words);
    }
}
