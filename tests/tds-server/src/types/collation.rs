//! Collations: what a name means, its five bytes in TYPE_INFO ([MS-TDS] 2.2.5.1.2), and the order of strings
//! that SQLite follows under it. Trailing blanks never count. The order is by letter, not by language:
//! punctuation, digits, letters; what Unicode adds beyond that is in the order of its code points.

use std::cmp::Ordering;

use rusqlite::Connection;

use super::{Type, decimal};

/// The server's default, and its databases'.
pub const DEFAULT: &str = "SQL_Latin1_General_CP1_CI_AS";

const WIRE_DEFAULT: [u8; 5] = [0x09, 0x04, 0xd0, 0x00, 0x34];
/// Latin1_General_100 with the flag fUTF8.
const WIRE_UTF8: [u8; 5] = [0x09, 0x04, 0xd0, 0x24, 0x00];

pub fn wire(collation: &str) -> [u8; 5] {
    if is_utf8(collation) {
        WIRE_UTF8
    } else {
        WIRE_DEFAULT
    }
}

pub fn is_utf8(collation: &str) -> bool {
    collation.to_ascii_uppercase().ends_with("_UTF8")
}

/// Whether there is such a collation here: all are Latin.
pub fn exists(collation: &str) -> bool {
    let name = collation.to_ascii_uppercase();
    name.contains("LATIN1_GENERAL") || name == "DATABASE_DEFAULT"
}

/// SQLite's name for the order of that type's values; None where SQLite's own is right.
pub fn of(ty: Type, collation: Option<&str>) -> Option<&'static str> {
    use super::Held;
    match ty.held() {
        Held::Decimal => Some("MSDEC"),
        Held::Offset => Some("MSDTO"),
        Held::Text if ty.is_character() => {
            let name = collation.unwrap_or(DEFAULT).to_ascii_uppercase();
            Some(match name {
                name if name.contains("_BIN") => "MSBIN",
                name if name.contains("_CS_") => "MSCS",
                _ => "MSCI",
            })
        }
        _ => None,
    }
}

pub fn register(db: &Connection) -> rusqlite::Result<()> {
    db.create_collation("MSCI", case_insensitive)?;
    db.create_collation("MSCS", case_sensitive)?;
    db.create_collation("MSBIN", binary)?;
    db.create_collation("MSDEC", decimal::compare)?;
    db.create_collation("MSDTO", |a, b| a.get(..19).cmp(&b.get(..19)))
}

/// Equality of two held texts under one of the names of `of`.
pub fn compare(name: &str, a: &str, b: &str) -> Ordering {
    match name {
        "MSCI" => case_insensitive(a, b),
        "MSCS" => case_sensitive(a, b),
        "MSBIN" => binary(a, b),
        "MSDEC" => decimal::compare(a, b),
        _ => a.get(..19).cmp(&b.get(..19)),
    }
}

fn weight(c: char) -> (u8, char) {
    let class = if c.is_alphabetic() {
        2
    } else {
        u8::from(c.is_numeric())
    };
    (class, c)
}

fn case_insensitive(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return ascii_insensitive(a, b);
    }
    let fold = |text: &str| {
        let text = text.trim_end_matches(' ').chars();
        text.flat_map(char::to_lowercase)
            .map(weight)
            .collect::<Vec<_>>()
    };
    fold(a).cmp(&fold(b))
}

/// The same without a copy.
fn ascii_insensitive(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_end_matches(' '), b.trim_end_matches(' '));
    let fold = |c: u8| weight(char::from(c.to_ascii_lowercase()));
    a.bytes().map(fold).cmp(b.bytes().map(fold))
}

fn case_sensitive(a: &str, b: &str) -> Ordering {
    let lower_first = |text: &str| {
        let text = text.trim_end_matches(' ');
        text.chars().map(|c| !c.is_lowercase()).collect::<Vec<_>>()
    };
    case_insensitive(a, b).then_with(|| lower_first(a).cmp(&lower_first(b)))
}

fn binary(a: &str, b: &str) -> Ordering {
    a.trim_end_matches(' ').cmp(b.trim_end_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_trailing_blanks_do_not_count() {
        assert_eq!(case_insensitive("Żółw ", "żÓŁW"), Ordering::Equal);
        assert_eq!(case_insensitive("a_b", "a1b"), Ordering::Less);
        assert_eq!(case_insensitive("B", "a"), Ordering::Greater);
        assert_eq!(case_sensitive("a", "A"), Ordering::Less);
        assert_eq!(binary("A", "a"), Ordering::Less);
    }
}
