//! What a table asks of its readers and writers, as Delta's `protocol` line says it. Asks for no more than it must.

use deltalake_core::kernel::Action;
use serde_json::{Map, Value};

use super::KbError;
use super::schema::{Layout, text};

/// Features that ask nothing of a writer who only adds whole files or removes them.
const HARMLESS_FEATURES: &[&str] = &[
    "appendOnly",
    "invariants",
    "timestampNtz",
    "columnMapping",
    "deletionVectors",
    "domainMetadata",
    "v2Checkpoint",
    "vacuumProtocolCheck",
];

/// A protocol that names column mapping as a feature. Left to itself, the library says it by version, and forgets it
/// when another column (a timestamp without zone) makes it name the features.
pub(super) fn mapping_protocol() -> Action {
    serde_json::from_value(serde_json::json!({ "protocol": {
        "minReaderVersion": 3,
        "minWriterVersion": 7,
        "readerFeatures": ["columnMapping"],
        "writerFeatures": ["columnMapping"],
    }}))
    .expect("the line has the fields that the Delta protocol requires of it")
}

/// What a table must ask of its readers and writers to hold both; none if `old` is enough.
pub(super) fn stronger_protocol(old: &Value, new: &Value) -> Option<Value> {
    let number = |protocol: &Value, key: &str| protocol[key].as_i64().unwrap_or_default();
    let features =
        |protocol: &Value, key: &str| protocol[key].as_array().cloned().unwrap_or_default();
    let mut merged = if number(old, "minWriterVersion") >= 7 {
        old.clone()
    } else {
        new.clone()
    };
    for key in ["minReaderVersion", "minWriterVersion"] {
        merged[key] = number(old, key).max(number(new, key)).into();
    }
    for key in ["readerFeatures", "writerFeatures"] {
        let mut all = features(old, key);
        all.extend(
            features(new, key)
                .into_iter()
                .filter(|feature| !features(old, key).contains(feature)),
        );
        if !all.is_empty() {
            merged[key] = all.into();
        }
    }
    (merged != *old).then_some(merged)
}

impl Layout {
    /// Whether we may add files to such a table without breaking a promise that it makes.
    pub(super) fn check_writable(&self, table: &str) -> Result<(), KbError> {
        let refuse = |problem: String| {
            Err(KbError::Unsupported {
                table: table.to_owned(),
                problem,
            })
        };
        if self.metadata["partitionColumns"]
            .as_array()
            .is_some_and(|columns| !columns.is_empty())
        {
            return refuse("it is partitioned".to_owned());
        }
        let none = Map::new();
        let configuration = self.metadata["configuration"].as_object().unwrap_or(&none);
        if configuration
            .keys()
            .any(|key| key.starts_with("delta.constraints."))
        {
            return refuse("it has constraints".to_owned());
        }
        let generated = |key: &str| {
            self.fields
                .iter()
                .any(|field| !field["metadata"][key].is_null())
        };
        if generated("delta.generationExpression") || generated("delta.invariants") {
            return refuse("it has generated or checked columns".to_owned());
        }
        let features = self.protocol["writerFeatures"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        match features
            .iter()
            .map(text)
            .find(|feature| !HARMLESS_FEATURES.contains(feature))
        {
            Some(feature) => refuse(format!(
                "it uses Delta's {feature}, which only other tools write"
            )),
            None => Ok(()),
        }
    }

    /// Whether we may also take all files out.
    pub(super) fn check_replaceable(&self, table: &str) -> Result<(), KbError> {
        if self.metadata["configuration"]["delta.appendOnly"] == "true" {
            let problem = "it takes new rows, but gives none away".to_owned();
            return Err(KbError::Unsupported {
                table: table.to_owned(),
                problem,
            });
        }
        self.check_writable(table)
    }
}
