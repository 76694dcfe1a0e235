//! From the name of a table to the name of its folder, never back: the true name is in the table's own metadata.
//! Two different names never share a folder, also not on a file system that ignores case.

use sha2::{Digest, Sha256};

use super::KbError;

/// Bytes of the longest name of a table.
const MAX_NAME_BYTES: usize = 255;
/// Letters of a name that are kept in a folder's name for the eye of an operator.
const SLUG_LETTERS: usize = 60;

/// Names like this one are their own folder name.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The folder of a table inside the folder of its knowledge base.
pub(super) fn folder_name(table: &str) -> Result<String, KbError> {
    if table.is_empty() || table.len() > MAX_NAME_BYTES || table.chars().any(char::is_control) {
        return Err(KbError::TableName(table.escape_debug().take(80).collect()));
    }
    if is_plain(table) {
        return Ok(table.to_owned());
    }
    let slug: String = table
        .chars()
        .take(SLUG_LETTERS)
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let digest: String = Sha256::digest(table.as_bytes())
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("{slug}~{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_its_own_folder() {
        assert_eq!(folder_name("orders_2024").unwrap(), "orders_2024");
    }

    #[test]
    fn any_other_name_gets_a_safe_folder_of_its_own() {
        let names = [
            "Orders", "orders.", "../x", "a/b", "it's", "\"q\"", "café", "🦀", ".", "..",
        ];
        let mut folders = std::collections::HashSet::new();
        for name in names {
            let folder = folder_name(name).unwrap();
            assert!(
                folder.bytes().all(|b| b.is_ascii_lowercase()
                    || b.is_ascii_digit()
                    || b == b'_'
                    || b == b'~'),
                "{folder}"
            );
            assert!(folders.insert(folder));
        }
        assert!(folder_name(&"é".repeat(127)).unwrap().len() < 100);
    }

    #[test]
    fn empty_endless_and_unprintable_names_are_refused() {
        for name in ["", "a\0b", "a\nb", "x".repeat(256).as_str()] {
            assert!(matches!(folder_name(name), Err(KbError::TableName(_))));
        }
    }
}
