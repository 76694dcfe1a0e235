//! Parameters, all sent as text: the statement casts each to the exact type of what it is compared with.

use crate::model::value::Value;

/// The texts that the server parses back to the same values.
pub fn texts(params: &[Value]) -> Vec<Option<String>> {
    params.iter().map(text).collect()
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Boolean(value) => Some(u8::from(*value).to_string()),
        Value::Bytes(bytes) => Some(hex(bytes)),
        // The server wants the minutes of an offset, too.
        Value::Timestamptz(text) => Some(match text.strip_suffix("+00") {
            Some(instant) => format!("{instant}+00:00"),
            None => text.clone(),
        }),
        other => other.to_text(),
    }
}

/// As `convert(varbinary, …, 1)` reads it.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        write!(text, "{byte:02X}").expect("writing to a string cannot fail");
        text
    })
}

/// The declaration of that many, as the description of a statement needs it.
pub fn declaration(count: usize) -> Option<String> {
    let each: Vec<String> = (1..=count)
        .map(|number| format!("@P{number} nvarchar(4000)"))
        .collect();
    (count > 0).then(|| each.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_the_servers_own_text() {
        let values = [
            (Value::Null, None),
            (Value::Boolean(true), Some("1")),
            (Value::Int(-5), Some("-5")),
            (Value::Float(0.1), Some("0.1")),
            (Value::Bytes(vec![0, 0xab]), Some("0x00AB")),
            (
                Value::Timestamptz("2024-02-29 01:02:03.5+00".into()),
                Some("2024-02-29 01:02:03.5+00:00"),
            ),
            (
                Value::Timestamptz("2024-02-29T01:02:03Z".into()),
                Some("2024-02-29T01:02:03Z"),
            ),
            (Value::Text("it's".into()), Some("it's")),
        ];
        for (value, expected) in values {
            assert_eq!(text(&value).as_deref(), expected);
        }
    }

    #[test]
    fn no_parameter_needs_no_declaration() {
        assert_eq!(declaration(0), None);
        assert_eq!(
            declaration(2).as_deref(),
            Some("@P1 nvarchar(4000), @P2 nvarchar(4000)")
        );
    }
}
