//! Literals, columns, calls, CASE and CAST.

use super::expression::is_reserved;
use super::{Parsed, Parser};
use crate::sql::ast::{Expr, Over};
use crate::sql::lex::Kind;

impl Parser<'_> {
    pub(super) fn primary(&mut self) -> Parsed<Expr> {
        match self.peek().clone() {
            Kind::Number(number) => {
                self.at += 1;
                Ok(Expr::Number(number))
            }
            Kind::Text { text, unicode } => {
                self.at += 1;
                Ok(Expr::Text { text, unicode })
            }
            Kind::Bytes(bytes) => {
                self.at += 1;
                Ok(Expr::Bytes(bytes))
            }
            Kind::Variable(name) => {
                self.at += 1;
                Ok(Expr::Variable(name))
            }
            Kind::Symbol("*") => {
                self.at += 1;
                Ok(Expr::Star)
            }
            Kind::Symbol("(") => self.in_parentheses(|parser| {
                if parser.is_word("SELECT") || parser.is_word("WITH") {
                    return Ok(Expr::Subquery(Box::new(parser.query()?)));
                }
                parser.expression()
            }),
            Kind::Word(word) if self.is_word_at(0, &word) => self.named(&word.to_uppercase()),
            Kind::Quoted(_) => self.column_or_call(),
            _ => Err(self.unexpected()),
        }
    }

    fn named(&mut self, word: &str) -> Parsed<Expr> {
        let calls = matches!(self.peek_at(1), Kind::Symbol("("));
        match word {
            "NULL" => {
                self.at += 1;
                Ok(Expr::Null)
            }
            "CURRENT_TIMESTAMP" | "SYSTEM_USER" | "CURRENT_USER" | "SESSION_USER" => {
                self.at += 1;
                Ok(call(word, Vec::new()))
            }
            "CASE" => self.case(),
            "EXISTS" => {
                self.at += 1;
                Ok(Expr::Exists(Box::new(self.in_parentheses(Self::query)?)))
            }
            "CAST" | "TRY_CAST" if calls => {
                self.at += 1;
                self.in_parentheses(|parser| {
                    let value = Box::new(parser.expression()?);
                    parser.expect_word("AS")?;
                    let to = parser.data_type(30)?;
                    Ok(Expr::Cast {
                        value,
                        to,
                        style: None,
                        tried: word == "TRY_CAST",
                    })
                })
            }
            "CONVERT" | "TRY_CONVERT" if calls => {
                self.at += 1;
                self.in_parentheses(|parser| {
                    let to = parser.data_type(30)?;
                    parser.expect(",")?;
                    let value = Box::new(parser.expression()?);
                    let style = if parser.symbol(",") {
                        Some(Box::new(parser.expression()?))
                    } else {
                        None
                    };
                    Ok(Expr::Cast {
                        value,
                        to,
                        style,
                        tried: word == "TRY_CONVERT",
                    })
                })
            }
            word if is_reserved(word) && !calls => Err(self.unexpected()),
            _ => self.column_or_call(),
        }
    }

    fn case(&mut self) -> Parsed<Expr> {
        self.expect_word("CASE")?;
        let operand = if self.is_word("WHEN") {
            None
        } else {
            Some(Box::new(self.expression()?))
        };
        let mut whens = Vec::new();
        while self.word("WHEN") {
            let when = self.expression()?;
            self.expect_word("THEN")?;
            whens.push((when, self.expression()?));
        }
        let otherwise = if self.word("ELSE") {
            Some(Box::new(self.expression()?))
        } else {
            None
        };
        self.expect_word("END")?;
        Ok(Expr::Case {
            operand,
            whens,
            otherwise,
        })
    }

    /// A dotted name is a column, unless a parenthesis makes it a call, or a method of what is before the last dot.
    fn column_or_call(&mut self) -> Parsed<Expr> {
        let mut name = vec![self.identifier()?];
        while self.is_symbol(".") {
            let calls = matches!(self.peek_at(2), Kind::Symbol("("));
            let property = self.is_word_at(1, "STSrid") || self.is_word_at(1, "Lat");
            if (calls && !name[0].eq_ignore_ascii_case("sys")) || property {
                break;
            }
            self.at += 1;
            name.push(self.identifier()?);
        }
        if !self.is_symbol("(") {
            return Ok(Expr::Column(name));
        }
        self.expect("(")?;
        let distinct = self.word("DISTINCT");
        let mut arguments = Vec::new();
        if !self.is_symbol(")") {
            arguments = self.listed(Self::expression)?;
        }
        self.expect(")")?;
        let over = if self.word("OVER") {
            Some(self.in_parentheses(Self::window)?)
        } else {
            None
        };
        let name = name.pop().unwrap_or_default().to_uppercase();
        Ok(Expr::Call {
            name,
            arguments,
            distinct,
            over,
        })
    }

    fn window(&mut self) -> Parsed<Over> {
        let partition = if self.words(&["PARTITION", "BY"]) {
            self.listed(Self::expression)?
        } else {
            Vec::new()
        };
        let order = if self.words(&["ORDER", "BY"]) {
            self.order_list()?
        } else {
            Vec::new()
        };
        Ok(Over { partition, order })
    }
}

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call {
        name: name.to_string(),
        arguments,
        distinct: false,
        over: None,
    }
}
