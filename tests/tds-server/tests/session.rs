//! What a session sees of itself, how it logs in and how it is cancelled.
use futures::TryStreamExt;
use tds_server::{Options, Server, Tls};
use tiberius::{AuthMethod, EncryptionLevel};

use crate::client::{
    Connection, ask, config, connect, count_rows, error_of, ints, login, rows, run, start, texts,
};

const SET_UP: &str = "SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET NOCOUNT ON; SET ARITHABORT ON; \
     SET DATEFORMAT ymd; SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED";

#[tokio::test]
async fn settings_are_kept_by_the_session_and_read_back() {
    let (server, mut db) = start().await;
    run(&mut db, SET_UP).await;
    let who = "select cast(transaction_isolation_level as int), cast(serverproperty('ProductVersion') as nvarchar(128)), \
         @@VERSION, program_name, status, lock_timeout from sys.dm_exec_sessions where session_id = @@SPID";
    let row = &ask(&mut db, who, &[]).await[0];
    assert_eq!(row.get::<i32, _>(0), Some(1));
    assert_eq!(row.get::<&str, _>(1), Some("16.0.1000.6"));
    assert!(
        row.get::<&str, _>(2)
            .unwrap()
            .starts_with("Microsoft SQL Server 2022")
    );
    assert_eq!(
        (row.get::<&str, _>(3), row.get::<&str, _>(4)),
        (Some("tests"), Some("running"))
    );
    assert_eq!(row.get::<i32, _>(5), Some(5000));
    assert_eq!(server.settings().len(), 6);
    assert!(
        server
            .settings()
            .iter()
            .all(|setting| !setting.in_procedure)
    );
}

#[tokio::test]
async fn the_clock_stands_still_while_a_statement_runs() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create view v as select value, datediff_big(microsecond, '1970-01-01', sysutcdatetime()) as at from generate_series(1, 50000)",
    )
    .await;
    let moments = "select concat(min(at), ' ', max(at)) from v";
    let first = texts(&mut db, moments).await;
    let (least, most) = first[0].split_once(' ').expect("two");
    assert_eq!(least, most);
    assert_ne!(texts(&mut db, moments).await, first);
}

/// A session sleeps a moment after its client has the answer.
async fn becomes(db: &mut Connection, sql: &str, wanted: &str) {
    for _ in 0..1000 {
        if texts(db, sql).await == [wanted] {
            return;
        }
    }
    assert_eq!(texts(db, sql).await, [wanted]);
}

#[tokio::test]
async fn what_a_session_has_open_is_seen_by_others() {
    let (server, mut db) = start().await;
    let mut other = connect(&server).await;
    run(&mut db, "create table t (id int)").await;
    let open = "select concat(status, ' ', open_transaction_count, case when last_request_end_time < last_request_start_time then '' \
         else ' ended' end) from sys.dm_exec_sessions where session_id <> @@spid";
    becomes(&mut other, open, "sleeping 0 ended").await;
    run(&mut db, "begin tran; insert into t values (1)").await;
    becomes(&mut other, open, "sleeping 1 ended").await;
    run(&mut db, "rollback").await;
    becomes(&mut other, open, "sleeping 0 ended").await;
    let age = "select cast(datediff_big(millisecond, last_request_start_time, getdate()) as int) from sys.dm_exec_sessions \
         where status = 'running' and session_id <> @@spid";
    let waits = tokio::spawn(async move { run(&mut db, "waitfor delay '00:00:05'").await });
    while ints(&mut other, age)
        .await
        .first()
        .is_none_or(|age| *age < 50)
    {}
    waits.abort();
}

#[tokio::test]
async fn a_session_ends_another() {
    let (server, mut db) = start().await;
    let mut other = connect(&server).await;
    let find =
        "select cast(session_id as int) from sys.dm_exec_sessions where session_id <> @@spid";
    let id = ints(&mut db, find).await[0];
    let waits = tokio::spawn(async move {
        let waited = other
            .simple_query("waitfor delay '01:00:00'; select 1")
            .await;
        match waited {
            Ok(answer) => answer.into_results().await.is_err(),
            Err(_) => true,
        }
    });
    run(&mut db, &format!("kill {id}")).await;
    assert!(waits.await.expect("no panic"), "it was told");
    while !ints(&mut db, find).await.is_empty() {}
    assert_eq!(error_of(&mut db, &format!("kill {id}")).await.0, 6106);
    let own = ints(&mut db, "select cast(@@spid as int)").await[0];
    assert_eq!(error_of(&mut db, &format!("kill {own}")).await.0, 6104);
}

#[tokio::test]
async fn a_setting_in_a_procedure_ends_with_it() {
    let (server, mut db) = start().await;
    ask(
        &mut db,
        "set transaction isolation level read uncommitted",
        &[],
    )
    .await;
    let level = "select cast(transaction_isolation_level as int) from sys.dm_exec_sessions where session_id = @@spid";
    assert_eq!(ints(&mut db, level).await, [2]);
    assert!(server.settings()[0].in_procedure);
}

#[tokio::test]
async fn every_text_is_logged_with_its_session() {
    let (server, mut db) = start().await;
    let mut other = connect(&server).await;
    run(&mut db, "select 1").await;
    ask(&mut other, "select @P1", &["x"]).await;
    let texts = server.texts();
    assert_eq!(
        (texts[0].sql.as_str(), texts[0].procedure.as_deref()),
        ("select 1", None)
    );
    assert_eq!(
        (texts[1].sql.as_str(), texts[1].procedure.as_deref()),
        ("select @P1", Some("sp_executesql"))
    );
    assert_ne!(texts[0].session, texts[1].session);
    assert_eq!(server.logins()[0].program, "tests");
    drop((db, other));
}

#[tokio::test]
async fn what_a_statement_answers_is_described() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table t (id bigint not null primary key, name varchar(40) collate Latin1_General_100_CI_AS_SC_UTF8, \
         amount decimal(38,10), place geography, rv rowversion)").await;
    let describe = "select name, is_nullable, system_type_name, collation_name, user_type_name, error_number, error_message \
         from sys.dm_exec_describe_first_result_set(@P1, @P2, 0) order by column_ordinal";
    let sql = "select top (5) with ties [id], [name], [amount], place, rv, cast(id as varchar(20)) as t, count_big(*) over () as n, \
         convert(nvarchar(max), name) as m, sum(amount) over (partition by id) as s from [dbo].[t] where id > cast(@P1 as bigint) order by id";
    let found = ask(&mut db, describe, &[sql, "@P1 nvarchar(4000)"]).await;
    let types: Vec<_> = found.iter().map(|row| row.get::<&str, _>(2)).collect();
    let expected = [
        "bigint",
        "varchar(40)",
        "decimal(38,10)",
        "",
        "timestamp",
        "varchar(20)",
        "bigint",
        "nvarchar(max)",
        "decimal(38,10)",
    ];
    assert_eq!(
        types
            .iter()
            .map(|name| name.unwrap_or(""))
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(found[0].get::<bool, _>(1), Some(false));
    assert_eq!(
        found[1].get::<&str, _>(3),
        Some("Latin1_General_100_CI_AS_SC_UTF8")
    );
    assert_eq!(found[3].get::<&str, _>(4), Some("geography"));
    let wrong = ask(&mut db, describe, &["select nothing from dbo.t", ""]).await;
    assert_eq!(wrong[0].get::<i32, _>(5), Some(207));
    assert_eq!(
        wrong[0].get::<&str, _>(6),
        Some("Invalid column name 'nothing'.")
    );
}

#[tokio::test]
async fn tls_is_as_the_options_say() {
    for (tls, client, encrypted) in [
        (Tls::Off, EncryptionLevel::NotSupported, (false, false)),
        (Tls::Login, EncryptionLevel::Off, (true, false)),
        (Tls::Login, EncryptionLevel::Required, (true, true)),
        (Tls::Required, EncryptionLevel::Required, (true, true)),
        (Tls::Required, EncryptionLevel::Off, (true, true)),
    ] {
        let server = Server::start(Options {
            tls,
            ..Options::default()
        })
        .unwrap();
        let mut db = login(config(&server, client)).await.unwrap();
        assert_eq!(ints(&mut db, "select 1").await, [1]);
        let entry = &server.logins()[0];
        assert_eq!(
            (entry.encrypted_login, entry.encrypted),
            encrypted,
            "{tls:?}"
        );
    }
}

#[tokio::test]
async fn tls_that_cannot_be_had_ends_the_login() {
    for (tls, client) in [
        (Tls::Off, EncryptionLevel::Required),
        (Tls::Required, EncryptionLevel::NotSupported),
        (Tls::Required, EncryptionLevel::Strict),
    ] {
        let server = Server::start(Options {
            tls,
            ..Options::default()
        })
        .unwrap();
        assert!(
            login(config(&server, client)).await.is_err(),
            "{tls:?} {client:?}"
        );
        assert!(server.logins().is_empty());
    }
}

#[tokio::test]
async fn the_certificate_is_trusted_by_its_pem() {
    let server = Server::start(Options::default()).unwrap();
    let file = tempfile::Builder::new().suffix(".pem").tempfile().unwrap();
    std::fs::write(file.path(), server.ca_pem()).unwrap();
    let mut trusting = tiberius::Config::new();
    trusting.host("localhost");
    trusting.port(server.addr().port());
    trusting.authentication(AuthMethod::sql_server("sa", "Test!Passw0rd"));
    trusting.encryption(EncryptionLevel::Required);
    trusting.trust_cert_ca(file.path().to_str().unwrap());
    let mut db = login(trusting).await.unwrap();
    assert_eq!(texts(&mut db, "select db_name()").await, ["demo"]);
}

#[tokio::test]
async fn a_wrong_login_is_refused_with_its_number() {
    let server = Server::start(Options::default()).unwrap();
    let mut wrong = config(&server, EncryptionLevel::Off);
    wrong.authentication(AuthMethod::sql_server("sa", "wrong"));
    let mut elsewhere = config(&server, EncryptionLevel::Off);
    elsewhere.database("nowhere");
    for (config, number) in [(wrong, 18456), (elsewhere, 4060)] {
        let error = login(config).await.expect_err("refused");
        assert_eq!(error.code(), Some(number));
    }
}

#[tokio::test]
async fn a_cancel_in_mid_stream_ends_the_statement_and_not_the_session() {
    for client in [
        EncryptionLevel::NotSupported,
        EncryptionLevel::Off,
        EncryptionLevel::Required,
    ] {
        let server = Server::start(Options::default()).unwrap();
        let mut db = login(config(&server, client)).await.unwrap();
        {
            let sql = "select value, replicate('x', 100) as x from generate_series(1, 5000000)";
            let mut stream = db.simple_query(sql).await.unwrap().into_row_stream();
            for _ in 0..1000 {
                stream.try_next().await.unwrap().unwrap();
            }
        }
        db.cancel_query().await.unwrap();
        assert_eq!(server.cancels().len(), 1);
        assert_eq!(ints(&mut db, "select 42").await, [42]);
    }
}

#[tokio::test]
async fn errors_have_the_servers_numbers() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create table t (id int not null primary key, name varchar(3), at datetime)",
    )
    .await;
    run(&mut db, "insert into t values (1, 'abc', null)").await;
    for (sql, number) in [
        ("select * from nowhere", 208),
        ("select nothing from t", 207),
        ("select from where", 102),
        ("select 'open", 105),
        ("select cast('x' as int)", 245),
        ("select cast('x' as datetime)", 241),
        ("select cast('x' as uniqueidentifier)", 8169),
        ("select cast('x' as decimal(5,2))", 8114),
        ("select cast(300 as tinyint)", 8115),
        ("select 1 / 0", 8134),
        ("insert into t values (1, 'def', null)", 2627),
        ("insert into t values (null, 'def', null)", 515),
        ("insert into t values (2, 'long', null)", 8152),
        ("select @missing", 137),
        ("drop table nowhere", 3701),
        ("commit", 3902),
        ("exec nothing", 2812),
    ] {
        assert_eq!(error_of(&mut db, sql).await.0, number, "{sql}");
    }
    assert_eq!(
        error_of(&mut db, "select * from nowhere").await.1,
        "Invalid object name 'nowhere'."
    );
    assert_eq!(rows(&mut db, "select * from t").await.len(), 1);
}

#[tokio::test]
async fn memory_does_not_grow_with_the_result() {
    let (_server, mut db) = start().await;
    let sql = "select value, replicate(N'x', 1000) as x from generate_series(1, 60000)";
    let (count, end) = count_rows(&mut db, sql).await;
    end.unwrap();
    assert_eq!(count, 60_000);
    // The result is 120 MB.
    assert!(resident_kib() < 110_000, "{} KiB", resident_kib());
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
        .unwrap_or(0)
}
