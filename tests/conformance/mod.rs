//! The conformance kit on every plugin of ours, and on a guest that breaks each rule: what it must not find, and what it must.

mod lies;
mod plugins;

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use sluice::conformance::{self, Check, Outcome, Report, Subject};
use sluice::connection::Connections;
use sluice::plugin::inspect;

use crate::harness::Source;

/// The kit on one component and one database.
async fn test(component: &Path, source: &Source, tables: &[&str]) -> Report {
    let connection = json!({"kind": source.kind().name(), "dsn": source.dsn()});
    test_on(component, connection, tables).await
}

/// The kit on one component and one connection.
async fn test_on(component: &Path, connection: Value, tables: &[&str]) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("connections.json");
    std::fs::write(&file, json!({ "src": connection }).to_string()).expect("writable");
    let inspection = inspect(component).await.expect("it can be read");
    let subject = Subject {
        plugin: inspection
            .plugin
            .unwrap_or_else(|| panic!("{:?}", inspection.problems)),
        connections: Arc::new(Connections::open(&file)),
        connection_ref: "src".into(),
        tables: tables.iter().map(|&table| table.to_owned()).collect(),
    };
    conformance::run(subject, |_| {}).await
}

/// The checks that did not pass, each with what is said of it.
fn not_passed(report: &Report) -> Vec<String> {
    let shown = |check: &Check| {
        let name = check.rule.name;
        match &check.outcome {
            Outcome::Passed => None,
            Outcome::Failed(found) => Some(format!("{name} failed: {}", found.sentence)),
            Outcome::Skipped(reason) => Some(format!("{name} skipped: {reason}")),
        }
    };
    report.checks.iter().filter_map(shown).collect()
}

/// The names of those that failed.
fn failed(report: &Report) -> Vec<&'static str> {
    let failed = report
        .checks
        .iter()
        .filter(|check| matches!(check.outcome, Outcome::Failed(_)));
    failed.map(|check| check.rule.name).collect()
}
