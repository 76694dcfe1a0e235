//! Values and conditions.

use super::compare::Conversion;
use super::names::number_literal;
use super::query::Place;
use super::{Binder, Bound, Output, Result, Scope, literal};
use crate::error::SqlError;
use crate::sql::ast::{Expr, Query};
use crate::sql::{arithmetic, functions};
use crate::types::cast::hex;
use crate::types::type_info::Sent;
use crate::types::{Type, collation};

impl Binder {
    pub(super) fn condition(&self, expr: &Expr, scope: &Scope<'_>) -> Result<String> {
        Ok(self.expr(expr, scope)?.sql)
    }

    pub fn expr(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Bound> {
        Ok(match expr {
            Expr::Null => Bound::new("NULL", Type::Int),
            Expr::Number(number) => number_literal(number)?,
            Expr::Text { text, unicode } => {
                let length = text.encode_utf16().count().clamp(1, 8000) as u16;
                let ty = if *unicode {
                    Type::NVarChar(length)
                } else {
                    Type::VarChar(length)
                };
                Bound::not_null(literal(text), ty)
            }
            Expr::Bytes(bytes) => {
                let ty = Type::VarBinary(bytes.len().clamp(1, 8000) as u16);
                Bound::not_null(format!("x'{}'", hex(bytes)), ty)
            }
            Expr::Variable(name) => self.variable(name)?,
            Expr::Column(name) => scope.resolve(name)?,
            Expr::Star => Bound::new("*", Type::Int),
            Expr::Negated(value) => {
                let zero = Bound::not_null("0", Type::Int);
                let value = self.expr(value, scope)?;
                arithmetic::apply(self, "-", zero, value)?
            }
            Expr::Binary {
                operator: operator @ ("AND" | "OR"),
                left,
                right,
            } => {
                let (left, right) = (self.condition(left, scope)?, self.condition(right, scope)?);
                condition(format!("({left} {operator} {right})"))
            }
            Expr::Binary {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.expr(left, scope)?, self.expr(right, scope)?);
                match *operator {
                    "=" | "<>" | "<" | "<=" | ">" | ">=" => {
                        condition(self.compare(operator, left, right)?)
                    }
                    operator => arithmetic::apply(self, operator, left, right)?,
                }
            }
            Expr::Not(value) => condition(format!("(NOT {})", self.condition(value, scope)?)),
            Expr::IsNull { value, negated } => {
                let not = if *negated { "NOT " } else { "" };
                condition(format!("({} IS {not}NULL)", self.expr(value, scope)?.sql))
            }
            Expr::Between {
                value,
                low,
                high,
                negated,
            } => {
                let value = self.expr(value, scope)?;
                let low = self.compare(">=", value.clone(), self.expr(low, scope)?)?;
                let high = self.compare("<=", value, self.expr(high, scope)?)?;
                condition(format!("{}({low} AND {high})", not(*negated)))
            }
            Expr::InList {
                value,
                list,
                negated,
            } => {
                let value = self.expr(value, scope)?;
                let equal = list
                    .iter()
                    .map(|one| self.compare("=", value.clone(), self.expr(one, scope)?));
                let equal = equal.collect::<Result<Vec<_>>>()?.join(" OR ");
                condition(format!("{}({equal})", not(*negated)))
            }
            Expr::InQuery {
                value,
                query,
                negated,
            } => {
                let value = self.expr(value, scope)?;
                let query = self.query(query, scope, Place::Nested)?;
                let right = query.columns.first().map(|column| column.sent.clone());
                let right = Bound {
                    sql: String::new(),
                    sent: right.unwrap_or(Sent::nullable(Type::Int)),
                    plain: true,
                };
                let value = self.alike(value, right).0;
                condition(format!(
                    "({} {}IN ({}))",
                    value.collated(),
                    not(*negated),
                    query.sql
                ))
            }
            Expr::Like {
                value,
                pattern,
                negated,
            } => {
                let (value, pattern) = (self.expr(value, scope)?, self.expr(pattern, scope)?);
                condition(format!(
                    "{}ms_like({}, {})",
                    not(*negated),
                    value.sql,
                    pattern.sql
                ))
            }
            Expr::Exists(query) => condition(format!(
                "EXISTS ({})",
                self.query(query, scope, Place::Nested)?.sql
            )),
            Expr::Subquery(query) => self.scalar(query, scope)?,
            Expr::Case {
                operand,
                whens,
                otherwise,
            } => self.case(operand.as_deref(), whens, otherwise.as_deref(), scope)?,
            Expr::Cast {
                value,
                to,
                style,
                tried,
            } => {
                let value = self.expr(value, scope)?;
                let style = match style.as_deref() {
                    Some(Expr::Number(style)) => style.parse().unwrap_or(0),
                    _ => 0,
                };
                let conversion = if *tried {
                    Conversion::Try { style }
                } else {
                    Conversion::Cast { style }
                };
                self.convert(value, *to, conversion)
            }
            Expr::Call {
                name,
                arguments,
                distinct,
                over,
            } => {
                let dated = matches!(name.as_str(), "DATEADD" | "DATEDIFF" | "DATEDIFF_BIG");
                let bound = arguments
                    .iter()
                    .enumerate()
                    .map(|(at, argument)| match argument {
                        // The part of a date is a word.
                        Expr::Column(part) if dated && at == 0 => {
                            Ok(Bound::not_null(literal(&part.join(".")), Type::VarChar(30)))
                        }
                        argument => self.expr(argument, scope),
                    });
                let bound = bound.collect::<Result<Vec<_>>>()?;
                let mut called = functions::call(self, name, bound, *distinct)?;
                if let Some(over) = over {
                    called.sql += &self.over(over, scope)?;
                }
                called
            }
            Expr::Method { value, name } => {
                let value = self.expr(value, scope)?;
                match name.to_lowercase().as_str() {
                    "tostring" | "stastext" => Bound::new(value.sql, Type::NVarChar(4000)),
                    "stsrid" => {
                        Bound::new(format!("iif({} IS NULL, NULL, 4326)", value.sql), Type::Int)
                    }
                    "stasbinary" => Bound::new(
                        format!("cast({} AS BLOB)", value.sql),
                        Type::VarBinary(crate::types::MAX),
                    ),
                    _ => return Err(SqlError::unsupported(format!("the method {name}"))),
                }
            }
            Expr::Collate {
                value,
                collation: name,
            } => {
                if !collation::exists(name) {
                    return Err(SqlError::new(
                        448,
                        16,
                        format!("Invalid collation '{name}'."),
                    ));
                }
                let mut value = self.expr(value, scope)?;
                value.sent.collation = Some(name.clone());
                value.plain = false;
                value
            }
        })
    }

    fn scalar(&self, query: &Query, scope: &Scope<'_>) -> Result<Bound> {
        let query = self.query(query, scope, Place::Nested)?;
        let Some(Output { sent, .. }) = query.columns.first() else {
            return Err(SqlError::syntax(")"));
        };
        let mut sent = sent.clone();
        sent.nullable = true;
        Ok(Bound {
            sql: format!("({})", query.sql),
            sent,
            plain: false,
        })
    }
}

/// The type of a list's column and one more value.
pub(super) fn common(sent: &Sent, value: &Bound) -> Type {
    if value.sql == "NULL" {
        sent.ty
    } else {
        sent.ty.common(value.ty())
    }
}

fn condition(sql: String) -> Bound {
    Bound::new(sql, Type::Bit)
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}
