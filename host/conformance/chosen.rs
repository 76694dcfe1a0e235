//! Which tables a plugin is tested on. Pure.

use crate::plugin::TableEntry;

/// Tables that are looked at when none is named.
const TABLES: usize = 16;
const ENOUGH: &str = "sixteen tables are enough; name others with --table";
/// A larger table is left out: it would be read dozens of times.
pub const ROWS: usize = 5_000;
pub const TOO_LARGE: &str = "it has more than 5,000 rows";

/// A table as a request names it.
#[derive(Debug, PartialEq, Eq)]
pub struct Name {
    pub schema: Option<String>,
    pub table: String,
}

impl Name {
    fn of(schema: &str, table: &str) -> Self {
        Self {
            schema: (!schema.is_empty()).then(|| schema.to_owned()),
            table: table.to_owned(),
        }
    }

    pub fn left_out(&self, why: &str) -> String {
        format!("{self} is left out: {why}")
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.table),
            None => f.write_str(&self.table),
        }
    }
}

/// The first ones that are not too large. What is left out is said.
pub fn first(listed: &[TableEntry], notes: &mut Vec<String>) -> Vec<Name> {
    let mut chosen = Vec::new();
    for entry in listed {
        let name = Name::of(&entry.schema, &entry.name);
        if entry.approx_rows.is_some_and(|rows| rows > ROWS as u64) {
            notes.push(name.left_out(TOO_LARGE));
        } else if chosen.len() == TABLES {
            notes.push(name.left_out(ENOUGH));
        } else {
            chosen.push(name);
        }
    }
    chosen
}

/// `table` or `schema.table`, as listed if it is. A name may hold dots itself.
pub fn named(given: &str, listed: &[TableEntry], has_schemas: bool) -> Name {
    let mut names = listed
        .iter()
        .map(|entry| Name::of(&entry.schema, &entry.name));
    if let Some(name) = names.find(|name| name.table == given || name.to_string() == given) {
        return name;
    }
    match given.split_once('.') {
        Some((schema, table)) if has_schemas => Name::of(schema, table),
        _ => Name::of("", given),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(schema: &str, name: &str, approx_rows: Option<u64>) -> TableEntry {
        TableEntry {
            schema: schema.into(),
            name: name.into(),
            approx_rows,
        }
    }

    #[test]
    fn a_name_is_found_as_it_is_listed() {
        let tables = [listed("public", "a.b", None), listed("other", "a", None)];
        assert_eq!(named("a.b", &tables, true), Name::of("public", "a.b"));
        assert_eq!(named("other.a", &tables, true), Name::of("other", "a"));
        assert_eq!(named("x.y", &tables, true), Name::of("x", "y"));
        assert_eq!(named("x.y", &[], false), Name::of("", "x.y"));
    }

    #[test]
    fn what_is_left_out_is_said() {
        let mut tables: Vec<_> = (0..17).map(|n| listed("s", &n.to_string(), None)).collect();
        tables.insert(0, listed("s", "large", Some(1_000_000)));
        let mut notes = Vec::new();
        let chosen = first(&tables, &mut notes);
        assert_eq!((chosen.len(), chosen[0].table.as_str()), (TABLES, "0"));
        assert_eq!(notes.len(), 2);
        assert!(
            notes[0].starts_with("s.large is left out") && notes[1].starts_with("s.16 "),
            "{notes:?}"
        );
    }
}
