//! Declared types, as far as a read has to know them: what the host makes of a value, and how it is compared. Pure.

use plugin_sdk::kind;

use crate::sql::{Operand, Values};

/// A column's declared type; empty for an expression or a column without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    declared: String,
}

/// What is stored in a column of that type, if its values fit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Integer,
    /// Other numbers.
    Number,
    Text,
    /// A text that lands as a number of days or microseconds.
    Moment,
    Blob,
    /// Whatever it is, it lands as text.
    Any,
}

impl Type {
    pub fn of(declared: &str) -> Self {
        Self {
            declared: declared.to_owned(),
        }
    }

    /// As the host reads it: `host/connection/sqlite/declared.rs`.
    fn class(&self) -> Class {
        let declared = self.declared.to_ascii_uppercase();
        let name = declared.split('(').next().unwrap_or_default().trim();
        match name {
            "BOOL" | "BOOLEAN" => return Class::Integer,
            "DATE" | "DATETIME" | "TIMESTAMP" | "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => {
                return Class::Moment;
            }
            "TIME" | "UUID" | "GUID" => return Class::Text,
            "JSON" | "JSONB" => return Class::Any,
            "DECIMAL" | "NUMERIC" | "NUMBER" => return Class::Number,
            _ => {}
        }
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if has(&["INT"]) {
            Class::Integer
        } else if has(&["CHAR", "CLOB", "TEXT"]) {
            Class::Text
        } else if has(&["BLOB"]) {
            Class::Blob
        } else if has(&["REAL", "FLOA", "DOUB"]) {
            Class::Number
        } else {
            Class::Any
        }
    }
}

impl kind::Type for Type {
    type Operand = Operand;

    fn selected(&self, column: &str) -> String {
        column.to_owned()
    }

    /// Of one moment there are many texts, and SQLite compares the texts.
    fn exact_text(&self, column: &str) -> Option<String> {
        (self.class() == Class::Moment).then(|| format!("cast({column} as text)"))
    }

    fn operand(&self, name: &str) -> Option<Operand> {
        let values = match self.class() {
            Class::Integer => Values::Integers,
            Class::Number => Values::Numbers,
            Class::Text | Class::Moment | Class::Blob => Values::Texts,
            Class::Any => return None,
        };
        Some(Operand {
            column: name.to_owned(),
            values,
        })
    }

    fn has_own_kind(&self) -> bool {
        true
    }

    /// A text may have a collation, which the catalog does not tell.
    fn equality_is_exact(&self) -> bool {
        matches!(self.class(), Class::Integer | Class::Number | Class::Blob)
    }
}

/// Whether this column is the number of the row itself: declared `integer primary key`, in these words.
pub fn is_row_number(declared: &str) -> bool {
    declared.eq_ignore_ascii_case("integer")
}

/// The name by which the number of a row can be asked for, where no column has taken all of them.
pub fn row_number(taken: impl Fn(&str) -> bool) -> Option<&'static str> {
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| !taken(name))
}

#[cfg(test)]
mod tests {
    use plugin_sdk::kind::Type as _;
    use plugin_sdk::sql::column;

    use super::*;
    use crate::sql::Sqlite;

    #[test]
    fn what_is_declared_says_how_values_are_compared() {
        for (declared, values) in [
            ("INTEGER", Some(Values::Integers)),
            ("boolean", Some(Values::Integers)),
            ("numeric(8, 2)", Some(Values::Numbers)),
            ("double", Some(Values::Numbers)),
            ("varchar(20)", Some(Values::Texts)),
            ("datetime", Some(Values::Texts)),
            ("blob", Some(Values::Texts)),
            ("json", None),
            ("string", None),
            ("", None),
        ] {
            let operand = Type::of(declared).operand("x");
            assert_eq!(operand.map(|operand| operand.values), values, "{declared}");
        }
    }

    #[test]
    fn only_texts_of_moments_are_kept_beside_what_lands() {
        let quoted = column::<Sqlite>("at");
        assert_eq!(
            Type::of("datetime").exact_text(&quoted).as_deref(),
            Some("cast(t.\"at\" as text)")
        );
        assert_eq!(Type::of("text").exact_text(&quoted), None);
    }

    #[test]
    fn a_row_has_a_number_under_a_name_that_is_free() {
        assert_eq!(row_number(|_| false), Some("rowid"));
        assert_eq!(row_number(|name| name == "rowid"), Some("_rowid_"));
        assert_eq!(row_number(|_| true), None);
    }
}
