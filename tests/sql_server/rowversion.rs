//! A rowversion is given at the write and seen at the commit: a run reads up to the least that is still in flight.

use serde_json::json;

use crate::harness::{Host, Kind, Source, Sync};

const SOURCE: &str = "create table t (id int primary key, name nvarchar(20), rv rowversion);
    create index t_rv on t (rv);
    insert into t (id, name) select g, 'old' from generate_series(1, 10) g";

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_a_row_lands_once() {
    let host = Host::of(Kind::SqlServer).await;
    host.sql(SOURCE).await;
    let sync = Sync::of(&host, "t", "rv").await;
    assert_eq!(sync.lands().await, 10);
    assert_eq!(sync.lands().await, 0);
    host.sql(
        "update t set name = 'new' where id <= 3; insert into t (id, name) values (11, 'new')",
    )
    .await;
    assert_eq!(sync.lands().await, 4);
    assert_eq!(sync.lands().await, 0);
    let by_key = json!({"mode": "upsert", "key_columns": ["id"], "dest_table": "merged"});
    let merged = Sync::with(&host, "t", "rv", by_key).await;
    assert_eq!(merged.lands().await, 11);
    host.sql("update t set name = 'newer'").await;
    assert_eq!(merged.lands().await, 11);
    let rows = host
        .query(
            merged.kb,
            "select count(*) as n, count(distinct id) as ids, min(name) as name from merged",
        )
        .await;
    assert_eq!(rows[0], json!({"n": 11, "ids": 11, "name": "newer"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_flight_holds_back_what_came_after_it() {
    let host = Host::of(Kind::SqlServer).await;
    host.sql(SOURCE).await;
    let sync = Sync::of(&host, "t", "rv").await;
    assert_eq!(sync.lands().await, 10);
    let other = Source::same(&host.source).await;
    other
        .sql("begin transaction; insert into t (id, name) values (100, 'slow')")
        .await;
    assert_eq!(sync.lands().await, 0, "nobody sees it");
    other.sql("commit").await;
    assert_eq!(sync.lands().await, 1, "it is not lost");
    assert_eq!(sync.lands().await, 0);
}
