//! Every type that has an order can be a cursor column: a full read delivers every row once, whatever the size of its
//! pages, and a read behind a value delivers exactly the rows after it. The server says which those are.

use serde_json::{Value, json};

use crate::harness::Host;

/// A type, its value of row `g` in -10..40 (with ties), and the API's kind of a cursor.
const TYPES: &[(&str, &str, &str)] = &[
    ("int2", "(g / 2)::int2", "int"),
    ("int4", "g / 2 * 100000000", "int"),
    (
        "int8",
        "case g when -10 then -9223372036854775808 else g / 2 * 100000000000000000 end",
        "int",
    ),
    (
        "float4",
        "case g when 39 then 'NaN' when 38 then 'Infinity' when -10 then '-Infinity' else (g / 2 / 3.0)::float4 end",
        "float",
    ),
    (
        "float8",
        "case g when 39 then 'NaN' when 38 then 'Infinity' when 3 then '-0' else g / 2 / 3.0::float8 end",
        "float",
    ),
    (
        "numeric",
        "case g when 39 then 'NaN' else round((g / 3)::numeric * 1e30, abs(g) % 3) end",
        "decimal",
    ),
    (
        "numeric(30,4)",
        "(g / 2) * 1234567890123456789012.3456",
        "decimal",
    ),
    ("numeric(3,-2)", "(g / 2) * 100", "decimal"),
    ("text collate \"C\"", "chr(60 + g) || (g / 2)", "text"),
    (
        "text collate \"und-x-icu\"",
        "(array['a', 'B', 'ä', 'Z', '_', '🦀'])[1 + abs(g) % 6] || g / 7",
        "text",
    ),
    (
        "text collate nocase",
        "(array['a', 'A', 'b', 'B'])[1 + abs(g) % 4] || g / 5",
        "text",
    ),
    ("varchar(20)", "'v''\"' || g / 2", "text"),
    ("char(8)", "chr(70 + g)", "text"),
    ("name", "'n' || g / 2", "text"),
    (
        "citext",
        "(array['a', 'A', 'b', 'B'])[1 + abs(g) % 4] || g / 5",
        "text",
    ),
    ("uuid", "md5((g / 2)::text)::uuid", "uuid"),
    (
        "bytea",
        "decode(case when g < 0 then '00' else 'ff' end || to_hex(g / 2 + 100), 'hex')",
        "bytes",
    ),
    ("date", "date '1970-01-01' + g / 2 * 1000", "date"),
    (
        "timestamp",
        "timestamp '1970-01-01 00:00:00.031153' + g / 2 * interval '1 microsecond'",
        "timestamp",
    ),
    (
        "timestamptz",
        "timestamptz '2026-03-29 00:59:59.999999+00' + g / 2 * interval '1 microsecond'",
        "timestamptz",
    ),
    (
        "timestamptz",
        "timestamptz '1800-01-01 00:00:00+00' + g / 2 * interval '20 years'",
        "timestamptz",
    ),
    (
        "time",
        "case g when 39 then '24:00:00' else time '12:00:00.5' + g / 2 * interval '1 microsecond' end",
        "time",
    ),
    (
        "timetz",
        "(time '12:00:00' + g / 2 * interval '1 second')::text::timetz at time zone make_interval(hours => g % 3)",
        "time",
    ),
    (
        "interval",
        "case when g % 2 = 0 then make_interval(days => g / 2) else make_interval(hours => g / 2 * 24) end",
        "text",
    ),
    (
        "inet",
        "('10.0.' || g + 10 || '.0/' || 24 + abs(g) % 2)::inet",
        "text",
    ),
    ("cidr", "('10.' || g / 2 + 10 || '.0.0/16')::cidr", "text"),
    (
        "macaddr",
        "('08:00:2b:01:02:' || lpad(to_hex(g / 2 + 10), 2, '0'))::macaddr",
        "text",
    ),
    ("mood", "(enum_range(null::mood))[1 + abs(g) % 3]", "text"),
    ("bool", "g > 10", "text"),
    ("positive", "g / 2 + 100", "int"),
    ("bit(8)", "(g / 2 + 20)::bit(8)", "text"),
    ("varbit", "(g / 2 + 20)::bit(8)::varbit", "text"),
    ("money", "(g / 2)::money", "text"),
    ("oid", "(g + 4000000000)::oid", "int"),
    ("\"char\"", "chr(70 + g)::\"char\"", "text"),
    ("int4range", "int4range(g / 2, g / 2 + 3)", "text"),
    ("pg_lsn", "('16/' || to_hex(g / 2 + 20))::pg_lsn", "text"),
    ("tsvector", "to_tsvector('simple', 'w' || g / 2)", "text"),
];

const SETUP: &str = "create extension citext; set timezone = 'UTC';
    create type mood as enum ('sad', 'so la la', 'happy'); create domain positive as int check (value > 0);
    create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

/// 50 rows with values and two without, with a key and without any.
async fn fill(host: &Host, n: usize, of: &str, value: &str) {
    host.sql(&format!(
        "create table k{n} (id int primary key, c {of});
         insert into k{n} select g, {value} from generate_series(-10, 39) g order by md5(g::text);
         insert into k{n} values (1000, null), (1001, null);
         create table n{n} as table k{n}"
    ))
    .await;
}

/// Sizes of pages, and whether each page is a statement of its own, which starts from the last page's cursor.
const PAGES: [(u32, bool); 3] = [(2, false), (1, true), (36, true)];

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_read_once_whatever_the_pages() {
    let host = Host::start().await;
    host.sql(SETUP).await;
    let kb = host.kb().await;
    let mut jobs = Vec::new();
    for (n, (of, value, _)) in TYPES.iter().enumerate() {
        fill(&host, n, of, value).await;
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
    let all = host.source.texts("select id::text from k0").await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_read_behind_a_value_is_exactly_the_rows_after_it() {
    let host = Host::start().await;
    host.sql(SETUP).await;
    let kb = host.kb().await;
    let mut jobs = Vec::new();
    for (n, (of, value, kind)) in TYPES.iter().enumerate() {
        fill(&host, n, of, value).await;
        let middle =
            format!("select c::text from k{n} where c is not null order by c offset 24 limit 1");
        let middle = host.text(&middle).await;
        let base = of.split(" collate").next().expect("a first part");
        let after = format!("select id::text from k{n} where c > $v${middle}$v$::{base}");
        let after = host.source.texts(&after).await;
        for (table, paced) in [(format!("k{n}"), true), (format!("n{n}"), false)] {
            let mut request = host.read(kb, &table, &table, "c");
            request["batch_rows"] = json!(3);
            request["cursor"] = json!({"kind": kind, "value": middle});
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
