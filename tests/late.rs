//! Rows that arrive with a value that a run has passed already: each lands once, and nothing with it.

use std::collections::HashMap;

use serde_json::json;

use crate::harness::{Host, Kind, Sync, on_each_kind};

/// Whether the table holds what the source holds, row for row.
async fn assert_whole(host: &Host, sync: &Sync<'_>, expression: &str) {
    let table = &sync.table;
    let source = format!("select cast({expression} as varchar(100)) from {table}");
    assert_eq!(
        sync.landed(&format!("cast({expression} as varchar)")).await,
        host.source.texts(&source).await
    );
}

async fn a_late_row_with_the_last_value_lands_once_whatever_its_key(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c timestamptz not null);
         create index on t (c, id);
         insert into t select g, '2026-01-01 10:00:00.123457+00:00' from generate_series(10, 20) g;
         insert into t values (5, '2026-01-01 09:00:00+00:00');",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 12);
    assert_eq!(sync.lands().await, 0);
    host.sql("insert into t values (3, '2026-01-01 10:00:00.123457+00:00')")
        .await;
    assert_eq!(sync.lands().await, 1, "a lower key");
    host.sql("insert into t values (33, '2026-01-01 10:00:00.123457+00:00')")
        .await;
    assert_eq!(sync.lands().await, 1, "a higher key");
    host.sql("insert into t values (4, '2026-01-01 10:00:00.123457+00:00'), (34, '2026-01-01 10:00:00.123457+00:00'), (1, '2026-01-01 11:00:00+00:00')")
        .await;
    assert_eq!(sync.lands().await, 3, "both, and one with a greater value");
    assert_eq!(sync.lands().await, 0);
    assert_whole(&host, &sync, "id").await;
}

async fn a_date_cursor_lands_what_arrives_all_day(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql("create table t (id int primary key, day date not null)")
        .await;
    let sync = Sync::with(&host, "t", "day", json!({"batch_rows": 3})).await;
    let mut next = 100;
    for day in [
        "2026-03-01",
        "2026-03-01",
        "2026-03-01",
        "2026-03-02",
        "2026-03-02",
    ] {
        // Keys fall and rise through the day.
        host.sql(&format!(
            "insert into t select g, '{day}' from generate_series({next}, {next} + 4) g;
             insert into t select -g, '{day}' from generate_series({next}, {next} + 4) g"
        ))
        .await;
        next += 5;
        assert_eq!(sync.lands().await, 10, "{day}");
        assert_eq!(sync.lands().await, 0, "{day}");
    }
    assert_whole(&host, &sync, "id").await;
}

async fn without_a_key_equal_rows_are_counted(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (c int, name text, price numeric(8,2));
         create index on t (c);
         insert into t values (1, 'a', 1), (2, 'b', 2), (2, 'b', 2), (2, null, null);",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 4);
    host.sql("insert into t values (2, 'b', 2), (2, null, null), (2, 'new', 2.50)")
        .await;
    assert_eq!(
        sync.lands().await,
        3,
        "two of them are equal to rows that landed"
    );
    assert_eq!(sync.lands().await, 0);
    host.sql("insert into t values (3, 'c', 3), (2, 'b', 2)")
        .await;
    assert_eq!(sync.lands().await, 2);
    assert_whole(&host, &sync, "coalesce(name, 'null')").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_are_equal_but_not_the_same_are_one_group() {
    let host = Host::start().await;
    host.sql(
        "create table t (id int primary key, c numeric);
         create index on t (c, id);
         insert into t values (1, 1.0), (2, 1.00), (3, 1.000);
         create table k (c numeric, name text);
         create index on k (c);
         insert into k values (1.0, 'a'), (1.00, 'b'), (1.0, 'a');",
    )
    .await;
    let (keyed, keyless) = (
        Sync::of(&host, "t", "c").await,
        Sync::of(&host, "k", "c").await,
    );
    assert_eq!((keyed.lands().await, keyless.lands().await), (3, 3));
    assert_eq!((keyed.lands().await, keyless.lands().await), (0, 0));
    host.sql("insert into t values (0, 1.0000); insert into k values (1.0, 'a'), (1.000, 'c')")
        .await;
    assert_eq!((keyed.lands().await, keyless.lands().await), (1, 2));
    assert_eq!((keyed.lands().await, keyless.lands().await), (0, 0));
    assert_whole(&host, &keyed, "id").await;
    assert_whole(&host, &keyless, "name").await;
}

async fn deleted_rows_hide_no_late_one(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int not null);
         create index on t (c, id);
         insert into t select g, 7 from generate_series(10, 19) g;",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 10);
    host.sql("delete from t where id in (10, 11)").await;
    assert_eq!(sync.lands().await, 0);
    host.sql("insert into t values (1, 7)").await;
    assert_eq!(sync.lands().await, 1);
    host.sql("delete from t where c = 7; insert into t values (2, 7), (3, 7)")
        .await;
    assert_eq!(sync.lands().await, 2);
    assert_eq!(sync.lands().await, 0);
}

/// Their number says nothing then, only which they are.
async fn one_that_comes_while_another_goes_lands(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int not null);
         create index on t (c, id);
         insert into t select g, 7 from generate_series(10, 19) g;",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 10);
    for (gone, come) in [(10, 30), (11, 5), (12, 13 + 100), (5, 12)] {
        host.sql(&format!(
            "delete from t where id = {gone}; insert into t values ({come}, 7)"
        ))
        .await;
        // The last one has landed before, and was not seen to go.
        let landed = u64::from(come != 12);
        assert_eq!(sync.lands().await, landed, "{come} for {gone}");
        assert_eq!(sync.lands().await, 0, "{come} for {gone}");
    }
}

/// Both at places that the run has passed, so that only the next read can see them.
async fn one_that_comes_while_another_goes_amid_a_run_lands(kind: Kind) {
    let mut host = Host::of_with(kind, &[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    for table in ["ended", "killed"] {
        host.sql(&format!(
            "create table {table} (id int primary key, c int not null);
             create index on {table} (c, id);
             insert into {table} select g, 1 from generate_series(1, 1000) g;"
        ))
        .await;
    }
    let begin = async |table: &str| {
        let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": 50}});
        let sync = Sync::with(&host, table, "c", more).await;
        let id = sync.start().await;
        host.wait_for(&id, |view| view["rows_emitted"].as_u64() >= Some(200))
            .await;
        host.sql(&format!(
            "delete from {table} where id = 7; insert into {table} values (0, 1)"
        ))
        .await;
        (sync, id)
    };
    let (sync, id) = begin("ended").await;
    assert_eq!(host.ended(&id).await["rows_emitted"], 1_000);
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.lands().await, 0);
    let (sync, id) = begin("killed").await;
    let (kb, path) = (sync.kb, sync.path("/run"));
    host.crash_and_restart(&[]);
    host.ended(&id).await;
    let reply = host.post(&path, json!({})).await;
    host.ended(reply.json["job_id"].as_str().expect("an id"))
        .await;
    let landed = "select count(*) as n, count(distinct id) as ids from killed";
    let landed = host.query(kb, landed).await;
    assert_eq!(landed, json!([{"n": 1_001, "ids": 1_001}]));
}

/// Neither the hash, nor the digits of a cursor value that are too many to land.
async fn columns_that_do_not_land_tell_late_rows(kind: Kind) {
    let host = Host::of(kind).await;
    let (stamp, digits) = match kind {
        Kind::Postgres => ("timestamp", ".123456"),
        Kind::SqlServer => ("datetime2(7)", ".1234567"),
    };
    host.sql(&format!(
        "create table t (id int primary key, at {stamp} not null, name varchar(9));
         insert into t values (1, '2026-01-05 10:00:00{digits}', 'a'), (2, '2026-01-05 10:00:00{digits}', 'b');"
    ))
    .await;
    let more = json!({"batch_rows": 1, "source": {"columns": ["name"]}});
    let sync = Sync::with(&host, "t", "at", more).await;
    assert_eq!(sync.lands().await, 2);
    assert_eq!(sync.lands().await, 0);
    host.sql(&format!(
        "delete from t where id = 1; insert into t values (0, '2026-01-05 10:00:00{digits}', 'c')"
    ))
    .await;
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.lands().await, 0);
    assert_eq!(sync.landed("name").await, ["a", "b", "c"]);
}

/// Texts of two collations have none together, which a hash of both would want.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_two_collations_tells_rows_apart() {
    let host = Host::start().await;
    host.sql(
        "create table t (a text collate \"C\", b text collate \"POSIX\", c int not null, primary key (a, b));
         create index on t (c, a, b);
         insert into t values ('x', 'y', 1), ('x', 'z', 1);",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 2);
    host.sql("delete from t where b = 'y'; insert into t values ('w', 'y', 1)")
        .await;
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.lands().await, 0);
}

async fn a_start_cursor_is_the_least_value_that_lands(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int not null);
         create index on t (c, id);
         insert into t select g, g / 10 from generate_series(0, 99) g;
         create table u (id int primary key);
         insert into u select g from generate_series(0, 99) g;",
    )
    .await;
    let start = |value: &str| json!({"start_cursor": {"kind": "int", "value": value}});
    let sync = Sync::with(&host, "t", "c", start("5")).await;
    assert_eq!(sync.lands().await, 50, "5, 6, 7, 8 and 9");
    assert_eq!(sync.lands().await, 0);
    host.sql("insert into t values (-1, 9), (-2, 5)").await;
    assert_eq!(
        sync.lands().await,
        1,
        "only the last value is open to late rows"
    );
    let unique = Sync::with(&host, "u", "id", start("90")).await;
    assert_eq!(unique.lands().await, 10);
    assert_eq!(unique.lands().await, 0);
}

async fn a_row_updated_in_place_is_not_repeated_with_a_late_one(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int not null, name text);
         create index on t (c, id);
         insert into t values (1, 1, 'old'), (2, 1, 'b');",
    )
    .await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 2);
    host.sql("update t set name = 'new' where id = 1; insert into t values (0, 1, 'late')")
        .await;
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.landed("name").await, ["b", "late", "old"]);
}

/// A group that is read again while the pace leaves nothing open, in pages smaller than it.
async fn a_paced_run_finds_late_rows_as_well(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int not null);
         create index on t (c, id);
         insert into t select g, 1 from generate_series(1, 400, 2) g;
         create table k (c int, name text);
         insert into k select 1, cast(g % 50 as varchar(9)) from generate_series(1, 200) g;",
    )
    .await;
    let more = json!({"batch_rows": 36, "pacing": {"batch_delay_ms": 1}});
    let keyed = Sync::with(&host, "t", "c", more.clone()).await;
    let keyless = Sync::with(&host, "k", "c", more).await;
    assert_eq!((keyed.lands().await, keyless.lands().await), (200, 200));
    host.sql(
        "insert into t select g, 1 from generate_series(0, 400, 2) g;
         insert into k select 1, cast(g % 50 as varchar(9)) from generate_series(1, 73) g;",
    )
    .await;
    assert_eq!((keyed.lands().await, keyless.lands().await), (201, 73));
    assert_eq!((keyed.lands().await, keyless.lands().await), (0, 0));
    assert_whole(&host, &keyed, "id").await;
    assert_whole(&host, &keyless, "name").await;
}

/// The same few statements, however large the table and its last group are.
#[tokio::test(flavor = "multi_thread")]
async fn idle_runs_land_nothing_and_cost_the_same() {
    let host = Host::start().await;
    host.sql(
        "create table small (id int primary key, c int not null); create index on small (c, id);
         insert into small values (1, 1);
         create table large (id int primary key, c int not null); create index on large (c, id);
         insert into large select g, g / 1000 from generate_series(1, 100000) g;",
    )
    .await;
    let transactions =
        "select xact_commit::text from pg_stat_database where datname = current_database()";
    let mut costs = HashMap::new();
    for table in ["small", "large"] {
        let sync = Sync::of(&host, table, "c").await;
        sync.lands().await;
        let count = async || {
            host.text("select pg_stat_force_next_flush()::text").await;
            host.text(transactions)
                .await
                .parse::<u64>()
                .expect("a count")
        };
        for run in 0..10 {
            let before = count().await;
            assert_eq!(sync.lands().await, 0);
            // A session counts at its end, and would rest for a while.
            host.source.end_job_sessions().await;
            host.until_no_sessions(std::time::Duration::from_secs(10))
                .await;
            let cost = count().await - before;
            if run > 0 {
                costs.entry(cost).or_insert_with(Vec::new).push(table);
            }
        }
    }
    let dearest = costs.keys().max().expect("runs were counted");
    assert!(*dearest <= 20, "{costs:?}");
    let usual = |table: &str| {
        let mut costs: Vec<_> = costs
            .iter()
            .flat_map(|(cost, tables)| tables.iter().map(move |of| (of, *cost)))
            .filter(|(of, _)| **of == table)
            .map(|(_, cost)| cost)
            .collect();
        costs.sort_unstable();
        costs[costs.len() / 2]
    };
    assert_eq!(usual("small"), usual("large"), "{costs:?}");
}

async fn half_of_ten_thousand_equal_rows_land_after_a_kill(kind: Kind) {
    let mut host = Host::of_with(kind, &[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    host.sql(
        "create table t (id int primary key, c int not null);
         create index on t (c, id);
         insert into t select g, 1 from generate_series(1, 10000) g;",
    )
    .await;
    let (kb, id, path) = {
        let more = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 5}});
        let sync = Sync::with(&host, "t", "c", more).await;
        let id = sync.start().await;
        host.wait_for(&id, |view| view["rows_emitted"].as_u64() >= Some(5_000))
            .await;
        (sync.kb, id, sync.path("/run"))
    };
    host.crash_and_restart(&[]);
    let view = host.ended(&id).await;
    assert_eq!(
        (&view["state"], &view["rows_emitted"]),
        (&json!("completed"), &json!(10_000))
    );
    assert_eq!(
        host.landed_sums(kb, "t", "id").await,
        host.source_sums("t", "id").await
    );
    host.sql("insert into t values (0, 1), (10001, 1)").await;
    let reply = host.post(&path, json!({})).await;
    let view = host
        .ended(reply.json["job_id"].as_str().expect("an id"))
        .await;
    assert_eq!(view["rows_emitted"], 2, "{view}");
}

async fn a_late_row_lands_though_another_left_its_value(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, day date not null);
         create index on t (day, id);
         insert into t values (1, '2026-01-05'), (3, '2026-01-05');",
    )
    .await;
    let sync = Sync::of(&host, "t", "day").await;
    assert_eq!(sync.lands().await, 2);
    host.sql(
        "update t set day = '2026-01-06' where id = 1; insert into t values (2, '2026-01-05')",
    )
    .await;
    assert_eq!(
        sync.lands().await,
        2,
        "the one that moved, and the late one"
    );
    assert_eq!(sync.lands().await, 0);
}

on_each_kind!(
    a_late_row_with_the_last_value_lands_once_whatever_its_key,
    a_date_cursor_lands_what_arrives_all_day,
    without_a_key_equal_rows_are_counted,
    deleted_rows_hide_no_late_one,
    one_that_comes_while_another_goes_lands,
    one_that_comes_while_another_goes_amid_a_run_lands,
    columns_that_do_not_land_tell_late_rows,
    a_start_cursor_is_the_least_value_that_lands,
    a_row_updated_in_place_is_not_repeated_with_a_late_one,
    a_paced_run_finds_late_rows_as_well,
    half_of_ten_thousand_equal_rows_land_after_a_kill,
    a_late_row_lands_though_another_left_its_value,
);
