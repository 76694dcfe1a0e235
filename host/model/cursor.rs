//! Positions in a table. The host stores and hands back; it never compares two of them itself.

use serde::{Deserialize, Serialize};

use super::value::Value;

/// A position: the cursor column's value and, when the table has a key, the key of that row.
/// A null value is a position inside the rows that have no cursor value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cursor {
    pub value: Value,
    #[serde(default)]
    pub tie: Vec<Value>,
    /// Rows with exactly this value, at or before this position, that were read up to here. What came late among them is
    /// found by counting again. None: nobody counted, so a read goes on strictly behind.
    #[serde(default)]
    pub landed: Option<u64>,
    /// Which rows those are, in a form that only the plugin understands. None: only counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}
