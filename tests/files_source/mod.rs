//! `examples/files-source`: what is in the files of a lent folder lands once, or the job says why not.

mod reads;
mod refusals;
mod syncs;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Host, plugin};

/// A host that may read a folder.
struct Exports {
    host: Host,
    folder: TempDir,
    plugins: TempDir,
}

impl Exports {
    async fn start() -> Self {
        Self::start_with(&[]).await
    }

    async fn start_with(settings: &[(&str, &str)]) -> Self {
        let (plugins, folder) = (plugin::folder_of("plugin-files"), tempfile::tempdir());
        let folder = folder.expect("a temporary folder");
        let place = plugins.path().to_str().expect("text").to_owned();
        let settings = [&[("SLUICE_PLUGINS_DIR", place.as_str())], settings].concat();
        let host = Host::start_with(&settings).await;
        host.set_connections(&json!({"src": {"kind": "files", "dsn": folder.path()}}));
        Self {
            host,
            folder,
            plugins,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("is below the folder")).expect("writable");
        fs::write(path, content).expect("writable");
    }

    fn append(&self, path: &str, content: &str) {
        let mut file = OpenOptions::new().append(true).open(self.path(path));
        let file = file.as_mut().expect("is there");
        file.write_all(content.as_bytes()).expect("writable");
    }

    /// A job request for a table.
    fn request(&self, kb: i64, table: &str, more: Value) -> Value {
        let mut request = self.host.request(kb, "dest", (table, "_position"), more);
        request["source"]["kind"] = "files".into();
        request
    }

    /// A job of a table in a knowledge base of its own.
    async fn job(&self, table: &str, more: Value) -> (i64, Value) {
        let kb = self.host.kb().await;
        let view = self.host.job(self.request(kb, table, more)).await;
        let text = view.to_string();
        let place = self.folder.path().to_str().expect("text");
        assert!(
            !text.contains(place),
            "the folder's place is an address: {text}"
        );
        (kb, view)
    }

    /// What a table lands as, by position.
    async fn landed(&self, table: &str, columns: &str) -> Value {
        let (kb, view) = self.job(table, json!({})).await;
        assert_eq!(view["state"], "completed", "{view}");
        let sql = format!("select {columns} from dest order by _position");
        self.host.query(kb, &sql).await
    }

    /// How a job of a table fails.
    async fn refused(&self, table: &str) -> Value {
        let (_, view) = self.job(table, json!({})).await;
        assert_eq!(view["state"], "failed", "{view}");
        view["error"].clone()
    }
}
