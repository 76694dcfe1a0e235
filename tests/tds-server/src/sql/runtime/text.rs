//! Functions on strings, which count UTF-16 units and do not tell case apart, as the default collation.

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::FromSql;
use rusqlite::{Connection, Result};

use crate::types::code_page;

/// A function of one string.
fn of_text<T: rusqlite::types::ToSql + 'static>(
    db: &Connection,
    name: &str,
    arguments: i32,
    run: impl Fn(&str, &Context<'_>) -> Result<T> + Send + Sync + std::panic::UnwindSafe + 'static,
) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function(name, arguments, flags, move |context| {
        let any_null =
            (0..context.len()).any(|at| context.get_raw(at) == rusqlite::types::ValueRef::Null);
        if any_null {
            return Ok(None);
        }
        let text = String::column_result(context.get_raw(0))?;
        run(&text, context).map(Some)
    })
}

pub fn register(db: &Connection) -> Result<()> {
    of_text(db, "ms_len", 1, |text, _| {
        Ok(text.trim_end_matches(' ').encode_utf16().count() as i64)
    })?;
    of_text(db, "ms_upper", 1, |text, _| Ok(text.to_uppercase()))?;
    of_text(db, "ms_lower", 1, |text, _| Ok(text.to_lowercase()))?;
    of_text(db, "ms_quotename", 1, |text, _| {
        Ok(format!("[{}]", text.replace(']', "]]")))
    })?;
    of_text(db, "ms_checksum", 1, |text, _| {
        Ok(text
            .bytes()
            .fold(17i32, |sum, byte| sum.rotate_left(4) ^ i32::from(byte)))
    })?;
    of_text(db, "ms_char", 1, |_, context| {
        Ok(code_page::decode(&[context.get(0)?]))
    })?;
    of_text(db, "ms_substring", 3, |text, context| {
        let (start, length): (i64, i64) = (context.get(1)?, context.get(2)?);
        let end = (start + length - 1).max(0) as usize;
        let start = (start - 1).max(0) as usize;
        let units: Vec<u16> = text.encode_utf16().take(end).skip(start).collect();
        Ok(String::from_utf16_lossy(&units))
    })?;
    of_text(db, "ms_right", 2, |text, context| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let length = context.get::<i64>(1)?.max(0) as usize;
        Ok(String::from_utf16_lossy(
            &units[units.len().saturating_sub(length)..],
        ))
    })?;
    of_text(db, "ms_replicate", 2, |text, context| {
        Ok(text.repeat(context.get::<i64>(1)?.max(0) as usize))
    })?;
    of_text(db, "ms_charindex", 2, |text, context| {
        let within: String = context.get(1)?;
        let (text, within) = (text.to_lowercase(), within.to_lowercase());
        let found = within
            .find(&text)
            .map(|at| within[..at].encode_utf16().count() as i64 + 1);
        Ok(found.unwrap_or(0))
    })?;
    of_text(db, "ms_like", 2, |text, context| {
        let pattern: String = context.get(1)?;
        let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
        let text: Vec<char> = text.to_lowercase().chars().collect();
        Ok(like(&text, &pattern))
    })
}

/// `%`, `_`, `[abc]`, `[a-z]` and `[^…]`.
fn like(text: &[char], pattern: &[char]) -> bool {
    let Some((first, rest)) = pattern.split_first() else {
        return text.is_empty();
    };
    match first {
        '%' => (0..=text.len()).any(|skip| like(&text[skip..], rest)),
        '_' => !text.is_empty() && like(&text[1..], rest),
        '[' => {
            let Some(end) = rest.iter().position(|c| *c == ']') else {
                return false;
            };
            let (set, rest) = (&rest[..end], &rest[end + 1..]);
            let (negated, set) = match set.split_first() {
                Some(('^', set)) => (true, set),
                _ => (false, set),
            };
            text.split_first()
                .is_some_and(|(c, text)| in_set(*c, set) != negated && like(text, rest))
        }
        first => text
            .split_first()
            .is_some_and(|(c, text)| c == first && like(text, rest)),
    }
}

fn in_set(c: char, set: &[char]) -> bool {
    let ranges = set.windows(3).filter(|window| window[1] == '-');
    set.contains(&c)
        || ranges
            .into_iter()
            .any(|range| (range[0]..=range[2]).contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_t_sql() {
        let matches = |text: &str, pattern: &str| {
            like(
                &text.chars().collect::<Vec<_>>(),
                &pattern.chars().collect::<Vec<_>>(),
            )
        };
        assert!(matches("orders_2024", "orders[_]%"));
        assert!(!matches("ordersx2024", "orders[_]%"));
        assert!(matches("b7", "[a-c][^a-z]"));
    }
}
