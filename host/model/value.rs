//! One exact value: a statement parameter, a cursor, a cell of a catalog answer. Never bulk data.
//! Text forms are lossless; the source compares and orders them, never the host.

use serde::{Deserialize, Serialize};

/// One value with its logical type. Mirrors `value` of the plugin contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Value {
    Null,
    Boolean(bool),
    Int(i64),
    Float(f64),
    Decimal(String),
    Text(String),
    Bytes(Vec<u8>),
    Date(String),
    Time(String),
    Timestamp(String),
    Timestamptz(String),
    Uuid(String),
    Native { type_name: String, text: String },
}

impl Value {
    /// The lossless text that a database parses back to the same value; none for null.
    /// Bytes are in PostgreSQL's hex form, `\x00ff`.
    pub fn to_text(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Boolean(b) => b.to_string(),
            Self::Int(i) => i.to_string(),
            Self::Float(f) => float_text(*f),
            Self::Bytes(bytes) => hex_text(bytes),
            Self::Decimal(s)
            | Self::Text(s)
            | Self::Date(s)
            | Self::Time(s)
            | Self::Timestamp(s)
            | Self::Timestamptz(s)
            | Self::Uuid(s)
            | Self::Native { text: s, .. } => s.clone(),
        })
    }
}

/// The words that databases use for the values that have no digits; the shortest digits that round-trip otherwise.
pub fn float_text(f: f64) -> String {
    if f.is_nan() {
        "NaN".into()
    } else if f.is_infinite() {
        if f > 0.0 {
            "Infinity".into()
        } else {
            "-Infinity".into()
        }
    } else {
        format!("{f:?}")
    }
}

/// `\x` and two lower-case digits a byte.
pub fn hex_text(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::from("\\x"), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
