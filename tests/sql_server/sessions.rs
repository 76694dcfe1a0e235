//! What a session of ours does to the server: it gives way, says who it is, and reads as it was told.

use std::time::{Duration, Instant};

use serde_json::json;
use tds_server::{Fault, Options, Server};

use crate::harness::{Host, Kind, Source, Sync};

const SOURCE: &str =
    "create table t (id int primary key); insert into t select g from generate_series(1, 100) g";

#[tokio::test(flavor = "multi_thread")]
async fn it_gives_way_to_others_and_reads_as_the_pacing_says() {
    let host = Host::of(Kind::SqlServer).await;
    let Some(server) = host.source.stand_in() else {
        return;
    };
    host.sql(SOURCE).await;
    let kb = host.kb().await;
    for (dest, pacing, isolation) in [
        ("a", json!({}), "READ COMMITTED"),
        (
            "b",
            json!({"read_uncommitted": true, "max_dop": 2}),
            "READ UNCOMMITTED",
        ),
    ] {
        let (settings, texts) = (server.settings().len(), server.texts().len());
        let more = json!({"pacing": pacing});
        let job = host.job(host.request(kb, dest, ("t", "id"), more)).await;
        assert_eq!(job["state"], "completed", "{job}");
        let settings = server.settings().split_off(settings);
        for wanted in ["LOCK_TIMEOUT", "DEADLOCK_PRIORITY LOW", isolation] {
            let set = settings
                .iter()
                .find(|setting| setting.sql.to_uppercase().contains(wanted));
            let set = set.unwrap_or_else(|| panic!("{wanted} is not set: {settings:?}"));
            assert!(!set.in_procedure, "it ends with the procedure: {set:?}");
        }
        let program = format!("sluice/{}", job["id"].as_str().expect("an id"));
        let logins = server.logins();
        assert!(
            logins.iter().any(|login| login.program == program),
            "{logins:?}"
        );
        let texts = server.texts().split_off(texts);
        let rows = texts.iter().filter(|text| text.sql.contains("order by"));
        let rows: Vec<_> = rows.collect();
        assert!(!rows.is_empty());
        let bounded = rows
            .iter()
            .any(|text| text.sql.contains("option (maxdop 2)"));
        assert_eq!(bounded, pacing["max_dop"] == 2, "{rows:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_told_which_rows_to_see_while_it_goes_on() {
    const READ_COMMITTED: &str = "2";
    const READ_UNCOMMITTED: &str = "1";
    let host = Host::of_with(Kind::SqlServer, &[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(SOURCE).await;
    // It waits between batches until its pacing changes.
    let slowly = json!({"batch_delay_ms": 3_600_000});
    let more = json!({"batch_rows": 10, "pacing": slowly});
    let sync = Sync::with(&host, "t", "id", more).await;
    let job = sync.start().await;
    level_becomes(&host, &job, READ_COMMITTED).await;
    for (read_uncommitted, level) in [(true, READ_UNCOMMITTED), (false, READ_COMMITTED)] {
        let rows = host.job_view(&job).await["rows_emitted"].as_u64();
        let mut pacing = slowly.clone();
        pacing["read_uncommitted"] = json!(read_uncommitted);
        host.patch(&sync.path(""), json!({"pacing": pacing})).await;
        level_becomes(&host, &job, level).await;
        host.wait_for(&job, |view| view["rows_emitted"].as_u64() > rows)
            .await;
    }
    let let_go = json!({"pacing": {"read_uncommitted": true}});
    host.patch(&sync.path(""), let_go).await;
    let job = host.ended(&job).await;
    assert_eq!(
        (&job["state"], &job["attempt"], &job["rows_emitted"]),
        (&json!("completed"), &json!(1), &json!(100)),
        "{job}"
    );
    let landed = host.landed_sums(sync.kb, "t", "id").await;
    assert_eq!(landed, host.source_sums("t", "id").await);
}

/// Waits until the one session of a job has that isolation level, as the server counts them.
async fn level_becomes(host: &Host, job: &str, level: &str) {
    let sql = format!(
        "select cast(transaction_isolation_level as varchar(5)) from sys.dm_exec_sessions where program_name = 'sluice/{job}'"
    );
    let start = Instant::now();
    loop {
        let levels = host.source.texts(&sql).await;
        if levels == [level] {
            return;
        }
        let patient = start.elapsed() < Duration::from_secs(60);
        assert!(patient, "{levels:?}, not {level}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_sends_readers_elsewhere_is_followed() {
    let host = Host::of(Kind::SqlServer).await;
    let Some(server) = host.source.stand_in() else {
        return;
    };
    let replica = Source::create(Kind::SqlServer).await;
    replica.sql(SOURCE).await;
    let port = replica.port();
    let address = ([127, 0, 0, 1], port).into();
    server
        .faults()
        .push(Fault::route_read_only(address).sticky());
    let dsn = format!("{};ApplicationIntent=ReadOnly", host.source.dsn());
    host.set_connections(&json!({"src": {"kind": "sql_server", "dsn": dsn}}));
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "t", "id")).await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(100)),
        "{job}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_encryption_that_the_server_offers_is_used() {
    use tds_server::Tls;
    let host = Host::of(Kind::SqlServer).await;
    if host.source.stand_in().is_none() {
        return;
    }
    let kb = host.kb().await;
    for (n, (tls, encrypt, encrypted)) in [
        (Tls::Login, "", true),
        (Tls::Required, "", true),
        (Tls::Login, "Encrypt=false", false),
        (Tls::Off, "Encrypt=DANGER_PLAINTEXT", false),
    ]
    .into_iter()
    .enumerate()
    {
        let server = Server::start(Options {
            tls,
            ..Options::default()
        })
        .expect("a free port");
        let dsn = format!("{};{encrypt}", server.dsn());
        host.set_connections(&json!({"src": {"kind": "sql_server", "dsn": dsn}}));
        let job = host
            .job(host.read(kb, &format!("t{n}"), "none", "id"))
            .await;
        assert_eq!(job["error"]["code"], "208", "{tls:?} {encrypt}: {job}");
        let logins = server.logins();
        let login = logins.last().expect("somebody logged in");
        assert_eq!(login.encrypted, encrypted, "{tls:?} {encrypt}");
    }
}
