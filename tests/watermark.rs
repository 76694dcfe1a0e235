//! Rows that are committed after a run has passed their value: held back or waited for, never lost.
//! Two sessions, as in the wild: the writer's is the one that stays open.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Host, Kind, Source, Sync, on_each_kind};

/// Another session on the same database.
async fn session(host: &Host) -> Source {
    Source::connect(host.source.dsn().to_owned()).await
}

fn warning(view: &Value) -> String {
    view["warnings"].to_string()
}

const BY_ID: &str =
    "create table t (id bigserial primary key, name text); insert into t (name) values ('first')";
const BY_STAMP: &str =
    "create table t (id bigserial primary key, c timestamptz not null default now());
     create index on t (c, id); insert into t default values";

#[tokio::test(flavor = "multi_thread")]
async fn an_id_taken_first_and_committed_later_is_delivered() {
    let host = Host::start().await;
    host.sql(BY_ID).await;
    let sync = Sync::of(&host, "t", "id").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    writer
        .sql("begin; insert into t (name) values ('slow')")
        .await;
    host.sql("insert into t (name) values ('quick')").await;
    let view = sync.run().await;
    assert_eq!(
        (&view["state"], &view["rows_emitted"]),
        (&json!("completed"), &json!(0)),
        "{view}"
    );
    let said = warning(&view);
    assert!(
        said.contains("1 row is held back") && said.contains("open for"),
        "{said}"
    );
    assert!(
        view["waited"]["source_ms"].as_u64() >= Some(4_000),
        "{view}"
    );
    assert_eq!(view["throttled_ms"], 0, "{view}");
    writer.sql("commit").await;
    assert_eq!(sync.lands().await, 2);
    assert_eq!(sync.landed("name").await, ["first", "quick", "slow"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_transaction_is_waited_for() {
    let host = Host::start().await;
    host.sql(BY_ID).await;
    let sync = Sync::of(&host, "t", "id").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    writer
        .sql("begin; insert into t (name) values ('slow')")
        .await;
    host.sql("insert into t (name) values ('quick')").await;
    let run = sync.start().await;
    // Long enough for the run to wait for it, whatever it does first.
    host.wait_for(&run, |view| view["state"] == "running").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    writer.sql("commit").await;
    let view = host.ended(&run).await;
    assert_eq!(view["rows_emitted"], 2, "{view}");
    assert_eq!(view["warnings"], json!([]), "nothing is held back");
    assert_eq!(sync.lands().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rollback_leaves_is_no_reason_to_wait() {
    let host = Host::start().await;
    host.sql(BY_ID).await;
    let sync = Sync::of(&host, "t", "id").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    writer
        .sql("begin; insert into t (name) values ('never'); rollback")
        .await;
    host.sql("insert into t (name) values ('quick')").await;
    let view = sync.run().await;
    assert_eq!(
        (&view["rows_emitted"], &view["warnings"]),
        (&json!(1), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_of_other_tables_hold_no_id_back() {
    let host = Host::start().await;
    host.sql(BY_ID).await;
    host.sql("create table other (id int)").await;
    let sync = Sync::of(&host, "t", "id").await;
    let (writer, reader) = (session(&host).await, session(&host).await);
    writer.sql("begin; insert into other values (1)").await;
    reader.sql("begin; select * from t").await;
    let view = sync.run().await;
    assert_eq!(
        (&view["rows_emitted"], &view["warnings"]),
        (&json!(1), &json!([]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_of_one_partition_holds_back_the_whole_table() {
    let host = Host::start().await;
    host.sql(
        "create table t (id bigserial primary key, name text) partition by range (id);
         create table t_1 partition of t for values from (1) to (1000);
         insert into t (name) values ('first');",
    )
    .await;
    let (whole, part) = (
        Sync::of(&host, "t", "id").await,
        Sync::of(&host, "t_1", "id").await,
    );
    assert_eq!((whole.lands().await, part.lands().await), (1, 1));
    let writer = session(&host).await;
    writer
        .sql("begin; insert into t_1 (id, name) values (nextval('t_id_seq'), 'slow')")
        .await;
    host.sql("insert into t (name) values ('quick')").await;
    assert_eq!((whole.lands().await, part.lands().await), (0, 0));
    writer.sql("commit").await;
    assert_eq!((whole.lands().await, part.lands().await), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_taken_at_the_beginning_and_committed_later_is_delivered() {
    let host = Host::start().await;
    host.sql(BY_STAMP).await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    // It has written elsewhere, and touches the table only after the run.
    host.sql("create table other (id int)").await;
    writer.sql("begin; insert into other values (1)").await;
    host.sql("insert into t default values").await;
    let view = sync.run().await;
    assert_eq!(view["rows_emitted"], 0, "{view}");
    assert!(warning(&view).contains("1 row is held back"), "{view}");
    writer.sql("insert into t default values; commit").await;
    assert_eq!(sync.lands().await, 2);
    assert_eq!(sync.lands().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_of_a_transaction_that_has_only_read_so_far_is_delivered() {
    let host = Host::start().await;
    host.sql(BY_STAMP).await;
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    writer.sql("begin; select now()").await;
    host.sql("insert into t default values").await;
    assert_eq!(sync.lands().await, 0);
    writer.sql("insert into t default values; commit").await;
    assert_eq!(sync.lands().await, 2);
}

/// What is older than the oldest transaction is final and not kept waiting.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_younger_than_the_oldest_transaction_is_held_back() {
    for (column, default) in [
        ("timestamptz", "now()"),
        ("timestamp", "now()::timestamp"),
        ("date", "now()::date"),
    ] {
        let host = Host::start().await;
        host.sql(&format!(
            "create table t (id bigserial primary key, c {column} not null default {default});
             create index on t (c, id);
             insert into t (c) select {default} - g * interval '1 day' from generate_series(2, 11) g;
             create table other (id int);"
        ))
        .await;
        let sync = Sync::of(&host, "t", "c").await;
        let writer = session(&host).await;
        writer.sql("begin; insert into other values (1)").await;
        host.sql("insert into t default values").await;
        let view = sync.run().await;
        assert_eq!(view["rows_emitted"], 10, "{column}: {view}");
        assert!(
            warning(&view).contains("1 row is held back"),
            "{column}: {view}"
        );
        writer.sql("insert into t default values; commit").await;
        assert_eq!(sync.lands().await, 2, "{column}");
        assert_eq!(sync.lands().await, 0, "{column}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_longer_than_several_runs_loses_nothing() {
    let host = Host::start().await;
    host.sql(BY_ID).await;
    let sync = Sync::of(&host, "t", "id").await;
    let writer = session(&host).await;
    writer
        .sql("begin; insert into t (name) values ('slow')")
        .await;
    for _ in 0..3 {
        host.sql("insert into t (name) values ('quick')").await;
        let view = sync.run().await;
        assert_eq!(view["rows_emitted"], 0, "{view}");
        assert!(warning(&view).contains("held back"), "{view}");
    }
    writer.sql("commit").await;
    assert_eq!(sync.lands().await, 5);
    assert_eq!(
        host.landed_sums(sync.kb, "t", "id").await,
        host.source_sums("t", "id").await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_moves_while_the_run_pages_lands_in_its_last_version() {
    let host = Host::start().await;
    host.sql(
        "create table t (id int primary key, c bigint not null, name text);
         create index on t (c, id);
         create sequence s start 100000;
         insert into t select g, g, 'old' from generate_series(1, 2000) g;",
    )
    .await;
    let more = json!({"batch_rows": 50, "pacing": {"batch_delay_ms": 20}});
    let sync = Sync::with(&host, "t", "c", more).await;
    let run = sync.start().await;
    host.wait_for(&run, |view| view["state"] == "running").await;
    // Ahead of the run, behind it, and where it is.
    host.sql("update t set c = nextval('s'), name = 'new' where id % 100 = 7")
        .await;
    assert_eq!(host.ended(&run).await["state"], "completed");
    sync.lands().await;
    let newest = "select id, name from (select id, name, row_number() over (partition by id order by c desc) as n from t) as v where n = 1 and name = 'new'";
    let rows = host.query(sync.kb, newest).await;
    assert_eq!(rows.as_array().map(Vec::len), Some(20));
    let versions = host
        .query(
            sync.kb,
            "select count(*) as n, count(distinct c) as d, count(distinct id) as i from t",
        )
        .await;
    assert_eq!(versions[0]["n"], versions[0]["d"], "a version landed twice");
    assert_eq!(versions[0]["i"], 2_000);
}

/// A login that may not see other sessions still loses nothing, and says what would help.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_rights_on_statistics_holds_back_as_well() {
    let host = Host::start().await;
    host.sql(BY_STAMP).await;
    let role = format!("plain_{}", uuid::Uuid::now_v7().simple());
    host.sql(&format!(
        "create role {role} login password 'plain'; grant select on t to {role}"
    ))
    .await;
    let mut url = url::Url::parse(host.source.dsn()).expect("a URL");
    url.set_username(&role).expect("has a host");
    url.set_password(Some("plain")).expect("has a host");
    host.set_connections(&json!({"src": {"kind": "postgres", "dsn": url.as_str()}}));
    let sync = Sync::of(&host, "t", "c").await;
    assert_eq!(sync.lands().await, 1);
    let writer = session(&host).await;
    writer.sql("begin; select now()").await;
    host.sql("insert into t default values").await;
    let view = sync.run().await;
    assert_eq!(view["rows_emitted"], 0, "{view}");
    assert!(warning(&view).contains("pg_read_all_stats"), "{view}");
    writer.sql("insert into t default values; commit").await;
    assert_eq!(sync.lands().await, 2);
}

async fn rows_without_a_value_are_counted_by_resumed_runs_only(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c int); create index on t (c, id);
         insert into t select g, nullif(g % 5, 0) from generate_series(1, 50) g;",
    )
    .await;
    let sync = Sync::with(&host, "t", "c", json!({"batch_rows": 4})).await;
    let first = sync.run().await;
    assert_eq!(
        (&first["rows_emitted"], &first["warnings"]),
        (&json!(50), &json!([]))
    );
    host.sql("insert into t values (51, null), (52, 9)").await;
    let second = sync.run().await;
    assert_eq!(second["rows_emitted"], 1, "{second}");
    assert!(
        warning(&second).contains("11 rows have no value"),
        "{second}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_no_index_serves_is_said_before_the_first_row() {
    let host = Host::start().await;
    host.sql(
        "create table t (id int primary key, c int not null);
         insert into t select g, g from generate_series(1, 3000) g;
         create view slow as select id, c, pg_sleep(0.01)::text as s from t;",
    )
    .await;
    let more = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 100}});
    let sync = Sync::with(&host, "t", "c", more).await;
    let run = sync.start().await;
    let view = host
        .wait_for(&run, |view| view["warnings"] != json!([]))
        .await;
    let said = warning(&view);
    assert!(
        said.contains("no index") && said.contains("create index on"),
        "{said}"
    );
    assert_eq!(view["state"], "running", "{view}");
    let view = host.ended(&run).await;
    assert_eq!(view["rows_emitted"], 3_000, "{view}");
    // The table was not sorted for each of the thirty pages.
    host.text("select pg_stat_force_next_flush()::text").await;
    let scans = host
        .text("select seq_scan::text from pg_stat_user_tables where relname = 't'")
        .await;
    assert!(scans.parse::<u32>().expect("a count") < 12, "{scans} scans");
}

on_each_kind!(rows_without_a_value_are_counted_by_resumed_runs_only);
