//! One job over a table: every key there can be, ties, nulls, and what cannot be read.

use serde_json::json;

use super::File;

/// Numbers from 1 to 1,000.
const NUMBERS: &str =
    "with recursive n(x) as (select 1 union all select x + 1 from n where x < 1000)";

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_table_is_read_whole_in_pages_of_any_size() {
    let file = File::of(&format!(
        "create table numbered (id integer primary key, c int, s text);
         create table named (a text, b text, c int, s text, primary key (a, b)) without rowid;
         create table alone (id int, c int, s text);
         create unique index alone_id on alone (id);
         create table twice (id int, c int, s text);
         create index twice_c on twice (c);
         create table \"odd \"\"name\" (\"select\" int not null unique, c int, \"ö\"\"\" text);
         {NUMBERS} insert into numbered select x, x / 30, 's' || x from n;
         {NUMBERS} insert into named select x % 7, 'k' || x, nullif(x / 30, 9), x from n;
         {NUMBERS} insert into alone select x, x / 30, 's' || x from n;
         {NUMBERS} insert into twice select x / 2, nullif(x / 30, 9), 's' from n;
         {NUMBERS} insert into \"odd \"\"name\" select -x, x / 30, x from n;
         create view seen as select id, c, s from numbered where id > 0;"
    ))
    .await;
    for table in ["numbered", "named", "alone", "twice", "odd \"name", "seen"] {
        for batch_rows in [7, 40, 5_000] {
            for pacing in [json!(null), json!({"batch_delay_ms": 1})] {
                let more = json!({"batch_rows": batch_rows, "pacing": pacing});
                let (kb, view) = file.job(table, "c", more).await;
                assert_eq!(view["state"], "completed", "{table} {batch_rows}: {view}");
                let sql = "select count(*) as n, sum(c) as s from dest";
                let rows = file.host.query(kb, sql).await;
                let sum = if matches!(table, "named" | "twice") {
                    15_933
                } else {
                    16_203
                };
                assert_eq!(rows, json!([{"n": 1000, "s": sum}]), "{table} {batch_rows}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_a_number_for_whoever_asks() {
    let file = File::of("create table t (s text); insert into t values ('a'), ('b')").await;
    let rows = file.landed("t", "rowid", json!({}), "rowid").await;
    assert_eq!(
        rows,
        json!([{"s": "a", "rowid": 1}, {"s": "b", "rowid": 2}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collation_of_the_file_orders_and_compares() {
    let file = File::of(
        "create table t (s text collate nocase, n int);
         insert into t values ('a', 1), ('B', 2), ('A', 3), ('b', 4), ('c', 5)",
    )
    .await;
    for batch_rows in [1, 2, 3] {
        let more = json!({"batch_rows": batch_rows, "pacing": {"batch_delay_ms": 1}});
        let (kb, view) = file.job("t", "s", more).await;
        assert_eq!(view["state"], "completed", "{view}");
        assert_eq!(file.host.landed_sums(kb, "dest", "n").await, "5 5 15");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_browsed() {
    let file = File::of(
        "create table t (id integer primary key, at datetime not null, g int generated always as (id * 2), j json);
         create view v as select id from t",
    )
    .await;
    let browse = |rest: &str| file.host.connector_path(&format!("/browse/{rest}"));
    let tables = file.host.get(&browse("tables?connection_ref=src")).await;
    assert_eq!(tables.status, 200, "{}", tables.json);
    let text = tables.json.to_string();
    assert!(
        text.contains("\"t\"") && text.contains("\"v\"") && !text.contains("sqlite_"),
        "{text}"
    );
    let columns = file
        .host
        .get(&browse("columns?connection_ref=src&table=t"))
        .await;
    assert_eq!(columns.status, 200, "{}", columns.json);
    let text = columns.json.to_string();
    assert!(
        text.contains("\"datetime\"") && text.contains("\"g\""),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_told_what_there_is() {
    let file = File::of("create table orders (id integer primary key, any, at text)").await;
    for (table, cursor, words) in [
        ("order", "id", vec!["similar ones are \"main\".\"orders\""]),
        ("orders", "idd", vec!["\"idd\"", "similar ones are \"id\""]),
        (
            "orders",
            "any",
            vec!["cannot be a cursor", "declared as a number"],
        ),
    ] {
        let detail = file.refused(table, cursor).await;
        for word in words {
            assert!(detail.contains(word), "{detail}");
        }
    }
    let kb = file.host.kb().await;
    let cursor = json!({"cursor": {"kind": "text", "value": "x"}});
    let request = file.request(kb, "orders", "id", cursor);
    let reply = file
        .host
        .post(&file.host.connector_path("/jobs"), request)
        .await;
    assert_eq!(
        (reply.status, &reply.json["code"]),
        (400, &json!("invalid_cursor")),
        "{}",
        reply.json
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_said() {
    let file = File::of("create table t (id integer primary key)").await;
    std::fs::write(file.path(), "a,b\n1,2\n").expect("writable");
    let detail = file.refused("t", "id").await;
    assert!(detail.contains("not an SQLite database"), "{detail}");
    std::fs::remove_file(file.path()).expect("ours");
    let detail = file.refused("t", "id").await;
    assert!(detail.contains("is not there"), "{detail}");
}
