//! Paging by (cursor, key): ties, keys of every form, duplicates, nulls and ends.

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind};

/// Reads `table` once per page size, unpaced and paced, and compares every row with the source's.
async fn lands_whole(host: &Host, table: &str, pages: &[u32]) {
    let kb = host.kb().await;
    let mut jobs = Vec::new();
    for batch_rows in pages {
        for paced in [false, true] {
            let dest = format!("{table}_{batch_rows}_{paced}");
            let mut request = host.read(kb, &dest, table, "c");
            request["batch_rows"] = (*batch_rows).into();
            if paced {
                request["pacing"] = json!({"batch_delay_ms": 1});
            }
            jobs.push((host.dispatch(request).await, dest));
        }
    }
    let source = source_rows(host, table).await;
    for (job, dest) in jobs {
        let job = host.ended(&job).await;
        assert_eq!(job["state"], "completed", "{dest}: {job}");
        assert_eq!(job["rows_emitted"], source.len(), "{dest}: {job}");
        let landed = host.query(kb, &format!("select * from {dest}")).await;
        let landed = landed.as_array().expect("rows");
        let landed = normal(landed.iter().map(Value::to_string).collect());
        assert!(landed == source, "{dest}: other rows than the source's");
    }
}

/// As JSON.
async fn source_rows(host: &Host, table: &str) -> Vec<String> {
    let rows = match host.source.kind() {
        Kind::Postgres => format!("select row_to_json(t)::text from {table} t"),
        Kind::SqlServer => {
            let columns = "select cast(concat('\"', name, '\":', case when type_name(system_type_id) = 'int' or type_name(system_type_id) = 'bigint' then 'n' else 't' end) as nvarchar(200)) \
                 from sys.columns where object_id = object_id('{table}')";
            let columns = columns.replace("{table}", table);
            let columns = host.source.texts(&columns).await;
            let items = columns.iter().map(|column| {
                let (key, kind) = column.split_at(column.len() - 1);
                let name = key.trim_end_matches(':').trim_matches('"');
                let text = format!("cast([{name}] as nvarchar(100))");
                match kind {
                    "n" => format!("'{key}', coalesce({text}, 'null')"),
                    _ => format!("'{key}', coalesce(concat('\"', {text}, '\"'), 'null')"),
                }
            });
            let items = items.collect::<Vec<_>>().join(", ',', ");
            format!("select concat('{{', {items}, '}}') from {table}")
        }
    };
    normal(host.source.texts(&rows).await)
}

/// Rows in one form and order, whatever the order of their columns.
fn normal(rows: Vec<String>) -> Vec<String> {
    let parse = |row: &String| {
        serde_json::from_str::<Value>(row)
            .expect("JSON")
            .to_string()
    };
    let mut rows: Vec<_> = rows.iter().map(parse).collect();
    rows.sort();
    rows
}

async fn ties_larger_than_a_page_make_progress(kind: Kind) {
    let host = Host::of(kind).await;
    for (key, table) in [("primary key", "keyed"), ("", "keyless")] {
        host.sql(&format!(
            "create table {table} (id int {key}, c int);
             insert into {table} select g, 7 from generate_series(1, 40) g;
             insert into {table} select g, g from generate_series(41, 50) g;
             insert into {table} select 1000 + g, 3 from generate_series(1, 3) g"
        ))
        .await;
        lands_whole(&host, table, &[1, 36, 40, 43, 0]).await;
    }
}

async fn ten_thousand_equal_values_are_no_trouble(kind: Kind) {
    let host = Host::of(kind).await;
    for (key, table) in [("primary key", "keyed"), ("", "keyless")] {
        host.sql(&format!(
            "create table {table} (id int {key}, c date);
             insert into {table} select g, '2026-01-31' from generate_series(1, 9998) g;
             insert into {table} values (0, '2026-01-30'), (-1, '2026-02-01')"
        ))
        .await;
        lands_whole(&host, table, &[999, 0]).await;
    }
}

async fn whole_rows_that_are_equal_all_land(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (c int, v text);
         insert into t select g / 7, 'same' from generate_series(0, 99) g;
         insert into t select cast(null as int), 'same' from generate_series(1, 7) g",
    )
    .await;
    lands_whole(&host, "t", &[1, 3, 7, 36, 0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_form_tell_rows_apart() {
    let host = Host::start().await;
    host.sql(
        "create extension citext; create type mood as enum ('sad', 'ok', 'happy'); create domain code as text;
         create table composite (a text, b int, c int, primary key (a, b));
         insert into composite select chr(65 + g % 5), g, g / 20 from generate_series(1, 60) g;
         create table contains_cursor (a int, c int, primary key (c, a));
         insert into contains_cursor select g, g / 20 from generate_series(1, 60) g;
         create table is_cursor (c bigint primary key, v text);
         insert into is_cursor select g * 1000000000::bigint, 'v' from generate_series(-30, 30) g;
         create table unique_index (c int, u uuid not null unique);
         insert into unique_index select g / 20, md5(g::text)::uuid from generate_series(1, 60) g;
         create table nullable_unique (c int, u int unique);
         insert into nullable_unique select g / 20, case when g % 10 > 0 then g end from generate_series(1, 60) g;
         create table partial_index (c int, u int not null);
         create unique index on partial_index (u) where c > 1;
         insert into partial_index select g / 30, case when g / 30 > 1 then g else 1 end from generate_series(1, 70) g;
         create table odd_key (c int, a citext, m mood, d code, n numeric, ts timestamptz, primary key (a, m, d, n, ts));
         insert into odd_key select 1, chr(97 + g % 3), (enum_range(null::mood))[1 + g % 3], 'd' || g / 10, g / 3.0,
           timestamptz '2026-01-01 00:00+00' + g * interval '1 microsecond' from generate_series(1, 60) g",
    )
    .await;
    for table in [
        "composite",
        "contains_cursor",
        "is_cursor",
        "unique_index",
        "nullable_unique",
        "partial_index",
    ] {
        lands_whole(&host, table, &[1, 7, 36, 0]).await;
    }
    // Its texts have other forms in JSON on either side; that each row is there once is what is asked.
    let kb = host.kb().await;
    for batch_rows in [1, 7] {
        let mut request = host.read(kb, &format!("odd_{batch_rows}"), "odd_key", "c");
        request["batch_rows"] = batch_rows.into();
        request["pacing"] = json!({"batch_delay_ms": 1});
        let job = host.job(request).await;
        assert_eq!(
            (&job["state"], &job["rows_emitted"]),
            (&json!("completed"), &json!(60)),
            "{job}"
        );
        let distinct = format!("select count(distinct ts) as n from odd_{batch_rows}");
        assert_eq!(host.query(kb, &distinct).await[0]["n"], 60);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_of_other_schemas_and_tables_with_a_past_are_read() {
    let host = Host::start().await;
    host.sql(
        "create schema ext; create extension citext schema ext; create domain ext.code as ext.citext;
         create type ext.mood as enum ('sad', 'ok', 'happy');
         create table other_schema (c ext.citext, id ext.mood, k ext.code, primary key (id, k));
         insert into other_schema select (array['a', 'A', 'b', 'B'])[1 + g % 4], (enum_range(null::ext.mood))[1 + g % 3], 'k' || g
           from generate_series(1, 60) g;
         create table other_schema_keyless as table other_schema;
         create table with_past (gone int, c int, gone_too text, id int, v text);
         alter table with_past drop column gone, drop column gone_too, add column late int not null default 7;
         insert into with_past select g / 20, g, 'v' from generate_series(1, 60) g;
         alter table with_past add primary key (late, id), add column sum int generated always as (id + 1) stored",
    )
    .await;
    for table in ["other_schema", "other_schema_keyless", "with_past"] {
        lands_whole(&host, table, &[1, 7, 36, 0]).await;
    }
}

async fn the_least_values_and_the_ends_of_a_table_are_delivered(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table least (id int primary key, c bigint);
         insert into least values (-2147483648, -9223372036854775808), (0, 0), (1, -1), (2, 9223372036854775807);
         create table empty (id int primary key, c int); create table one (id int primary key, c int);
         insert into one values (1, 1); create table nulls (id int primary key, c int);
         insert into nulls select g, cast(null as int) from generate_series(1, 50) g; create table keyless_nulls (id int, c int); insert into keyless_nulls select id, c from nulls;
         create table exact (id int primary key, c int); insert into exact select g, g from generate_series(1, 36) g;
         create table exact_keyless (id int, c int); insert into exact_keyless select id, c from exact",
    )
    .await;
    for table in [
        "least",
        "empty",
        "one",
        "nulls",
        "keyless_nulls",
        "exact",
        "exact_keyless",
    ] {
        lands_whole(&host, table, &[1, 4, 12, 36, 0]).await;
    }
}

async fn wide_rows_stay_within_the_limits_of_a_guest(kind: Kind) {
    let host = Host::of(kind).await;
    let (of, wide) = match kind {
        Kind::Postgres => ("text", "repeat('x', 1000000)"),
        Kind::SqlServer => (
            "varchar(max)",
            "replicate(cast('x' as varchar(max)), 1000000)",
        ),
    };
    host.sql(&format!(
        "create view keyless as select g / 10 as c, {wide} as v from generate_series(1, 100) g;
         create table keyed (c int primary key, v {of});
         insert into keyed select g, {wide} from generate_series(1, 100) g",
    ))
    .await;
    let kb = host.kb().await;
    for (table, pacing) in [
        ("keyless", json!({})),
        ("keyed", json!({})),
        ("keyed", json!({"batch_delay_ms": 1})),
    ] {
        let mut request = host.read(kb, table, table, "c");
        request["mode"] = json!("replace");
        request["pacing"] = pacing;
        let job = host.job(request).await;
        assert_eq!(job["state"], "completed", "{job}");
        assert_eq!(job["rows_emitted"], 100, "{job}");
    }
}

async fn epochs_are_values_like_others(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql("create table t (id int primary key, c timestamptz)")
        .await;
    let rows = (-20..=20).map(|g| match g {
        ..0 => format!("({g}, '1969-12-31 23:59:59.{:06}+00:00')", 1_000_000 + g),
        _ => format!("({g}, '1970-01-01 00:00:00.{g:06}+00:00')"),
    });
    let rows = rows.collect::<Vec<_>>().join(", ");
    host.sql(&format!("insert into t values {rows}")).await;
    let kb = host.kb().await;
    let mut request = host.read(kb, "t", "t", "c");
    request["batch_rows"] = json!(1);
    request["pacing"] = json!({"batch_delay_ms": 1});
    assert_eq!(host.job(request).await["rows_emitted"], 41);
    let rows = host
        .query(kb, "select count(distinct c) as n, count(*) as m from t")
        .await;
    assert_eq!(rows[0], json!({"n": 41, "m": 41}));
}

async fn a_cursor_in_the_future_lands_nothing_and_a_tie_is_exact(kind: Kind) {
    let host = Host::of(kind).await;
    host.sql(
        "create table t (id int primary key, c date not null);
         create index on t (c, id)",
    )
    .await;
    let rows = (0..100).map(|g| format!("({g}, '2026-01-{:02}')", 1 + g / 10));
    let rows = rows.collect::<Vec<_>>().join(", ");
    host.sql(&format!("insert into t values {rows}")).await;
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "t", "c")).await;
    assert_eq!(job["warnings"], json!([]), "no row is without a value");
    let cases = [
        (json!({"kind": "date", "value": "2027-01-01"}), 0),
        (json!({"kind": "date", "value": "2026-01-10"}), 0),
        (json!({"kind": "date", "value": "2026-01-05"}), 50),
        (
            json!({"kind": "date", "value": "2026-01-05", "tie": [{"kind": "int", "value": "43"}]}),
            56,
        ),
        (json!({"kind": "date", "value": "0044-03-15"}), 100),
    ];
    let words = [
        (json!({"kind": "date", "value": "infinity"}), 0),
        (json!({"kind": "date", "value": "0044-03-15 BC"}), 100),
    ];
    let words = words.into_iter().filter(|_| kind == Kind::Postgres);
    let mut total = 100;
    for (cursor, rows) in cases.into_iter().chain(words) {
        let mut request = host.read(kb, "t", "t", "c");
        request["mode"] = json!("append");
        request["cursor"] = cursor;
        let job = host.job(request).await;
        assert_eq!(
            (&job["state"], &job["rows_emitted"]),
            (&json!("completed"), &json!(rows)),
            "{job}"
        );
        total += rows;
        assert_eq!(
            host.query(kb, "select count(*) as n from t").await[0]["n"],
            total
        );
    }
}

on_each_kind!(
    ties_larger_than_a_page_make_progress,
    ten_thousand_equal_values_are_no_trouble,
    whole_rows_that_are_equal_all_land,
    the_least_values_and_the_ends_of_a_table_are_delivered,
    epochs_are_values_like_others,
    a_cursor_in_the_future_lands_nothing_and_a_tie_is_exact,
    wide_rows_stay_within_the_limits_of_a_guest,
);
