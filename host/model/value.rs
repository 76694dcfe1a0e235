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
    Float(#[serde(with = "float_as_text")] f64),
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

/// JSON has no NaN and no infinities, and its readers may round the last digit: a cursor would skip or repeat rows.
mod float_as_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(float: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::float_text(*float))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_is_the_same_after_json() {
        for float in [
            0.1,
            5e-324,
            f64::MAX,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            122.416_294_033_786_58,
        ] {
            let json = serde_json::to_string(&Value::Float(float)).expect("no io");
            let read = serde_json::from_str(&json).expect("just written");
            assert!(
                matches!(read, Value::Float(read) if read.to_bits() == float.to_bits()),
                "{json}"
            );
        }
    }
}
