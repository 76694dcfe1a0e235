//! One line of NDJSON: the members of an object, each with its value as the line writes it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Name and raw value of each member, in the line's order.
pub struct Members<'a>(pub Vec<(String, &'a str)>);

/// # Errors
/// What is wrong, without a part of the line.
pub fn members(line: &str) -> Result<Members<'_>, String> {
    serde_json::from_str(line).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "the line is not a JSON object",
            _ => "the line is not JSON",
        };
        format!("{what}, from its letter {} on", error.column())
    })
}

/// The text of a JSON string; none if the raw value is not one.
pub fn string(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.starts_with('"') {
        return None;
    }
    match raw[1..].strip_suffix('"') {
        Some(inner) if !inner.contains('\\') => Some(Cow::Borrowed(inner)),
        _ => serde_json::from_str(raw).ok().map(Cow::Owned),
    }
}

/// Whether a text is one JSON value.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((name, value.get()));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_form() {
        let Members(members) =
            members(r#" {"a": 1.50, "b": [1, {"c": null}], "ä": "x\n"} "#).expect("an object");
        let members: Vec<_> = members
            .iter()
            .map(|(name, raw)| (name.as_str(), *raw))
            .collect();
        assert_eq!(
            members,
            [
                ("a", "1.50"),
                ("b", r#"[1, {"c": null}]"#),
                ("ä", r#""x\n""#)
            ]
        );
        assert_eq!(string(r#""x\n""#).as_deref(), Some("x\n"));
        assert_eq!(string(r#""plain""#).as_deref(), Some("plain"));
        assert_eq!(string("1"), None);
    }

    #[test]
    fn what_is_no_object_is_said_without_its_text() {
        for (line, word) in [
            ("[1]", "object"),
            ("{\"canary\": ", "not JSON"),
            ("{\"a\": 1} canary", "not JSON"),
            ("canary", "not JSON"),
        ] {
            let problem = members(line).err().expect("no object");
            assert!(
                problem.contains(word) && !problem.contains("canary"),
                "{problem}"
            );
        }
    }
}
