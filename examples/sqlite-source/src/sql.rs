//! SQLite's dialect, as far as it differs from others: quotes, `limit`, parameters, the hash of a key. Pure; the
//! statements are put together in the SDK.

use plugin_sdk::sql::{self, Bound, Dialect, Source, column};

/// The source kind.
#[derive(Debug, Clone)]
pub struct Sqlite;

/// SQLite's number for a value that is too large, which [`conversion`] makes of a text that is no number.
pub const MISFIT: &str = "18";
/// A prime: products of two remainders stay below 64 bits.
const PRIME: u32 = 1_000_000_007;
/// Large, so that no two keys of small numbers come to the same.
const FACTOR: u32 = 736_338_717;

/// A column that rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    pub column: String,
    pub values: Values,
}

/// How its values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Integers,
    Numbers,
    /// By their bytes, or as the column's collation has it.
    Texts,
}

impl Dialect for Sqlite {
    type Operand = Operand;

    const COUNT: &'static str = "count(*)";
    /// Not used: there is no watermark.
    const UNTIL: &'static str = "<=";
    const HAS_TIES: bool = false;

    fn identifier(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn bound(bound: Bound) -> (String, String) {
        let limit = match bound {
            Bound::Rows(rows) => format!(" limit {rows}"),
            Bound::All | Bound::RowsWithTies(_) => String::new(),
        };
        (String::new(), limit)
    }

    /// SQLite has no hash: of whole numbers a power is taken, for sums of themselves are equal too often. Rows with other
    /// keys are only counted.
    fn hash(key: &[Operand]) -> Option<String> {
        if key.is_empty() || key.iter().any(|operand| operand.values != Values::Integers) {
            return None;
        }
        let number = key.iter().fold("0".to_owned(), |number, operand| {
            let column = column::<Sqlite>(&operand.column);
            format!("(({number}) * {FACTOR} + {column} % {PRIME}) % {PRIME}")
        });
        let square = format!("(({number}) * ({number}) % {PRIME})");
        Some(format!(
            "{square} * {square} % {PRIME} * ({number}) % {PRIME}"
        ))
    }

    fn sum(integers: &str) -> String {
        format!("cast(sum({integers}) as text)")
    }
}

impl sql::Operand for Operand {
    fn name(&self) -> &str {
        &self.column
    }

    /// The column's affinity makes a number of a parameter that is the text of one.
    fn compare(&self, operator: &str, number: usize) -> String {
        format!("{} {operator} ?{number}", column::<Sqlite>(&self.column))
    }
}

/// What a query answers, whatever that is.
pub fn columns_of(source: &Source) -> String {
    format!("select t.* from {} limit 0", source.text::<Sqlite>())
}

/// Fails where a text is to be compared with numbers and is none: SQLite would take it for greater than all of them.
pub fn conversion(operands: &[&Operand]) -> String {
    let fits = operands.iter().enumerate().map(|(at, operand)| {
        let number = at + 1;
        match operand.values {
            Values::Integers | Values::Numbers => {
                format!("(typeof(?{number}) <> 'text' or cast(?{number} as numeric) = ?{number})")
            }
            Values::Texts => format!("?{number} is not null"),
        }
    });
    let fits = fits.collect::<Vec<_>>().join(" and ");
    format!("select case when {fits} then 1 else zeroblob(1000000000) end")
}

#[cfg(test)]
mod tests {
    use plugin_sdk::sql::{Known, Pass, Table};

    use super::*;

    fn table(key: &[&str]) -> Table<Sqlite> {
        let operand = |name: &str, values| Operand {
            column: name.to_owned(),
            values,
        };
        Table {
            source: Source::Table {
                schema: "main".into(),
                name: "a \"b\"".into(),
            },
            items: vec!["t.\"at\" as \"at\"".into()],
            cursor: operand("at", Values::Texts),
            key: key
                .iter()
                .map(|name| operand(name, Values::Integers))
                .collect(),
            hash: None,
            nullable: false,
            options: String::new(),
        }
    }

    #[test]
    fn a_page_is_behind_the_last_row() {
        let known = Known {
            behind: 2,
            until: false,
        };
        assert_eq!(
            table(&["id"]).page(Pass::Values, known, Bound::Rows(10)),
            "select t.\"at\" as \"at\" from \"main\".\"a \"\"b\"\"\" as t \
             where t.\"at\" >= ?1 and (t.\"at\" > ?1 or t.\"at\" = ?1 and t.\"id\" > ?2) \
             order by t.\"at\", t.\"id\" limit 10"
        );
    }

    #[test]
    fn ties_are_bounded_by_the_value_of_the_last_row() {
        let known = Known {
            behind: 1,
            until: false,
        };
        assert_eq!(
            table(&[]).page(Pass::Values, known, Bound::RowsWithTies(10)),
            "select t.\"at\" as \"at\" from \"main\".\"a \"\"b\"\"\" as t where t.\"at\" > ?1 and t.\"at\" <= \
             (select max(last.\"at\") from (select t.\"at\" from \"main\".\"a \"\"b\"\"\" as t where t.\"at\" > ?1 \
             order by t.\"at\" limit 10) as last) order by t.\"at\""
        );
    }

    #[test]
    fn a_hash_is_made_of_whole_numbers_only() {
        let operand = |values| Operand {
            column: "a".to_owned(),
            values,
        };
        assert!(Sqlite::hash(&[operand(Values::Integers), operand(Values::Integers)]).is_some());
        assert_eq!(
            Sqlite::hash(&[operand(Values::Integers), operand(Values::Texts)]),
            None
        );
        assert_eq!(Sqlite::hash(&[]), None);
    }
}
