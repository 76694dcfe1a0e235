//! Conditions and values, from OR down to literals.

use super::{Parsed, Parser};
use crate::sql::ast::{Expr, OrderBy};

/// Words that end an expression where a function's or column's name could stand.
const RESERVED: [&str; 32] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "ORDER",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "ON",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "FULL",
    "CROSS",
    "AND",
    "OR",
    "NOT",
    "AS",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IS",
    "IN",
    "LIKE",
    "BETWEEN",
    "SELECT",
    "OPTION",
    "WITH",
    "VALUES",
    "SET",
];

pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED
        .iter()
        .any(|reserved| word.eq_ignore_ascii_case(reserved))
}

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        let mut left = self.conjunction()?;
        while self.word("OR") {
            left = binary("OR", left, self.conjunction()?);
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        let mut left = self.negation()?;
        while self.word("AND") {
            left = binary("AND", left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Parsed<Expr> {
        if self.word("NOT") {
            return Ok(Expr::Not(Box::new(self.negation()?)));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let value = self.sum()?;
        for operator in ["<=", ">=", "<>", "!=", "=", "<", ">"] {
            if self.symbol(operator) {
                return Ok(binary(operator, value, self.sum()?));
            }
        }
        if self.word("IS") {
            let negated = self.word("NOT");
            self.expect_word("NULL")?;
            return Ok(Expr::IsNull {
                value: Box::new(value),
                negated,
            });
        }
        let negated = self.is_word("NOT")
            && ["BETWEEN", "IN", "LIKE"]
                .iter()
                .any(|word| self.is_word_at(1, word));
        self.at += usize::from(negated);
        let value = Box::new(value);
        if self.word("BETWEEN") {
            let low = Box::new(self.sum()?);
            self.expect_word("AND")?;
            let high = Box::new(self.sum()?);
            return Ok(Expr::Between {
                value,
                low,
                high,
                negated,
            });
        }
        if self.word("LIKE") {
            let pattern = Box::new(self.sum()?);
            return Ok(Expr::Like {
                value,
                pattern,
                negated,
            });
        }
        if self.word("IN") {
            self.expect("(")?;
            let found = if self.is_word("SELECT") || self.is_word("WITH") {
                let query = Box::new(self.query()?);
                Expr::InQuery {
                    value,
                    query,
                    negated,
                }
            } else {
                let list = self.listed(Self::expression)?;
                Expr::InList {
                    value,
                    list,
                    negated,
                }
            };
            self.expect(")")?;
            return Ok(found);
        }
        Ok(*value)
    }

    pub(super) fn sum(&mut self) -> Parsed<Expr> {
        let mut left = self.product()?;
        loop {
            let operators = ["+", "-", "&", "|", "^"];
            let Some(operator) = operators.into_iter().find(|operator| self.symbol(operator))
            else {
                return Ok(left);
            };
            left = binary(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Parsed<Expr> {
        let mut left = self.unary()?;
        loop {
            let Some(operator) = ["*", "/", "%"]
                .into_iter()
                .find(|operator| self.symbol(operator))
            else {
                return Ok(left);
            };
            left = binary(operator, left, self.unary()?);
        }
    }

    fn unary(&mut self) -> Parsed<Expr> {
        if self.symbol("-") {
            return Ok(match self.unary()? {
                Expr::Number(number) => Expr::Number(format!("-{number}")),
                value => Expr::Negated(Box::new(value)),
            });
        }
        if self.symbol("+") {
            return self.unary();
        }
        let mut value = self.primary()?;
        loop {
            if self.word("COLLATE") {
                let collation = self.identifier()?;
                value = Expr::Collate {
                    value: Box::new(value),
                    collation,
                };
            } else if self.symbol(".") {
                let name = self.identifier()?;
                if self.symbol("(") {
                    self.expect(")")?;
                }
                value = Expr::Method {
                    value: Box::new(value),
                    name,
                };
            } else {
                return Ok(value);
            }
        }
    }

    pub(super) fn order_list(&mut self) -> Parsed<Vec<OrderBy>> {
        self.listed(|parser| {
            let value = parser.expression()?;
            let descending = parser.word("DESC");
            if !descending {
                parser.word("ASC");
            }
            Ok(OrderBy { value, descending })
        })
    }
}

fn binary(operator: &'static str, left: Expr, right: Expr) -> Expr {
    let operator = if operator == "!=" { "<>" } else { operator };
    Expr::Binary {
        operator,
        left: Box::new(left),
        right: Box::new(right),
    }
}
