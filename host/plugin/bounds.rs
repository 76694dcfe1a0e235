//! Bounds on text that comes from a guest. Cuts and escapes sentences, refuses names.

use super::limits::{MAX_MESSAGE_BYTES, MAX_NAME_BYTES};

/// A sentence for operators: control characters escaped, cut at a limit.
pub fn message(text: &str) -> String {
    visible(text, MAX_MESSAGE_BYTES)
}

/// At most `max_bytes` of text, with control characters escaped so that a log line stays one line.
pub fn visible(text: &str, max_bytes: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(max_bytes));
    for letter in text.chars() {
        if shown.len() + letter.len_utf8() > max_bytes {
            shown.push('…');
            break;
        }
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// What is wrong with a name, if anything.
pub fn name_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("is empty".into())
    } else if name.len() > MAX_NAME_BYTES {
        Some(format!(
            "has {} bytes (at most {MAX_NAME_BYTES})",
            name.len()
        ))
    } else if name.contains('\0') {
        Some("contains a zero byte".into())
    } else {
        None
    }
}

/// The same of what operators read in sentences and logs.
pub fn word_problem(word: &str) -> Option<String> {
    let has_control = || word.contains(char::is_control);
    name_problem(word).or_else(|| has_control().then(|| "contains control characters".into()))
}

/// `[a-z][a-z0-9_]{0,39}`
pub fn is_kind(kind: &str) -> bool {
    kind.len() <= 40
        && kind.starts_with(|first: char| first.is_ascii_lowercase())
        && kind
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_stays_one_line_and_short() {
        assert_eq!(visible("a\nb\u{1b}[31m", 100), "a\\nb\\u{1b}[31m");
        assert_eq!(visible("ääää", 5), "ää…");
    }

    #[test]
    fn kinds_are_lower_case_words() {
        assert!(is_kind("sql_server2"));
        for wrong in ["", "Postgres", "2x", "_x", "a-b", &"a".repeat(41)] {
            assert!(!is_kind(wrong), "{wrong}");
        }
    }

    #[test]
    fn names_are_bounded() {
        assert!(name_problem("größe \"x\".🙂").is_none());
        for wrong in ["", "a\0b", &"a".repeat(257)] {
            assert!(name_problem(wrong).is_some());
        }
    }
}
