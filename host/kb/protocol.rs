//! What a table asks of its readers and writers, as Delta's `protocol` line says it. Asks for no more than it must.

use deltalake_core::kernel::Action;
use serde_json::Value;

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
