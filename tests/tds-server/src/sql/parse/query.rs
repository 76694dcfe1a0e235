//! SELECT, with what stands before and behind it.

use super::expression::is_reserved;
use super::{Parsed, Parser};
use crate::sql::ast::{Body, Cte, Expr, Item, Query, Select, Table, Top};
use crate::sql::lex::Kind;

impl Parser<'_> {
    pub(super) fn query(&mut self) -> Parsed<Query> {
        let with = self.with()?;
        self.query_behind(with)
    }

    pub(super) fn with(&mut self) -> Parsed<Vec<Cte>> {
        if !self.word("WITH") {
            return Ok(Vec::new());
        }
        self.listed(|parser| {
            let name = parser.identifier()?;
            let columns = parser.column_list()?;
            parser.expect_word("AS")?;
            let query = parser.in_parentheses(Self::query)?;
            Ok(Cte {
                name,
                columns,
                query,
            })
        })
    }

    pub(super) fn query_behind(&mut self, with: Vec<Cte>) -> Parsed<Query> {
        let body = self.body()?;
        let order = if self.words(&["ORDER", "BY"]) {
            self.order_list()?
        } else {
            Vec::new()
        };
        let (mut offset, mut fetch) = (None, None);
        if self.word("OFFSET") {
            offset = Some(self.expression()?);
            let _ = self.word("ROWS") || self.word("ROW");
        }
        if self.word("FETCH") {
            let _ = self.word("NEXT") || self.word("FIRST");
            fetch = Some(self.expression()?);
            let _ = self.word("ROWS") || self.word("ROW");
            self.expect_word("ONLY")?;
        }
        // Hints say how, not what.
        if self.word("OPTION") {
            self.skip_parentheses()?;
        }
        Ok(Query {
            with,
            body,
            order,
            offset,
            fetch,
        })
    }

    fn skip_parentheses(&mut self) -> Parsed<()> {
        self.expect("(")?;
        let mut depth = 1;
        while depth > 0 {
            match self.advance() {
                Kind::Symbol("(") => depth += 1,
                Kind::Symbol(")") => depth -= 1,
                Kind::End => return Err(self.unexpected()),
                _ => {}
            }
        }
        Ok(())
    }

    fn body(&mut self) -> Parsed<Body> {
        let mut left = self.body_part()?;
        loop {
            let operator = if self.words(&["UNION", "ALL"]) {
                "UNION ALL"
            } else if self.word("UNION") {
                "UNION"
            } else if self.word("EXCEPT") {
                "EXCEPT"
            } else if self.word("INTERSECT") {
                "INTERSECT"
            } else {
                return Ok(left);
            };
            let right = Box::new(self.body_part()?);
            left = Body::Compound {
                operator,
                left: Box::new(left),
                right,
            };
        }
    }

    fn body_part(&mut self) -> Parsed<Body> {
        if self.word("VALUES") {
            let rows = self
                .listed(|parser| parser.in_parentheses(|parser| parser.listed(Self::expression)))?;
            return Ok(Body::Values(rows));
        }
        if self.is_symbol("(") {
            return self.in_parentheses(Self::body);
        }
        self.expect_word("SELECT")?;
        let distinct = self.word("DISTINCT");
        if !distinct {
            self.word("ALL");
        }
        let top = self.top()?;
        let items = self.listed(Self::item)?;
        let from = if self.word("FROM") {
            self.listed(Self::joined)?
        } else {
            Vec::new()
        };
        let filter = if self.word("WHERE") {
            Some(self.expression()?)
        } else {
            None
        };
        let group = if self.words(&["GROUP", "BY"]) {
            self.listed(Self::expression)?
        } else {
            Vec::new()
        };
        let having = if self.word("HAVING") {
            Some(self.expression()?)
        } else {
            None
        };
        Ok(Body::Select(Box::new(Select {
            distinct,
            top,
            items,
            from,
            filter,
            group,
            having,
        })))
    }

    fn top(&mut self) -> Parsed<Option<Top>> {
        if !self.word("TOP") {
            return Ok(None);
        }
        let count = if self.is_symbol("(") {
            self.in_parentheses(Self::expression)?
        } else {
            Expr::Number(self.integer()?.to_string())
        };
        let with_ties = self.words(&["WITH", "TIES"]);
        Ok(Some(Top { count, with_ties }))
    }

    fn item(&mut self) -> Parsed<Item> {
        if self.symbol("*") {
            return Ok(Item::All(None));
        }
        if matches!(self.peek_at(1), Kind::Symbol("."))
            && matches!(self.peek_at(2), Kind::Symbol("*"))
        {
            let table = self.identifier()?;
            self.at += 2;
            return Ok(Item::All(Some(table)));
        }
        // `alias = value`.
        if matches!(self.peek(), Kind::Word(_) | Kind::Quoted(_))
            && matches!(self.peek_at(1), Kind::Symbol("="))
        {
            let alias = Some(self.identifier()?);
            self.at += 1;
            return Ok(Item::Value {
                value: self.expression()?,
                alias,
            });
        }
        let value = self.expression()?;
        let alias = self.alias()?;
        Ok(Item::Value { value, alias })
    }

    /// `AS name`, `AS 'name'`, or a name alone.
    fn alias(&mut self) -> Parsed<Option<String>> {
        if self.word("AS") {
            if let Kind::Text { text, .. } = self.peek().clone() {
                self.at += 1;
                return Ok(Some(text));
            }
            return self.identifier().map(Some);
        }
        match self.peek() {
            Kind::Quoted(_) => self.identifier().map(Some),
            Kind::Word(word) if !is_reserved(word) && !ends_query(word) => {
                self.identifier().map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(super) fn column_list(&mut self) -> Parsed<Vec<String>> {
        if !self.is_symbol("(") {
            return Ok(Vec::new());
        }
        self.in_parentheses(|parser| parser.listed(Self::identifier))
    }

    fn joined(&mut self) -> Parsed<Table> {
        let mut left = self.table()?;
        loop {
            let kind = if self.words(&["CROSS", "JOIN"]) {
                "CROSS JOIN"
            } else if self.word("LEFT") {
                "LEFT JOIN"
            } else if self.word("RIGHT") {
                "RIGHT JOIN"
            } else if self.word("FULL") {
                "FULL JOIN"
            } else if self.is_word("INNER") || self.is_word("JOIN") {
                self.word("INNER");
                "JOIN"
            } else {
                return Ok(left);
            };
            if kind != "CROSS JOIN" {
                self.word("OUTER");
                self.expect_word("JOIN")?;
            }
            let right = Box::new(self.table()?);
            let on = if self.word("ON") {
                Some(self.expression()?)
            } else {
                None
            };
            left = Table::Join {
                kind,
                left: Box::new(left),
                right,
                on,
            };
        }
    }

    fn table(&mut self) -> Parsed<Table> {
        if self.is_symbol("(") {
            let derived = matches!(self.peek_at(1), Kind::Word(word)
                if ["SELECT", "WITH", "VALUES"].iter().any(|start| word.eq_ignore_ascii_case(start)));
            if !derived {
                return self.in_parentheses(Self::joined);
            }
            let query = Box::new(self.in_parentheses(Self::query)?);
            let alias = self.alias()?.ok_or_else(|| self.unexpected())?;
            let columns = self.column_list()?;
            return Ok(Table::Derived {
                query,
                alias,
                columns,
            });
        }
        let name = self.name()?;
        if self.is_symbol("(") {
            self.expect("(")?;
            let arguments = if self.is_symbol(")") {
                Vec::new()
            } else {
                self.listed(Self::expression)?
            };
            self.expect(")")?;
            let alias = self.alias()?;
            return Ok(Table::Function {
                name,
                arguments,
                alias,
            });
        }
        let alias = self.alias()?;
        // Table hints; locks are not the stand-in's.
        if self.is_word("WITH") && matches!(self.peek_at(1), Kind::Symbol("(")) {
            self.at += 1;
            self.skip_parentheses()?;
        }
        Ok(Table::Named { name, alias })
    }
}

/// Words behind a table or an item that are no alias, and begin a statement or a clause.
fn ends_query(word: &str) -> bool {
    const WORDS: [&str; 20] = [
        "OFFSET", "FETCH", "FOR", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "BEGIN",
        "COMMIT", "ROLLBACK", "EXEC", "EXECUTE", "IF", "USE", "WAITFOR", "OUTER", "APPLY",
        "TRUNCATE",
    ];
    WORDS.iter().any(|other| word.eq_ignore_ascii_case(other))
}
