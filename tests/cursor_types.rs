//! Every type that has an order can be a cursor column: a full read delivers every row once, whatever the size of its
//! pages, and a read behind a value delivers exactly the rows after it. The server says which those are.

mod postgres;
mod sql_server;

use serde_json::{Value, json};

use crate::harness::{Host, Kind, on_each_kind};

/// Rows with values; two more have none.
const ROWS: std::ops::Range<i64> = -10..40;
/// A row in the middle.
const MIDDLE: i64 = 14;

/// A type as a cursor column, in the words of its kind of source.
struct CursorType {
    of: &'static str,
    /// `(row, value)` of each row with a value, as a list of T-SQL or the body of a Postgres query.
    rows: Rows,
    api_kind: &'static str,
}

enum Rows {
    Expression(&'static str),
    Literals(fn(i64) -> String, &'static str),
}

fn types(kind: Kind) -> Vec<CursorType> {
    match kind {
        Kind::Postgres => postgres::TYPES
            .iter()
            .map(|&(of, value, api_kind)| CursorType {
                of,
                rows: Rows::Expression(value),
                api_kind,
            })
            .collect(),
        Kind::SqlServer => sql_server::TYPES
            .iter()
            .map(|&(of, text, literal, api_kind)| CursorType {
                of,
                rows: Rows::Literals(text, literal),
                api_kind,
            })
            .collect(),
    }
}

async fn host(kind: Kind) -> Host {
    let host = Host::of(kind).await;
    if kind == Kind::Postgres {
        host.sql(postgres::SETUP).await;
    }
    host
}

impl CursorType {
    /// Tables `k{n}`, with a key, and `n{n}`, without any, whose rows are in no order.
    async fn fill(&self, host: &Host, n: usize) {
        let of = self.of;
        let insert = match &self.rows {
            Rows::Expression(value) => format!(
                "insert into k{n} select g, {value} from generate_series(-10, 39) g order by md5(g::text)"
            ),
            Rows::Literals(text, literal) => {
                let mut rows: Vec<i64> = ROWS.collect();
                rows.sort_by_key(|g| g * 7919 % 50);
                let values = rows
                    .iter()
                    .map(|g| format!("({g}, {})", literal.replace("{}", &text(*g))));
                format!(
                    "insert into k{n} values {}",
                    values.collect::<Vec<_>>().join(", ")
                )
            }
        };
        host.sql(&format!(
            "create table k{n} (id int primary key, c {of} null);
             {insert};
             insert into k{n} values (1000, null), (1001, null);
             create table n{n} (id int, c {of} null);
             insert into n{n} select id, c from k{n}"
        ))
        .await;
    }

    /// A value in the middle, and the rows after it as the server says.
    async fn middle(&self, host: &Host, n: usize) -> (String, Vec<String>) {
        let text = match &self.rows {
            Rows::Expression(_) => {
                let middle = format!("select c::text from k{n} where id = {MIDDLE}");
                host.text(&middle).await
            }
            Rows::Literals(text, _) => text(MIDDLE),
        };
        let after = format!(
            "select cast(id as varchar(9)) from k{n} where c > (select c from k{n} where id = {MIDDLE})"
        );
        (text, host.source.texts(&after).await)
    }
}

/// Sizes of pages, and whether each page is a statement of its own, which starts from the last page's cursor.
const PAGES: [(u32, bool); 3] = [(2, false), (1, true), (36, true)];

async fn every_row_is_read_once_whatever_the_pages(kind: Kind) {
    let host = host(kind).await;
    let kb = host.kb().await;
    let mut jobs = Vec::new();
    for (n, cursor) in types(kind).into_iter().enumerate() {
        cursor.fill(&host, n).await;
        let of = cursor.of;
        for table in [format!("k{n}"), format!("n{n}")] {
            for (batch_rows, paced) in PAGES {
                let dest = format!("{table}_{batch_rows}");
                let mut request = host.read(kb, &dest, &table, "c");
                request["batch_rows"] = batch_rows.into();
                if paced {
                    request["pacing"] = json!({"batch_delay_ms": 1});
                }
                jobs.push((of, host.dispatch(request).await, dest));
            }
        }
    }
    let mut wrong = Vec::new();
    let all = host
        .source
        .texts("select cast(id as varchar(9)) from k0")
        .await;
    for (of, job, dest) in jobs {
        let job = host.ended(&job).await;
        let landed = match job["state"] == "completed" {
            true => ids(&host, kb, &dest).await,
            false => Vec::new(),
        };
        if landed != all {
            wrong.push(format!(
                "{of} as {dest}: {} rows, {} {}",
                landed.len(),
                job["state"],
                job["message"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn a_read_behind_a_value_is_exactly_the_rows_after_it(kind: Kind) {
    let host = host(kind).await;
    let kb = host.kb().await;
    let mut jobs = Vec::new();
    for (n, cursor) in types(kind).into_iter().enumerate() {
        cursor.fill(&host, n).await;
        let (of, api_kind) = (cursor.of, cursor.api_kind);
        let (middle, after) = cursor.middle(&host, n).await;
        for (table, paced) in [(format!("k{n}"), true), (format!("n{n}"), false)] {
            let mut request = host.read(kb, &table, &table, "c");
            request["batch_rows"] = json!(3);
            request["cursor"] = json!({"kind": api_kind, "value": middle});
            if paced {
                request["pacing"] = json!({"batch_delay_ms": 1});
            }
            let reply = host.post(&host.connector_path("/jobs"), request).await;
            jobs.push((of, reply.json, table, middle.clone(), after.clone()));
        }
    }
    let mut wrong = Vec::new();
    for (of, reply, dest, middle, after) in jobs {
        let Some(id) = reply["job_id"].as_str() else {
            wrong.push(format!("{of} behind {middle}: {reply}"));
            continue;
        };
        let job = host.ended(id).await;
        let warned = job["warnings"].to_string().contains("2 rows have no value");
        let landed = match job["state"] == "completed" {
            true => ids(&host, kb, &dest).await,
            false => Vec::new(),
        };
        if landed != after || !warned || job["rows_emitted"] != after.len() {
            wrong.push(format!(
                "{of} as {dest} behind {middle}: {landed:?}, not {after:?}; {job}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn ids(host: &Host, kb: i64, dest: &str) -> Vec<String> {
    let rows = host.query(kb, &format!("select id from {dest}")).await;
    let rows = rows.as_array().expect("rows");
    let mut ids: Vec<_> = rows
        .iter()
        .map(|row: &Value| row["id"].to_string())
        .collect();
    ids.sort();
    ids
}

on_each_kind!(
    every_row_is_read_once_whatever_the_pages,
    a_read_behind_a_value_is_exactly_the_rows_after_it,
);
