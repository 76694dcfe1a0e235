//! `examples/sqlite-source`: what is in an SQLite file lands once, or the job says why not.

mod reads;
mod syncs;
mod types;

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Host, Sync, merge, plugin};

/// A host that may read a database file.
struct File {
    host: Host,
    folder: TempDir,
    _plugins: TempDir,
}

impl File {
    /// Made by these statements.
    async fn of(sql: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plugins = plugin::folder_of("plugin-sqlite");
        let place = plugins.path().to_str().expect("text");
        let host = Host::start_with(&[("SLUICE_PLUGINS_DIR", place)]).await;
        let file = Self {
            host,
            folder,
            _plugins: plugins,
        };
        file.host
            .set_connections(&json!({"src": {"kind": "sqlite", "dsn": file.path()}}));
        file.sql(sql);
        file
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("app.db")
    }

    fn sql(&self, sql: &str) {
        let connection = Connection::open(self.path()).expect("a file");
        connection.execute_batch(sql).expect(sql);
    }

    fn request(&self, kb: i64, table: &str, cursor: &str, more: Value) -> Value {
        let mut request = self.host.request(kb, "dest", (table, cursor), more);
        request["source"]["kind"] = "sqlite".into();
        request
    }

    /// A job of a table in a knowledge base of its own.
    async fn job(&self, table: &str, cursor: &str, more: Value) -> (i64, Value) {
        let kb = self.host.kb().await;
        let view = self.host.job(self.request(kb, table, cursor, more)).await;
        let place = self.folder.path().to_str().expect("text");
        assert!(
            !view.to_string().contains(place),
            "the file's place is an address: {view}"
        );
        (kb, view)
    }

    /// What a table lands as, in the order of an expression.
    async fn landed(&self, table: &str, cursor: &str, more: Value, order: &str) -> Value {
        let (kb, view) = self.job(table, cursor, more).await;
        assert_eq!(view["state"], "completed", "{view}");
        let sql = format!("select * from dest order by {order}");
        self.host.query(kb, &sql).await
    }

    /// Why a job of a table fails.
    async fn refused(&self, table: &str, cursor: &str) -> String {
        let (_, view) = self.job(table, cursor, json!({})).await;
        assert_eq!(view["error"]["failure"], "config", "{view}");
        view["error"]["detail"]
            .as_str()
            .expect("a sentence")
            .to_owned()
    }

    async fn sync(&self, cursor: &str, more: Value) -> Sync<'_> {
        let mut request = json!({"source": {"kind": "sqlite"}});
        merge(&mut request, more);
        Sync::with(&self.host, "t", cursor, request).await
    }
}
