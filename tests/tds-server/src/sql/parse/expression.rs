//! Conditions and values, from OR down to literals.

use super::{Parsed, Parser};
use crate::sql::ast::{Expr, OrderBy, Over};
use crate::sql::lex::Kind;

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

    fn primary(&mut self) -> Parsed<Expr> {
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

fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    Expr::Call {
        name: name.to_string(),
        arguments,
        distinct: false,
        over: None,
    }
}
