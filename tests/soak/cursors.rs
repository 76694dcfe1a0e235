//! Cursors that were once committed, read from the tables' logs: each is a place to go on from.

use std::path::Path;

use rand::seq::IndexedRandom;
use serde_json::{Value, json};

use super::compare::differences;
use super::kinds::{KINDS, Kind};
use super::scenario::Soak;

/// Of each kind.
const TRIED: usize = 3;

impl Soak {
    /// Reads each source again from cursors that were committed on the way.
    ///
    /// # Panics
    /// It is not exactly the rows behind the cursor that land.
    pub async fn go_on_from_old_cursors(&mut self) {
        let lake = self.host.data.path().join("kb");
        for kind in KINDS.iter().filter(|kind| kind.keeps_its_place) {
            let cursors = committed_cursors(&lake, kind);
            let tried: Vec<Value> = cursors.sample(&mut self.random, TRIED).cloned().collect();
            assert_eq!(tried.len(), TRIED, "{} commits", kind.name);
            for (number, cursor) in tried.iter().enumerate() {
                self.go_on_from(kind, cursor, &format!("{}_{number}", kind.name))
                    .await;
            }
        }
    }

    async fn go_on_from(&self, kind: &Kind, cursor: &Value, dest_table: &str) {
        let mut request = self
            .host
            .read(self.kb, dest_table, kind.source.0, kind.source.1);
        request["cursor"] = json!({
            "kind": cursor["value"]["kind"], "value": cursor["value"]["value"], "tie": cursor["tie"]
        });
        let view = self.host.job(request).await;
        assert_eq!(view["state"], "completed", "{view}");
        let owed = format!("{} where {}", kind.owed, behind(kind, cursor));
        let owed = self.host.source.texts(&owed).await;
        let landed = self.landed(kind, dest_table).await;
        let found = differences(&owed, &[], &landed);
        assert!(found.is_empty(), "{dest_table} from {cursor}: {found:?}");
    }
}

/// Every table here that has a key has `id`.
fn behind(kind: &Kind, cursor: &Value) -> String {
    let column = kind.source.1;
    let value = &cursor["value"]["value"];
    let value = value
        .as_str()
        .map_or_else(|| value.to_string(), |text| format!("'{text}'"));
    match cursor["tie"].get(0) {
        Some(id) => format!("({column}, id) > ({value}, {})", id["value"]),
        None => format!("{column} > {value}"),
    }
}

/// Those with a value: a place among rows without one is nothing that a client can name.
fn committed_cursors(lake: &Path, kind: &Kind) -> Vec<Value> {
    let folders = std::fs::read_dir(lake).expect("a lake");
    let mut folders = folders.map(|folder| folder.expect("readable"));
    // What begins with a dot is of the lake itself.
    let kb = folders.find(|folder| !folder.file_name().to_string_lossy().starts_with('.'));
    let kb = kb.expect("a knowledge base").path();
    let log = kb.join(kind.name).join("_delta_log");
    let mut cursors = Vec::new();
    for entry in std::fs::read_dir(log).expect("a table") {
        let path = entry.expect("readable").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("readable");
        let actions = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("an action"));
        let checkpoints = actions.map(|action| action["commitInfo"]["sluice"]["cursor"].clone());
        cursors.extend(checkpoints.filter(|cursor| !cursor["value"]["value"].is_null()));
    }
    cursors
}
