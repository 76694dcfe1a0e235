//! Statements that change rows, transactions, settings.

use super::{Parsed, Parser};
use crate::catalog::split_name;
use crate::error::SqlError;
use crate::sql::ast::{Cte, Setting, Statement};
use crate::sql::lex::Kind;

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Parsed<Statement> {
        if self.is_word("SELECT") || self.is_symbol("(") {
            return self.query().map(Statement::Query);
        }
        if self.is_word("WITH") {
            let with = self.with()?;
            return match self.word("INSERT") {
                true => self.insert(with),
                false => self.query_behind(with).map(Statement::Query),
            };
        }
        if self.word("INSERT") {
            return self.insert(Vec::new());
        }
        if self.word("UPDATE") {
            return self.update();
        }
        if self.word("DELETE") {
            self.word("FROM");
            let table = self.name()?;
            let filter = if self.word("WHERE") {
                Some(self.expression()?)
            } else {
                None
            };
            return Ok(Statement::Delete { table, filter });
        }
        if self.words(&["TRUNCATE", "TABLE"]) {
            let table = self.name()?;
            return Ok(Statement::Delete {
                table,
                filter: None,
            });
        }
        if self.word("SET") {
            return self.set();
        }
        if self.word("USE") {
            return self.identifier().map(Statement::Use);
        }
        if self.words(&["WAITFOR", "DELAY"]) {
            return self.text().map(Statement::WaitFor);
        }
        if self.word("KILL") {
            return self.integer().map(Statement::Kill);
        }
        if self.word("IF") {
            let condition = self.expression()?;
            let then = Box::new(self.statement()?);
            return Ok(Statement::If { condition, then });
        }
        if self.word("EXEC") || self.word("EXECUTE") || self.is_word("sp_rename") {
            return self.rename();
        }
        for (word, statement) in [
            ("BEGIN", Statement::Begin),
            ("COMMIT", Statement::Commit),
            ("ROLLBACK", Statement::Rollback),
        ] {
            if self.word(word) {
                let _ = self.word("TRANSACTION") || self.word("TRAN") || self.word("WORK");
                return Ok(statement);
            }
        }
        self.definition()
    }

    pub(super) fn text(&mut self) -> Parsed<String> {
        match self.peek().clone() {
            Kind::Text { text, .. } => {
                self.at += 1;
                Ok(text)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn insert(&mut self, with: Vec<Cte>) -> Parsed<Statement> {
        self.word("INTO");
        let table = self.name()?;
        let columns = self.column_list()?;
        if self.words(&["DEFAULT", "VALUES"]) {
            return Ok(Statement::Insert {
                table,
                columns,
                source: None,
            });
        }
        let source = Some(self.query_behind(with)?);
        Ok(Statement::Insert {
            table,
            columns,
            source,
        })
    }

    fn update(&mut self) -> Parsed<Statement> {
        let table = self.name()?;
        self.expect_word("SET")?;
        let set = self.listed(|parser| {
            let column = parser.name()?.pop().unwrap_or_default();
            parser.expect("=")?;
            Ok((column, parser.expression()?))
        })?;
        let filter = if self.word("WHERE") {
            Some(self.expression()?)
        } else {
            None
        };
        Ok(Statement::Update { table, set, filter })
    }

    /// Up to a semicolon, or the word that begins the next statement.
    fn set(&mut self) -> Parsed<Statement> {
        const NEXT: [&str; 13] = [
            "SET", "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "DROP", "ALTER",
            "BEGIN", "IF", "EXEC", "USE",
        ];
        let start = self.at - 1;
        let mut words = Vec::new();
        loop {
            match self.peek().clone() {
                Kind::End | Kind::Symbol(";") => break,
                Kind::Word(word) if NEXT.iter().any(|next| word.eq_ignore_ascii_case(next)) => {
                    break;
                }
                Kind::Word(word) | Kind::Number(word) | Kind::Quoted(word) => {
                    words.push(word.to_uppercase());
                }
                Kind::Symbol(symbol) => words.push(symbol.to_string()),
                _ => {}
            }
            self.at += 1;
        }
        let text = self.text_since(start);
        Ok(Statement::Set(Setting { text, words }))
    }

    /// `sp_rename 'schema.table.column', 'name', 'COLUMN'`.
    fn rename(&mut self) -> Parsed<Statement> {
        let procedure = self.name()?.pop().unwrap_or_default();
        if !procedure.eq_ignore_ascii_case("sp_rename") {
            let message = format!("Could not find stored procedure '{procedure}'.");
            return Err(SqlError::new(2812, 16, message));
        }
        let old = self.text()?;
        self.expect(",")?;
        let to = self.text()?;
        self.expect(",")?;
        self.text()?;
        let mut table = split_name(&old);
        let column = table.pop().unwrap_or_default();
        Ok(Statement::RenameColumn { table, column, to })
    }
}
