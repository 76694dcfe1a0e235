//! The password in a DSN is in no guest's memory, no log, no error and no answer, whatever goes wrong.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::guest::described;
use crate::harness::{Host, Source};

/// In pieces, so that a guest that is told what to look for does not have it for that reason.
const PIECES: [&str; 4] = ["Kana", "rien", "vogel", "7c1fe9"];

#[tokio::test(flavor = "multi_thread")]
async fn the_password_of_a_source_is_found_nowhere() {
    let canary = PIECES.concat();
    let plugins = tempfile::tempdir().expect("a temporary folder");
    let evil = plugins.path().join("evil.wasm");
    std::fs::write(evil, described("evil", "1", "none")).expect("writable");
    let host = Host::start_with(&[
        ("SLUICE_PLUGINS_DIR", plugins.path().to_str().expect("text")),
        ("SLUICE_JOBS__MAX_ATTEMPTS", "1"),
        ("SLUICE_LOG", "debug"),
    ])
    .await;
    let role = format!("canary_{}", uuid::Uuid::now_v7().simple());
    host.sql(&format!("create role {role} login password '{canary}'; create role {role}_other login password 'another'"))
        .await;
    // The text of a session's last statement is seen by others.
    host.sql("create table t (id int primary key, s text); insert into t values (1, 'x')")
        .await;
    host.sql(&format!("grant select on t to {role}")).await;
    host.set_connections(&connections(&host.source, &role, &canary));

    let kb = host.kb().await;
    let mut said = Vec::new();
    let job = async |kind: &str, connection: &str, table: &str| {
        let dest = format!("t{}", uuid::Uuid::now_v7().simple());
        let mut request = host.read(kb, &dest, table, "id");
        request["source"]["kind"] = json!(kind);
        request["source"]["connection_ref"] = json!(connection);
        let reply = host.post(&host.connector_path("/jobs"), request).await;
        match reply.json["job_id"].as_str() {
            Some(id) => host.ended(id).await,
            None => reply.json,
        }
    };

    let look = format!("look:{}", PIECES.join(":"));
    let view = job("evil", "good", &look).await;
    assert_eq!(view["state"], "completed", "{view}");
    let summary = view["warnings"][0].as_str().expect("what it found");
    assert!(summary.ends_with(" bytes, 0 times, true"), "{summary}");
    let bytes: usize = summary
        .split(' ')
        .next()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(bytes > 1 << 20, "{summary}");
    assert!(
        host.process.log().contains("no_such_table"),
        "what it heard is in the log"
    );
    said.push(view);

    assert_eq!(job("postgres", "good", "t").await["state"], "completed");
    for (connection, code) in [
        ("refused", "28P01"),
        ("gone", "unavailable"),
        ("nowhere", "unavailable"),
    ] {
        for (kind, table) in [("postgres", "t"), ("evil", "good")] {
            let view = job(kind, connection, table).await;
            assert_eq!(view["error"]["code"], code, "{connection}: {view}");
            said.push(view);
        }
    }
    for connection in ["broken", "unknown-option", "no-kind"] {
        said.push(job("postgres", connection, "t").await);
    }
    // The statement fails.
    for table in ["none", "t\"; select 1; --", "pg_authid"] {
        let view = job("postgres", "good", table).await;
        assert_ne!(view["state"], "completed", "{table}: {view}");
        said.push(view);
    }
    said.extend(browsed(&host).await);

    for said in said {
        assert!(!said.to_string().contains(&canary), "{said}");
    }
    let log = host.process.log();
    assert!(!log.contains(&canary), "the password is in the log");
    let mut holders = Vec::new();
    files_with(host.data.path(), canary.as_bytes(), &mut holders);
    assert_eq!(holders, ["connections.json"]);
}

/// One that works, and one for each way not to.
fn connections(source: &Source, role: &str, canary: &str) -> Value {
    let dsn = url::Url::parse(source.dsn()).expect("a URL");
    let (port, database) = (source.port(), dsn.path());
    // A port that was free a moment ago: nobody listens there.
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let free = free.local_addr().expect("bound").port();
    let entry = |dsn: String| json!({"kind": "postgres", "dsn": dsn});
    json!({
        "good": entry(format!("postgres://{role}:{canary}@127.0.0.1:{port}{database}")),
        "refused": entry(format!("postgres://{role}_other:{canary}@127.0.0.1:{port}{database}")),
        "gone": entry(format!("postgres://{role}:{canary}@127.0.0.1:{free}{database}")),
        "nowhere": entry(format!("postgres://{role}:{canary}@host.invalid{database}")),
        "broken": entry(format!("postgres://{role}:{canary}@127.0.0.1:port/{database}")),
        "unknown-option": entry(format!("host=127.0.0.1 user={role} password={canary} passwort={canary}")),
        "no-kind": {"dsn": format!("password={canary}")},
    })
}

/// Every answer about every connection.
async fn browsed(host: &Host) -> Vec<Value> {
    let mut said = vec![
        host.get(&host.connector_path("/browse/connections"))
            .await
            .json,
        host.get(&host.connector_path("")).await.json,
        host.get(&host.connector_path("/jobs")).await.json,
        host.get(&format!("/orgs/{}/plugins", host.org)).await.json,
    ];
    for connection in [
        "good",
        "refused",
        "gone",
        "nowhere",
        "broken",
        "unknown-option",
        "no-kind",
    ] {
        for rest in ["tables?", "columns?table=t&", "columns?table=none&"] {
            let path = format!("/browse/{rest}connection_ref={connection}");
            said.push(host.get(&host.connector_path(&path)).await.json);
        }
    }
    said
}

/// Names of the files below a folder that have these bytes in them.
fn files_with(folder: &Path, bytes: &[u8], holders: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_with(&path, bytes, holders);
        } else if std::fs::read(&path)
            .is_ok_and(|content| content.windows(bytes.len()).any(|window| window == bytes))
        {
            holders.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
}
