//! What the demo does over the REST API, as any client would: copy, watch, compare, ask.

use indicatif::HumanCount;
use serde_json::{Value, json};

use super::super::CommandError;
use super::say;
use crate::app::FIRST_ORG;

const QUESTION: &str = "select country, count(*) as orders, sum(amount) as revenue, max(placed_at) as newest \
     from orders where paid group by country order by revenue desc limit 5";

/// A table of a source, and what must land of it.
pub struct Table {
    pub kind: &'static str,
    /// Its name in `connections.json`.
    pub connection: &'static str,
    pub name: &'static str,
    pub cursor_column: &'static str,
    /// The column that `total` is the sum of.
    pub summed: &'static str,
    pub rows: i64,
    pub total: String,
}

impl Table {
    fn request(&self, kb: i64, dest_table: &str) -> Value {
        json!({
            "kb_id": kb, "dest_table": dest_table,
            "source": {"kind": self.kind, "connection_ref": self.connection, "table": self.name, "cursor_column": self.cursor_column}
        })
    }
}

/// A client of the host.
pub struct Tour {
    pub http: reqwest::Client,
    pub url: String,
    pub key: String,
    pub connector: String,
}

impl Tour {
    /// The knowledge base that everything lands in.
    pub async fn kb(&self) -> Result<i64, CommandError> {
        let kb = self
            .post(&format!("/orgs/{FIRST_ORG}/k2"), json!({"name": "demo"}))
            .await?;
        kb["id"]
            .as_i64()
            .ok_or_else(|| CommandError(format!("no knowledge base: {kb}")))
    }

    /// Dispatches, watches and compares. False: the counts do not agree.
    pub async fn copy(&self, kb: i64, table: &Table) -> Result<bool, CommandError> {
        let jobs = self.jobs();
        let job = self.post(&jobs, table.request(kb, table.name)).await?;
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
        self.compare(kb, table, &done).await
    }

    fn jobs(&self) -> String {
        format!("/orgs/{FIRST_ORG}/connectors/{}/jobs", self.connector)
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

    async fn compare(&self, kb: i64, table: &Table, job: &Value) -> Result<bool, CommandError> {
        let (name, summed) = (table.name, table.summed);
        let sql = format!("select count(*) as n, sum({summed}) as total from {name}");
        let answer = self.post(&query(kb), json!({"sql": sql})).await?;
        let landed = &answer["rows"][0];
        let total = text(&landed["total"]);
        let agreed =
            landed["n"] == table.rows && total == table.total && job["rows_emitted"] == table.rows;
        let verdict = if agreed { "they agree" } else { "THEY DIFFER" };
        say(&format!(
            "   source: {} rows, sum {}; knowledge base: {} rows, sum {total}: {verdict}",
            table.rows, table.total, landed["n"]
        ));
        Ok(agreed)
    }

    /// Asks a question about the orders.
    pub async fn ask(&self, kb: i64) -> Result<(), CommandError> {
        say(&format!("4. a query over it: {QUESTION}"));
        let answer = self.post(&query(kb), json!({"sql": QUESTION})).await?;
        for row in answer["rows"].as_array().into_iter().flatten() {
            let cell = |name: &str| text(&row[name]);
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

    /// Says how to go on by hand.
    pub fn go_on(&self, kb: i64, table: &Table) {
        let again = table.request(kb, &format!("{}_again", table.name));
        let jobs = self.jobs();
        let (url, auth) = (
            &self.url,
            format!("-H 'Authorization: Bearer {}'", self.key),
        );
        say("6. go on by hand, while a host runs (make demo STAY=1, or in a terminal):");
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

fn query(kb: i64) -> String {
    format!("/orgs/{FIRST_ORG}/k2/{kb}/query")
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
