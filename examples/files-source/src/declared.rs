//! The file that says what types cannot tell: `orders.types.json` beside the table, `{"zip": "text", "amount":
//! "decimal(12,2)"}`. What it names is announced with that type, whether a file has it yet or not.

use plugin_sdk::prelude::*;
use serde_json::Value as Json;

use crate::value_type::ValueType;

const MAX_BYTES: u32 = 1024 * 1024;

/// The types that are written down; none without the file.
///
/// # Errors
/// `InvalidRequest` where the file is not of that form.
pub fn types(folder: &Folder, path: &str) -> Result<Vec<(String, ValueType)>, Error> {
    let file = match folder.open(path) {
        Ok(file) => file,
        Err(error) if error.kind == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    read(&file.read(0, MAX_BYTES)?).map_err(|problem| {
        let message = format!(
            "{path} {problem}: it is an object of names and types, like {{\"zip\": \"text\"}}"
        );
        error(ErrorKind::InvalidRequest, message)
    })
}

fn read(text: &[u8]) -> Result<Vec<(String, ValueType)>, String> {
    let json: Json = serde_json::from_slice(text).map_err(|error| {
        format!(
            "is not JSON at line {}, column {}",
            error.line(),
            error.column()
        )
    })?;
    let Json::Object(types) = json else {
        return Err("is no JSON object".to_owned());
    };
    let known = |(name, word): (String, Json)| {
        let known = word.as_str().and_then(ValueType::of_word);
        match known {
            Some(value_type) => Ok((name, value_type)),
            None => Err(format!(
                "gives \"{name}\" a type that is none of {}",
                ValueType::words()
            )),
        }
    };
    types.into_iter().map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_name() {
        let types = read(br#"{"zip": "text", "amount": "decimal(12,2)"}"#).expect("of that form");
        assert!(types.contains(&("zip".to_owned(), ValueType::Text)));
        assert!(types.contains(&("amount".to_owned(), ValueType::Decimal(12, 2))));
    }

    #[test]
    fn a_mistake_is_said() {
        for (text, words) in [
            ("[]", "no JSON object"),
            ("{", "line 1"),
            (r#"{"a": "varchar"}"#, "\"a\""),
            (r#"{"a": 1}"#, "decimal(12,2)"),
        ] {
            let problem = read(text.as_bytes()).expect_err("a mistake");
            assert!(problem.contains(words), "{problem}");
        }
    }
}
