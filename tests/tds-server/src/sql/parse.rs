//! Batches and statements other than queries, from tokens.

use super::ast::{Name, Statement};
use super::lex::{self, Kind, Token};
use crate::error::SqlError;
use crate::types::{MAX, Type};

mod change;
mod define;
mod expression;
mod primary;
mod query;

pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

/// All statements of a text, with where each begins.
pub fn batch(text: &str) -> Result<Vec<Statement>, SqlError> {
    let mut parser = Parser {
        text,
        tokens: lex::tokens(text)?,
        at: 0,
    };
    let mut statements = Vec::new();
    loop {
        while parser.symbol(";") {}
        if *parser.peek() == Kind::End {
            return Ok(statements);
        }
        statements.push(parser.statement()?);
    }
}

/// The query of a view.
pub fn query(text: &str) -> Result<super::ast::Query, SqlError> {
    match batch(text)?.pop() {
        Some(Statement::Query(query)) => Ok(query),
        _ => Err(SqlError::syntax(text)),
    }
}

type Parsed<T> = Result<T, SqlError>;

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &Kind {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)].kind
    }

    fn advance(&mut self) -> Kind {
        let kind = self.peek().clone();
        self.at += 1;
        kind
    }

    fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Kind::Symbol(found) if *found == symbol)
    }

    /// Takes these words if they are next, all of them.
    fn words(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.is_word_at(ahead, word));
        if found {
            self.at += words.len();
        }
        found
    }

    fn word(&mut self, word: &str) -> bool {
        self.words(&[word])
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.word(word) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.symbol(symbol) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn unexpected(&self) -> SqlError {
        SqlError::syntax(match self.peek() {
            Kind::Word(text) | Kind::Quoted(text) | Kind::Number(text) | Kind::Variable(text) => {
                text
            }
            Kind::Text { text, .. } => text,
            Kind::Symbol(symbol) => symbol,
            Kind::Bytes(_) => "0x",
            Kind::End => "end of the statement",
        })
    }

    fn identifier(&mut self) -> Parsed<String> {
        match self.advance() {
            Kind::Word(name) | Kind::Quoted(name) => Ok(name),
            _ => {
                self.at -= 1;
                Err(self.unexpected())
            }
        }
    }

    fn name(&mut self) -> Parsed<Name> {
        let mut parts = vec![self.identifier()?];
        while self.symbol(".") {
            // `database..table` leaves the schema out.
            if self.is_symbol(".") {
                parts.push(String::new());
            } else {
                parts.push(self.identifier()?);
            }
        }
        Ok(parts)
    }

    fn listed<T>(&mut self, mut one: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut list = vec![one(self)?];
        while self.symbol(",") {
            list.push(one(self)?);
        }
        Ok(list)
    }

    fn in_parentheses<T>(&mut self, one: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.expect("(")?;
        let inner = one(self)?;
        self.expect(")")?;
        Ok(inner)
    }

    fn integer(&mut self) -> Parsed<i64> {
        let sign = if self.symbol("-") { -1 } else { 1 };
        match self.peek() {
            Kind::Number(text) => {
                let number: i64 = text.parse().map_err(|_| self.unexpected())?;
                self.at += 1;
                Ok(sign * number)
            }
            _ => Err(self.unexpected()),
        }
    }

    /// A type; a string type without a length has `length`.
    fn data_type(&mut self, length: u16) -> Parsed<Type> {
        let mut name = self.identifier()?;
        if self.symbol(".") {
            name = self.identifier()?;
        }
        // `double precision`, `char varying` are not in use.
        let mut arguments = Vec::new();
        if self.symbol("(") {
            arguments = self.listed(|parser| {
                if parser.word("MAX") {
                    Ok(MAX)
                } else {
                    Ok(parser.integer()? as u16)
                }
            })?;
            self.expect(")")?;
        }
        Type::named(&name, &arguments, length).ok_or_else(|| {
            SqlError::new(
                2715,
                16,
                format!("Column, parameter, or variable: Cannot find data type {name}."),
            )
        })
    }

    /// The source text from a token on to the next one that is not read yet.
    fn text_since(&self, start: usize) -> String {
        let end = self.tokens[self.at.min(self.tokens.len() - 1)].start;
        self.text[self.tokens[start].start..end].trim().to_string()
    }
}

/// The declarations of `sp_executesql`: `@P1 nvarchar(4000), @P2 int`.
pub fn declarations(text: &str) -> Result<Vec<(String, Type)>, SqlError> {
    let mut parser = Parser {
        text,
        tokens: lex::tokens(text)?,
        at: 0,
    };
    let mut declared = Vec::new();
    while let Kind::Variable(name) = parser.peek().clone() {
        parser.at += 1;
        parser.word("AS");
        declared.push((name.to_lowercase(), parser.data_type(1)?));
        let _ = parser.word("OUTPUT") || parser.word("OUT");
        if !parser.symbol(",") {
            break;
        }
    }
    Ok(declared)
}
