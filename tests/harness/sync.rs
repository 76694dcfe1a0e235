//! A standing order whose runs a test starts by hand.

use serde_json::{Value, json};

use super::{Host, merge};

/// A sync without a schedule of its own.
pub struct Sync<'a> {
    host: &'a Host,
    pub id: String,
    pub kb: i64,
    pub table: String,
}

impl<'a> Sync<'a> {
    /// Of a table of `src` into one of the same name, in a knowledge base of its own.
    pub async fn of(host: &'a Host, table: &str, cursor_column: &str) -> Self {
        Self::with(host, table, cursor_column, json!({})).await
    }

    /// `more` adds to the request or overrides it.
    pub async fn with(host: &'a Host, table: &str, cursor_column: &str, more: Value) -> Self {
        let kb = host.kb().await;
        let mut request = host.read(kb, table, table, cursor_column);
        merge(
            &mut request,
            json!({"interval_secs": 3600, "schedule": {"kind": "manual"}}),
        );
        merge(&mut request, more);
        let reply = host.post(&host.connector_path("/syncs"), request).await;
        assert_eq!(reply.status, 201, "{}", reply.json);
        let id = reply.json["sync_id"].as_str().expect("an id").to_owned();
        let table = table.to_owned();
        Self {
            host,
            id,
            kb,
            table,
        }
    }

    pub fn path(&self, rest: &str) -> String {
        self.host
            .connector_path(&format!("/syncs/{}{rest}", self.id))
    }

    /// Starts a run and answers its job's id.
    pub async fn start(&self) -> String {
        let reply = self.host.post(&self.path("/run"), json!({})).await;
        assert_eq!(reply.status, 202, "{}", reply.json);
        reply.json["job_id"].as_str().expect("an id").to_owned()
    }

    /// One run, to its end.
    pub async fn run(&self) -> Value {
        let id = self.start().await;
        self.host.ended(&id).await
    }

    /// One run that must complete, and the rows that it landed.
    pub async fn lands(&self) -> u64 {
        let view = self.run().await;
        assert_eq!(view["state"], "completed", "{view}");
        view["rows_emitted"].as_u64().expect("a count")
    }

    /// What landed, as sorted texts of an expression.
    pub async fn landed(&self, expression: &str) -> Vec<String> {
        let sql = format!("select {expression} as x from \"{}\"", self.table);
        let rows = self.host.query(self.kb, &sql).await;
        let rows = rows.as_array().expect("rows");
        let text = |row: &Value| match &row["x"] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut texts: Vec<String> = rows.iter().map(text).collect();
        texts.sort();
        texts
    }
}
