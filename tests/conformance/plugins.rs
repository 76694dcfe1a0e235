//! The plugins that are shipped: every check, none skipped, on tables that hold every case.

use serde_json::json;

use super::{failed, not_passed, test, test_on};
use crate::harness::guest::built;
use crate::harness::{Kind, Source};

/// Tables with every shape: without rows, with one, with more pages than memory is watched for, with ties, with nulls, without a
/// key, and at the edges of types.
const TABLES: &str = "
create table empty (id bigint primary key, name text);
create table one_row (id bigint primary key, name text);
insert into one_row values (1, 'only');
create table many (id int primary key, name text);
insert into many select g, 'name' from generate_series(1, 1100) g;
create table tied (id bigint not null primary key, changed timestamp, amount numeric(12,2), name text);
insert into tied select g, '2024-02-29 12:00:00.123456', g, 'first' from generate_series(1, 9) g;
insert into tied select g, '2024-03-01 00:00:00', -0.01, null from generate_series(10, 13) g;
insert into tied select g, null, null, '' from generate_series(14, 18) g;
create index on tied (changed, id);
create table keyless (grp int, name text);
insert into keyless select g / 4, 'twice' from generate_series(1, 19) g;
insert into keyless select g / 4, 'twice' from generate_series(1, 9) g;
insert into keyless select null, 'nowhere' from generate_series(1, 3) g;
create table unindexed (id int primary key, changed timestamp);
insert into unindexed select g, null from generate_series(1, 5) g;
";

const EXTREMES: [(Kind, &str); 2] = [
    (
        Kind::Postgres,
        "create table extremes (id bigint primary key, small smallint, real float4, double float8, exact numeric(38,0), seen timestamptz, day date, raw bytea);
         insert into extremes values
           (-9223372036854775808, -32768, 'NaN', '-Infinity', 99999999999999999999999999999999999999, '0001-01-01 00:00:00+00', '0044-03-15 BC', ''),
           (0, 0, -0.0, 5e-324, -99999999999999999999999999999999999999, '1970-01-01 00:00:00+00', '1970-01-01', null),
           (9223372036854775807, 32767, 'Infinity', 'Infinity', 0, '9999-12-31 23:59:59.999999+00', '9999-12-31', '\\x00ff');",
    ),
    (
        Kind::SqlServer,
        "create table extremes (id bigint primary key, small smallint, double float, exact numeric(38,0), seen datetimeoffset(6), day date);
         insert into extremes values
           (-9223372036854775808, -32768, -1.7976931348623157e308, 99999999999999999999999999999999999999, '0001-01-01 00:00:00 +00:00', '0001-01-01'),
           (0, 0, 0, -99999999999999999999999999999999999999, '1970-01-01 00:00:00 +00:00', '1970-01-01'),
           (9223372036854775807, 32767, 1.7976931348623157e308, 0, '9999-12-31 23:59:59.999999 +00:00', '9999-12-31');",
    ),
];

/// Tables that are read, by the plugin's default schema, and how many rows each has.
const ROWS: [(&str, usize); 7] = [
    ("empty", 0),
    ("extremes", 3),
    ("keyless", 31),
    ("many", 1_100),
    ("one_row", 1),
    ("tied", 18),
    ("unindexed", 5),
];

async fn keeps_every_rule(kind: Kind, package: &str) {
    let source = Source::create(kind).await;
    source.sql(TABLES).await;
    let (_, extremes) = EXTREMES
        .iter()
        .find(|(of, _)| *of == kind)
        .expect("both are there");
    source.sql(extremes).await;
    let report = test(&built(package), &source, &[]).await;
    assert_eq!(not_passed(&report), [""; 0], "{:?}", report.notes);
    assert_eq!(report.notes, [""; 0]);
    for (table, rows) in ROWS {
        let mut read = report
            .tables
            .iter()
            .filter(|(source, _)| source.table == table);
        assert!(
            read.next().is_some_and(|(_, found)| *found == rows),
            "{table}"
        );
        assert!(read.all(|(_, found)| *found == rows), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_for_postgres_keeps_every_rule() {
    keeps_every_rule(Kind::Postgres, "plugin-postgres").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_for_sql_server_keeps_every_rule() {
    keeps_every_rule(Kind::SqlServer, "plugin-sql-server").await;
}

/// What a table of lines cannot have is skipped, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn the_template_keeps_every_rule() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writable");
    write("empty.log", "");
    write("one.log", "only\n");
    write("many.txt", &"a line\n".repeat(1_100));
    write("strange.txt", "größe 🦀\r\n\n\n  \nunfinished");
    write("none.csv", "not,a,text\n");
    let connection = json!({"kind": "files", "dsn": folder.path()});
    let report = test_on(&built("plugin-template"), connection, &[]).await;
    assert_eq!(failed(&report), [""; 0], "{:?}", not_passed(&report));
    assert_eq!(
        not_passed(&report),
        [
            "ties skipped: no cursor column has a value twice",
            "nulls skipped: no column that is read holds a null",
            "null-cursors skipped: no cursor column holds a null",
            "query skipped: the plugin reads no such query: files cannot be asked by a query: name a table",
        ]
    );
    let tables = report
        .tables
        .iter()
        .map(|(source, rows)| (source.table.as_str(), *rows));
    let expected = [
        ("empty.log", 0),
        ("many.txt", 1_100),
        ("one.log", 1),
        ("strange.txt", 5),
    ];
    assert_eq!(tables.collect::<Vec<_>>(), expected);
}

const SQLITE: &str = "
create table empty (id integer primary key, name text);
create table one_row (id integer primary key, name text);
insert into one_row values (1, 'only');
create table many (id integer primary key, name text);
insert into many with recursive n(g) as (select 1 union all select g + 1 from n where g < 1100) select g, 'name' from n;
create table tied (id integer primary key, changed text, name text);
insert into tied with recursive n(g) as (select 1 union all select g + 1 from n where g < 9) select g, '2024-02-29', 'first' from n;
insert into tied values (10, '2024-03-01', null), (11, '2024-03-01', null), (12, null, ''), (13, null, '');
create index tied_changed on tied (changed, id);
create table extremes (id integer primary key, name text);
insert into extremes values (-9223372036854775808, ''), (0, 'größe 🦀'), (9223372036854775807, 'last');
";

#[tokio::test(flavor = "multi_thread")]
async fn the_example_for_sqlite_keeps_every_rule() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("app.db");
    let database = rusqlite::Connection::open(&path).expect("a file");
    database.execute_batch(SQLITE).expect("it is SQL");
    let connection = json!({"kind": "sqlite", "dsn": path});
    let report = test_on(&built("plugin-sqlite"), connection, &[]).await;
    assert_eq!(not_passed(&report), [""; 0], "{:?}", report.notes);
}

/// Rows of files have a place of their own each: no two are equal in it, and none lacks it.
#[tokio::test(flavor = "multi_thread")]
async fn the_example_for_files_keeps_every_rule() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writable");
    write("empty.csv", "id,name\n");
    write("one.ndjson", "{\"id\": 1, \"name\": \"only\"}\n");
    write(
        "many.csv",
        &format!("id,name\n{}", "1,name\n".repeat(1_100)),
    );
    write("strange.csv", "id,name\n9223372036854775807,größe 🦀\n1,\n");
    let connection = json!({"kind": "files", "dsn": folder.path()});
    let report = test_on(&built("plugin-files"), connection, &[]).await;
    assert_eq!(failed(&report), [""; 0], "{:?}", not_passed(&report));
    let not_passed = not_passed(&report);
    let skipped: Vec<_> = not_passed
        .iter()
        .filter_map(|said| said.split(' ').next())
        .collect();
    assert_eq!(skipped, ["ties", "null-cursors", "query"], "{not_passed:?}");
}
