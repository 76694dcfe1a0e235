//! Names of tables as a model may give them. Pure. A name is what the source's catalog says: letters keep their case, and
//! quotes are needed only round dots, spaces and quotes.

use crate::model::sync_form::Selection;

/// `table`, `schema.table` or the same with `"quoted names"`.
pub fn table_name(text: &str) -> Option<Selection> {
    let (first, rest) = part(text.trim())?;
    let Some(rest) = rest.strip_prefix('.') else {
        return rest.is_empty().then_some(Selection::Table {
            schema: None,
            table: first,
        });
    };
    let (table, rest) = part(rest)?;
    rest.is_empty().then_some(Selection::Table {
        schema: Some(first),
        table,
    })
}

/// `select * from` one table and nothing else, the form in which a table selector sends its table.
pub fn selected_table(query: &str) -> Option<Selection> {
    let mut rest = query.trim().trim_end_matches(';');
    for word in ["select", "*", "from"] {
        rest = rest.trim_start();
        let (head, tail) = rest.split_at_checked(word.len())?;
        if !head.eq_ignore_ascii_case(word) {
            return None;
        }
        rest = tail;
    }
    let begins = rest.starts_with(char::is_whitespace) || rest.starts_with('"');
    begins.then(|| table_name(rest)).flatten()
}

/// The first name and what follows it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text
            .find(|c: char| c == '.' || c == '"' || c.is_whitespace())
            .unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        return (!name.is_empty()).then(|| (name.to_owned(), rest));
    };
    let mut name = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        name.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                name.push('"');
                rest = more;
            }
            None if name.is_empty() => return None,
            None => return Some((name, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(schema: Option<&str>, table: &str) -> Option<Selection> {
        Some(Selection::Table {
            schema: schema.map(str::to_owned),
            table: table.to_owned(),
        })
    }

    #[test]
    fn a_name_may_have_a_schema_and_quotes() {
        for (text, named) in [
            ("orders", table(None, "orders")),
            ("Sales.Orders", table(Some("Sales"), "Orders")),
            ("\"a.b\".\"c \"\"d\"\"\"", table(Some("a.b"), "c \"d\"")),
            ("größe.été", table(Some("größe"), "été")),
            ("", None),
            ("a.", None),
            (".a", None),
            ("a.b.c", None),
            ("a b", None),
            ("\"a", None),
            ("\"\"", None),
            ("\"a\"b", None),
        ] {
            assert_eq!(table_name(text), named, "{text}");
        }
    }

    #[test]
    fn a_query_names_a_table_if_it_says_nothing_else() {
        for (query, named) in [
            ("select * from orders", table(None, "orders")),
            (
                " SELECT  *\nFROM sales.orders ; ",
                table(Some("sales"), "orders"),
            ),
            ("select*from\"o\"", table(None, "o")),
            ("select * from orders where id > 1", None),
            ("select * fromorders", None),
            ("select id from orders", None),
            ("select * from a, b", None),
            ("sel", None),
            ("größe größe größe", None),
        ] {
            assert_eq!(selected_table(query), named, "{query}");
        }
    }
}
