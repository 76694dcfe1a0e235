//! Runs of a sync over a file that is written to: every row once.

use serde_json::json;

use super::File;

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_lands_once_also_with_the_last_value() {
    let file = File::of(
        "pragma journal_mode = wal;
         create table t (id integer primary key, at datetime);
         insert into t values (10, '2024-01-01T10:00:00'), (11, '2024-01-01T10:00:00.5'), (12, '2024-01-01T10:00:00.5'), (13, null)",
    )
    .await;
    let sync = file.sync("at", json!({"batch_rows": 2})).await;
    assert_eq!(sync.lands().await, 4);
    assert_eq!(sync.lands().await, 0);
    file.sql("insert into t values (5, '2024-01-01T10:00:00.5'), (20, '2024-01-01T10:00:00.5')");
    assert_eq!(
        sync.lands().await,
        2,
        "late ones, below and above the last key"
    );
    file.sql("insert into t values (30, '2024-01-02T00:00:00'), (31, '2023-01-01T00:00:00')");
    assert_eq!(sync.lands().await, 1, "one came below the position");
    assert_eq!(
        sync.landed("id").await,
        ["10", "11", "12", "13", "20", "30", "5"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_among_equal_values_is_seen_by_the_numbers_of_the_rows() {
    let file = File::of(
        "create table t (id integer primary key, c int); insert into t values (1, 7), (2, 7)",
    )
    .await;
    let sync = file.sync("c", json!({})).await;
    assert_eq!(sync.lands().await, 2);
    file.sql("delete from t where id = 1; insert into t values (-3, 7)");
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.landed("id").await, ["-3", "1", "2"]);

    let file = File::of(
        "create table t (a int not null, b int not null, c int, primary key (a, b));
         insert into t values (5, 2009, 7), (9, 9, 7)",
    )
    .await;
    let sync = file.sync("c", json!({})).await;
    assert_eq!(sync.lands().await, 2);
    for (gone, come) in [("5, 2009", "6, 1000"), ("6, 1000", "1000, 6")] {
        file.sql(&format!(
            "delete from t where (a, b) = ({gone}); insert into t values ({come}, 7)"
        ));
        assert_eq!(sync.lands().await, 1, "{come} for {gone}");
        assert_eq!(sync.lands().await, 0, "{come} for {gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_key_is_read_by_the_numbers_of_its_rows() {
    let file = File::of("create table t (s text); insert into t values ('a'), ('a'), ('b')").await;
    let sync = file.sync("rowid", json!({"batch_rows": 1})).await;
    assert_eq!(sync.lands().await, 3);
    file.sql("insert into t values ('a')");
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.landed("s").await, ["a", "a", "a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_being_written_lands_in_the_next_run() {
    let file = File::of(
        "pragma journal_mode = wal; create table t (id integer primary key); insert into t values (1)",
    )
    .await;
    let sync = file.sync("id", json!({})).await;
    let writer = rusqlite::Connection::open(file.path()).expect("a file");
    writer
        .execute_batch("begin immediate; insert into t values (2)")
        .expect("the writer");
    assert_eq!(sync.lands().await, 1);
    writer.execute_batch("commit").expect("the writer");
    assert_eq!(sync.lands().await, 1);
}
