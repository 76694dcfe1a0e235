//! Every type lands as an exact value, as text, or is refused by name: compared with the server's own text of it.

mod cases;
mod sql_server;

use serde_json::{Value, json};

use crate::harness::{Host, Kind};
use cases::{CASES, Case};

const SETUP: &str = "create extension hstore; create extension citext; set timezone = 'UTC';
    create type mood as enum ('sad', 'so la la', 'happy'); create type pair as (n int, t text);
    create domain positive as int check (value > 0); create domain short as varchar(3);
    create domain price as numeric(12,2)";

const HOSTILE: &str = "do $$ declare setting text; begin
    foreach setting in array array['datestyle = ''SQL, DMY''', 'timezone = ''Asia/Kolkata''', 'intervalstyle = ''iso_8601''',
        'bytea_output = ''escape''', 'extra_float_digits = -10', 'search_path = ''nowhere''', 'standard_conforming_strings = off']
    loop execute format('alter database %I set %s', current_database(), setting); end loop; end $$";

#[tokio::test(flavor = "multi_thread")]
async fn every_type_lands_as_the_server_writes_it() {
    let host = Host::start().await;
    host.sql(SETUP).await;
    let columns = CASES.iter().enumerate();
    let columns: Vec<_> = columns
        .map(|(n, case)| format!("c{n} {}", case.of))
        .collect();
    host.sql(&format!(
        "create table t (id int primary key, {})",
        columns.join(", ")
    ))
    .await;
    // One row more than there are values: of nulls only.
    let rows = 1 + CASES
        .iter()
        .map(|case| case.values.len())
        .max()
        .expect("cases");
    for row in 0..rows {
        let cell = |case: &Case| match case.values.get(row) {
            Some(value) => format!("$v${value}$v$::{}", case.of),
            None => "null".to_owned(),
        };
        let cells: Vec<_> = CASES.iter().map(cell).collect();
        host.sql(&format!(
            "insert into t values ({row}, {})",
            cells.join(", ")
        ))
        .await;
    }
    // What a session of ours has by default must not matter.
    host.sql(HOSTILE).await;
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "t", "id")).await;
    assert_eq!(job["state"], "completed", "{job}");

    let mut wrong = Vec::new();
    for (n, case) in CASES.iter().enumerate() {
        let column = format!("c{n}");
        let landed = case.landed.replace("{}", &column);
        let landed = host
            .query(kb, &format!("select {landed} as v from t order by id"))
            .await;
        for row in 0..rows {
            let source = case.source.replace("{}", &column);
            let source = format!("select coalesce({source}, '<null>') from t where id = {row}");
            let (source, landed) = (host.text(&source).await, &landed[row]["v"]);
            if !same(&source, landed) {
                wrong.push(format!("{}: {source} landed as {landed}", case.of));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a landed value is what the server's text says.
fn same(source: &str, landed: &Value) -> bool {
    match landed {
        Value::Null => source == "<null>",
        Value::Array(_) => serde_json::from_str::<Value>(source).is_ok_and(|json| &json == landed),
        Value::String(text) if text == source => true,
        // A float's shortest digits are written in more than one way.
        Value::String(text) => match (text.parse::<f64>(), source.parse::<f64>()) {
            (Ok(a), Ok(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            _ => false,
        },
        other => format!("{other}") == source,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_held_is_refused_with_the_column_and_the_way_out() {
    let host = Host::start().await;
    let kb = host.kb().await;
    let cases = [
        ("timestamp", "infinity", "infinity"),
        ("timestamptz", "-infinity", "infinity"),
        ("date", "infinity", "infinity"),
        ("timestamp", "294276-12-31 23:59:59", "range"),
        ("numeric(5,2)", "NaN", "NaN"),
        ("int4[]", "{{1,2},{3,4}}", "dimensions"),
    ];
    for (n, (of, value, word)) in cases.into_iter().enumerate() {
        let table = format!("t{n}");
        host.sql(&format!(
            "create table {table} (id int primary key, \"Bad One\" {of});
             insert into {table} values (1, null), (2, '{value}')"
        ))
        .await;
        let mut one_by_one = host.read(kb, &table, &table, "id");
        one_by_one["batch_rows"] = json!(1);
        let job = host.job(one_by_one).await;
        assert_eq!(job["state"], "failed", "{of}: {job}");
        assert_eq!(job["error"]["code"], "conversion", "{job}");
        assert_eq!(job["error"]["failure"], "config", "{job}");
        let detail = job["error"]["detail"].as_str().expect("a sentence");
        for word in [
            "\"Bad One\"",
            word,
            "leave the column out",
            "behind \"id\" = 1",
        ] {
            assert!(detail.contains(word), "{of}: {detail}");
        }
        // No table is left: the same job without the column creates it.
        let mut without = host.read(kb, &table, &table, "id");
        without["source"]["columns"] = json!(["id"]);
        let job = host.job(without).await;
        assert_eq!(
            (&job["state"], &job["rows_emitted"]),
            (&json!("completed"), &json!(2)),
            "{job}"
        );
    }
}

/// The landed text is written down here: SQL Server's own text of a value depends on the session.
#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_sql_server_lands_exactly_or_as_text() {
    let host = Host::of(Kind::SqlServer).await;
    let columns = sql_server::CASES.iter().enumerate();
    let columns: Vec<_> = columns
        .map(|(n, case)| format!("c{n} {} null", case.0))
        .collect();
    host.sql(&format!(
        "create table t (id int primary key, {})",
        columns.join(", ")
    ))
    .await;
    for row in 0..2 {
        let cells = sql_server::CASES.iter().map(|case| match row {
            0 => case.1,
            _ => "null",
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        host.sql(&format!("insert into t values ({row}, {cells})"))
            .await;
    }
    let kb = host.kb().await;
    let job = host.job(host.read(kb, "t", "t", "id")).await;
    assert_eq!(job["state"], "completed", "{job}");
    let mut wrong = Vec::new();
    for (n, (of, literal, landed, text)) in sql_server::CASES.iter().enumerate() {
        let landed = landed.replace("{}", &format!("c{n}"));
        let sql = format!("select {landed} as v from t order by id");
        let rows = host.query(kb, &sql).await;
        if rows[0]["v"] != *text || rows[1]["v"] != Value::Null {
            wrong.push(format!("{of} {literal}: {rows}, not {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let warnings = job["warnings"].to_string();
    assert!(warnings.contains("rounded"), "seven digits: {warnings}");
}
