//! A paced job keeps its pace, as its source sees it, and holds nothing open there while it waits.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind};

/// A view whose every row says when it was read, and a table like it.
const SETUP: &str = "create table t (id int primary key, c int); insert into t select g, g from generate_series(1, 700) g;
    create table ties (c int); insert into ties select g / 50 from generate_series(0, 149) g";

/// On SQL Server it is when the statement began that read it: a paced job sends one for each page.
fn view(kind: Kind) -> &'static str {
    match kind {
        Kind::Postgres => {
            "create view v as select id, (extract(epoch from clock_timestamp()) * 1000)::bigint as read_ms from t"
        }
        Kind::SqlServer => {
            "create view v as select id, datediff_big(millisecond, '1970-01-01', sysutcdatetime()) as read_ms from t"
        }
    }
}

/// When each landed row was read, in milliseconds, in order.
async fn read_at(host: &Host, kb: i64, table: &str) -> Vec<i64> {
    let rows = host
        .query(kb, &format!("select read_ms from {table} order by read_ms"))
        .await;
    let rows = rows.as_array().expect("rows").iter();
    rows.map(|row| row["read_ms"].as_i64().expect("a number"))
        .collect()
}

async fn host(kind: Kind) -> (Host, i64) {
    let host = Host::of(kind).await;
    host.sql(SETUP).await;
    host.sql(view(kind)).await;
    let kb = host.kb().await;
    (host, kb)
}

fn paced(
    host: &Host,
    (table, cursor): (&str, &str),
    kb: i64,
    batch_rows: u32,
    pacing: Value,
) -> Value {
    let mut request = host.read(kb, table, table, cursor);
    request["batch_rows"] = batch_rows.into();
    request["pacing"] = pacing;
    request
}

async fn a_cap_holds_in_every_second(kind: Kind) {
    const CAP: usize = 200;
    let (host, kb) = host(kind).await;
    let job = host
        .job(paced(
            &host,
            ("v", "id"),
            kb,
            50,
            json!({"max_rows_per_sec": CAP}),
        ))
        .await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(700)),
        "{job}"
    );
    let read_at = read_at(&host, kb, "v").await;
    for (first, beyond) in read_at.iter().zip(&read_at[CAP..]) {
        // What a statement takes comes on top of when it is sent, and is not always the same.
        assert!(
            beyond - first > 800,
            "{} rows within {} ms",
            CAP + 1,
            beyond - first
        );
    }
    let took = read_at[699] - read_at[0];
    assert!((2_500..6_000).contains(&took), "700 rows took {took} ms");
    let throttled = job["throttled_ms"].as_i64().expect("a number");
    assert!((2_000..6_000).contains(&throttled), "{job}");
    let waited = &job["waited"];
    assert_eq!(waited["max_rows_per_sec_ms"], throttled, "{job}");
    assert_eq!(
        (&waited["batch_delay_ms"], &waited["source_ms"]),
        (&json!(0), &json!(0)),
        "{job}"
    );
}

async fn a_cap_below_a_batch_makes_batches_smaller(kind: Kind) {
    let (host, kb) = host(kind).await;
    let start = Instant::now();
    let job = host
        .job(paced(
            &host,
            ("t", "c"),
            kb,
            5000,
            json!({"max_rows_per_sec": 300}),
        ))
        .await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(700)),
        "{job}"
    );
    assert!(
        start.elapsed() >= Duration::from_secs(2),
        "700 rows in {:?}",
        start.elapsed()
    );
    assert_eq!(job["batches"], 3, "{job}");
}

async fn a_delay_is_between_all_batches(kind: Kind) {
    let (host, kb) = host(kind).await;
    let job = host
        .job(paced(
            &host,
            ("v", "id"),
            kb,
            100,
            json!({"batch_delay_ms": 150}),
        ))
        .await;
    assert_eq!(
        (&job["state"], &job["rows_emitted"]),
        (&json!("completed"), &json!(700)),
        "{job}"
    );
    let read_at = read_at(&host, kb, "v").await;
    let gaps = read_at
        .windows(2)
        .filter(|pair| pair[1] - pair[0] >= 140)
        .count();
    assert!(gaps >= 6, "{gaps} gaps between 7 batches");
    assert!(job["throttled_ms"].as_i64() >= Some(6 * 140), "{job}");
    assert_eq!(
        job["waited"]["batch_delay_ms"], job["throttled_ms"],
        "{job}"
    );
}

async fn there_are_never_more_sessions_than_the_connection_allows(kind: Kind) {
    let (host, kb) = host(kind).await;
    host.set_connections(
        &json!({"src": {"kind": kind.name(), "dsn": host.source.dsn(), "max_sessions": 2}}),
    );
    let mut jobs = Vec::new();
    for n in 0..4 {
        let mut request = paced(&host, ("t", "c"), kb, 200, json!({"batch_delay_ms": 100}));
        request["dest_table"] = json!(format!("t{n}"));
        jobs.push(host.dispatch(request).await);
    }
    let mut most = 0;
    for job in jobs {
        while host.job_view(&job).await["finished_at"].is_null() {
            let sessions = host
                .source
                .job_sessions()
                .await
                .parse::<u32>()
                .expect("a count");
            assert!(sessions <= 2, "{sessions} sessions");
            most = most.max(sessions);
        }
        assert_eq!(host.job_view(&job).await["state"], "completed");
    }
    assert_eq!(most, 2, "what is allowed is used");
}

async fn nothing_is_open_on_the_source_while_a_job_waits(kind: Kind) {
    for (table, cursor, batch_rows) in [("t", "c", 200), ("v", "id", 200), ("ties", "c", 60)] {
        let (host, kb) = host(kind).await;
        let request = paced(
            &host,
            (table, cursor),
            kb,
            batch_rows,
            json!({"batch_delay_ms": 1000}),
        );
        let job = host.dispatch(request).await;
        let mut sessions = 0;
        while host.job_view(&job).await["finished_at"].is_null() {
            let open = host.source.open_of(&job).await;
            sessions = sessions.max(open.sessions);
            let is_new = |age: Duration| age.as_millis() < 700;
            assert!(open.oldest.is_none_or(is_new), "{table}: {open:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(sessions, 1, "one session a job, under its name");
        assert_eq!(host.job_view(&job).await["state"], "completed");
    }
}

on_each_kind!(
    a_cap_holds_in_every_second,
    a_delay_is_between_all_batches,
    nothing_is_open_on_the_source_while_a_job_waits,
    a_cap_below_a_batch_makes_batches_smaller,
    there_are_never_more_sessions_than_the_connection_allows,
);
