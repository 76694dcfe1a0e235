//! `sluice demo`: the main job on a throw-away database, through the REST API as any client would use it. Succeeds only if
//! the knowledge base has what the source has.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use indicatif::HumanCount;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_postgres::NoTls;
use tokio_util::sync::CancellationToken;

use super::{CommandError, serve};
use crate::app::{App, FIRST_ORG};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::telemetry;

/// A shop's orders: every kind of column that such tables have, with a few nulls, in Zipf-like proportions.
const SOURCE_TABLE: &str = "
create table orders (
    order_id    bigint generated always as identity primary key,
    placed_at   timestamptz not null,
    customer    text not null,
    country     char(2) not null,
    status      text not null,
    items       smallint not null,
    amount      numeric(12,2) not null,
    discount    real,
    paid        boolean not null,
    delivery    date,
    address     jsonb not null,
    note        text
);
insert into orders (placed_at, customer, country, status, items, amount, discount, paid, delivery, address, note)
select timestamptz '2024-01-01 00:00+00' + g * interval '97 seconds',
       'customer ' || (1 + (g::bigint * 7919) % 20011),
       (array['DE','FR','IT','ES','NL','PL','SE','PT'])[1 + (g % 8) * (g % 3) / 2],
       (array['new','paid','packed','sent','sent','sent','returned'])[1 + g % 7],
       1 + g % 5,
       round((5 + (g::bigint * 31 % 100000) / 100.0)::numeric, 2),
       case when g % 6 = 0 then (g % 30) / 100.0 end,
       g % 7 <> 0,
       case when g % 11 <> 0 then date '2024-01-03' + g / 900 end,
       jsonb_build_object('street', 'Street ' || g % 977, 'zip', lpad((g % 99999)::text, 5, '0')),
       case when g % 13 = 0 then 'leave at the door, please' end
from generate_series(1, $ROWS) g;
create index on orders (placed_at, order_id);
analyze orders;";

const QUESTION: &str = "select country, count(*) as orders, sum(amount) as revenue, max(placed_at) as newest \
     from orders where paid group by country order by revenue desc limit 5";

#[derive(Debug, Args)]
pub struct Demo {
    /// Rows of the source table.
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    rows: u32,
    /// Keep the host running at the end, until Ctrl-C; so does a terminal.
    #[arg(long)]
    stay: bool,
}

impl Demo {
    pub async fn run(self, config: Config) -> Result<ExitCode, CommandError> {
        let folder = tempfile::tempdir().map_err(CommandError::from_display)?;
        say("1. a source: a throw-away PostgreSQL cluster");
        let cluster = Cluster::start().map_err(|error| {
            CommandError(format!("the demo needs a source database, and {error}"))
        })?;
        let expected = fill(&cluster, self.rows).await?;
        say(&format!(
            "   table orders, {} rows",
            HumanCount(self.rows.into())
        ));

        let config = Config {
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            log: "warn".into(),
            ..config
        };
        telemetry::start(&config).map_err(CommandError)?;
        let connections = json!({"shop": {"kind": "postgres", "dsn": cluster.dsn("postgres")}});
        std::fs::write(
            folder.path().join("connections.json"),
            connections.to_string(),
        )
        .map_err(CommandError::from_display)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(CommandError::from_display)?;
        let url = format!(
            "http://{}",
            listener.local_addr().map_err(CommandError::from_display)?
        );
        let app = App::open(config)
            .await
            .map_err(CommandError::from_display)?;
        say(&format!("2. a host on embedded defaults: {url}"));

        let key = app
            .first_key
            .clone()
            .ok_or_else(|| CommandError("the host made no first key".into()))?;
        let connector = app.connector.clone();
        let shutdown = CancellationToken::new();
        let host = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { app.serve(listener, shutdown).await }
        });
        let client = Client {
            http: reqwest::Client::new(),
            url,
            key,
            connector: connector.to_string(),
        };
        let agreed = client.tour(&expected).await?;
        if agreed && (self.stay || std::io::stdin().is_terminal()) {
            say("\nthe host runs on until Ctrl-C");
            serve::stop_signal()?.cancelled().await;
        }
        shutdown.cancel();
        host.await
            .map_err(CommandError::from_display)?
            .map_err(CommandError::from_display)?;
        Ok(if agreed {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Fills the source and answers what must land: rows and the sum of a column.
async fn fill(cluster: &Cluster, rows: u32) -> Result<Expected, CommandError> {
    let (client, connection) = tokio_postgres::connect(&cluster.dsn("postgres"), NoTls)
        .await
        .map_err(CommandError::from_display)?;
    tokio::spawn(connection);
    let script = SOURCE_TABLE.replace("$ROWS", &rows.to_string());
    client
        .batch_execute(&script)
        .await
        .map_err(CommandError::from_display)?;
    let row = client
        .query_one("select count(*), sum(amount)::text from orders", &[])
        .await
        .map_err(CommandError::from_display)?;
    Ok(Expected {
        rows: row.get(0),
        total: row.get(1),
    })
}

struct Expected {
    rows: i64,
    total: String,
}

struct Client {
    http: reqwest::Client,
    url: String,
    key: String,
    connector: String,
}

impl Client {
    /// Dispatches, watches, queries and compares. False: the counts do not agree.
    async fn tour(&self, expected: &Expected) -> Result<bool, CommandError> {
        let kb = self
            .post(&format!("/orgs/{FIRST_ORG}/k2"), json!({"name": "demo"}))
            .await?;
        let kb = kb["id"]
            .as_i64()
            .ok_or_else(|| CommandError(format!("no knowledge base: {kb}")))?;
        let jobs = format!("/orgs/{FIRST_ORG}/connectors/{}/jobs", self.connector);
        let request = json!({
            "kb_id": kb, "dest_table": "orders",
            "source": {"kind": "postgres", "connection_ref": "shop", "table": "orders", "cursor_column": "order_id"}
        });
        say("3. a job over the REST API: copy the table orders into the knowledge base \"demo\"");
        let job = self.post(&jobs, request.clone()).await?;
        let id = job["job_id"]
            .as_str()
            .ok_or_else(|| CommandError(format!("no job: {job}")))?;
        let done = self.watch(&format!("{jobs}/{id}")).await?;
        if done["state"] != "completed" {
            return Err(CommandError(format!(
                "the job did not complete: {}",
                done["message"]
            )));
        }
        let query = format!("/orgs/{FIRST_ORG}/k2/{kb}/query");
        let agreed = self.compare(&query, expected, &done).await?;
        self.ask(&query).await?;
        self.go_on(kb, &jobs, &request);
        Ok(agreed)
    }

    /// Shows the job's progress to its end and answers the last view.
    async fn watch(&self, path: &str) -> Result<Value, CommandError> {
        loop {
            let view = self.get(&format!("{path}?wait_ms=500")).await?;
            let state = view["state"].as_str().unwrap_or_default();
            let rows = view["rows_emitted"].as_u64().unwrap_or_default();
            let per_sec = view["rows_per_sec"].as_f64().unwrap_or_default();
            say(&format!(
                "   {state:<9} {:>9} rows  {:>9} rows/s",
                HumanCount(rows).to_string(),
                HumanCount(per_sec as u64).to_string()
            ));
            if matches!(state, "completed" | "failed" | "stopped") {
                return Ok(view);
            }
        }
    }

    async fn compare(
        &self,
        query: &str,
        expected: &Expected,
        job: &Value,
    ) -> Result<bool, CommandError> {
        let answer = self
            .post(
                query,
                json!({"sql": "select count(*) as n, sum(amount) as total from orders"}),
            )
            .await?;
        let landed = &answer["rows"][0];
        let agreed = landed["n"] == expected.rows
            && landed["total"] == expected.total.as_str()
            && job["rows_emitted"] == expected.rows;
        let verdict = if agreed { "they agree" } else { "THEY DIFFER" };
        say(&format!(
            "   source: {} rows, sum {}; knowledge base: {} rows, sum {}: {verdict}",
            expected.rows,
            expected.total,
            landed["n"],
            landed["total"].as_str().unwrap_or("?")
        ));
        Ok(agreed)
    }

    async fn ask(&self, query: &str) -> Result<(), CommandError> {
        say(&format!("4. a query over it: {QUESTION}"));
        let answer = self.post(query, json!({"sql": QUESTION})).await?;
        for row in answer["rows"].as_array().into_iter().flatten() {
            let cell = |name: &str| {
                row[name]
                    .as_str()
                    .map_or_else(|| row[name].to_string(), str::to_owned)
            };
            say(&format!(
                "   {:<8} {:>8} {:>16} {}",
                cell("country"),
                cell("orders"),
                cell("revenue"),
                cell("newest")
            ));
        }
        Ok(())
    }

    fn go_on(&self, kb: i64, jobs: &str, request: &Value) {
        let mut again = request.clone();
        again["dest_table"] = "orders_again".into();
        let (url, auth) = (
            &self.url,
            format!("-H 'Authorization: Bearer {}'", self.key),
        );
        say("5. go on by hand, while a host runs (make demo STAY=1, or in a terminal):");
        say(&format!("   curl {auth} {url}{jobs} -d '{again}'"));
        say(&format!(
            "   curl {auth} {url}/orgs/{FIRST_ORG}/connectors/jobs"
        ));
        say(&format!(
            "   curl {auth} {url}/orgs/{FIRST_ORG}/k2/{kb}/query -d '{{\"sql\": \"select * from orders limit 3\"}}'"
        ));
    }

    async fn get(&self, path: &str) -> Result<Value, CommandError> {
        self.answer(self.http.get(format!("{}{path}", self.url)))
            .await
    }

    async fn post(&self, path: &str, body: Value) -> Result<Value, CommandError> {
        self.answer(self.http.post(format!("{}{path}", self.url)).json(&body))
            .await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, CommandError> {
        let response = request
            .bearer_auth(&self.key)
            .send()
            .await
            .map_err(CommandError::from_display)?;
        let (status, body) = (
            response.status(),
            response
                .json::<Value>()
                .await
                .map_err(CommandError::from_display)?,
        );
        if status.is_success() {
            Ok(body)
        } else {
            Err(CommandError(format!(
                "the host answered {status}: {}",
                body["message"]
            )))
        }
    }
}

/// Shown at once, also through a pipe.
fn say(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}
