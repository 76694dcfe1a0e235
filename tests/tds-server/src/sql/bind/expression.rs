//! Values and conditions.

use super::compare::Conversion;
use super::query::Place;
use super::{Binder, Bound, Output, Result, Scope, literal, quote};
use crate::catalog::same_name;
use crate::error::SqlError;
use crate::sql::ast::{Expr, Over, Query};
use crate::sql::{arithmetic, functions};
use crate::types::cast::hex;
use crate::types::type_info::Sent;
use crate::types::{Held, Type, collation, decimal};

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

    fn variable(&self, name: &str) -> Result<Bound> {
        let global = name.to_lowercase();
        Ok(match global.as_str() {
            "@@spid" => Bound::not_null(self.spid.to_string(), Type::SmallInt),
            "@@trancount" => Bound::not_null(self.trancount.to_string(), Type::Int),
            "@@version" => Bound::new(literal(functions::VERSION), Type::NVarChar(300)),
            "@@servername" => Bound::new("'stand-in'", Type::NVarChar(128)),
            "@@dbts" => Bound::not_null("ms_dbts()", Type::VarBinary(8)),
            "@@identity" => Bound::new("ms_scope_identity()", Type::Numeric(38, 0)),
            "@@rowcount" => Bound::new("changes()", Type::Int),
            _ => match self.parameters.get(&global) {
                Some(ty) => Bound::new(global, *ty),
                None => {
                    let message = format!("Must declare the scalar variable \"{name}\".");
                    return Err(SqlError::new(137, 15, message));
                }
            },
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

    fn case(
        &self,
        operand: Option<&Expr>,
        whens: &[(Expr, Expr)],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Bound> {
        let operand = operand
            .map(|operand| self.expr(operand, scope))
            .transpose()?;
        let mut branches = Vec::new();
        for (when, then) in whens {
            let when = match &operand {
                Some(operand) => self.compare("=", operand.clone(), self.expr(when, scope)?)?,
                None => self.condition(when, scope)?,
            };
            branches.push((when, self.expr(then, scope)?));
        }
        let otherwise = match otherwise {
            Some(value) => self.expr(value, scope)?,
            None => Bound::new("NULL", Type::Int),
        };
        let values = branches
            .iter()
            .map(|(_, then)| then.clone())
            .chain([otherwise.clone()]);
        let sent = self.common(&values.collect::<Vec<_>>());
        let mut sql = String::from("CASE");
        for (when, then) in branches {
            sql += &format!(" WHEN {when} THEN {}", self.cast(then, sent.ty).sql);
        }
        sql += &format!(" ELSE {} END", self.cast(otherwise, sent.ty).sql);
        Ok(Bound {
            sql,
            sent,
            plain: false,
        })
    }

    /// What holds all of them, as CASE and COALESCE return it.
    pub fn common(&self, values: &[Bound]) -> Sent {
        let mut typed = values.iter().filter(|value| value.sql != "NULL");
        let mut sent = match typed.next() {
            Some(first) => first.sent.clone(),
            None => Sent::nullable(Type::Int),
        };
        for value in typed {
            sent.ty = sent.ty.common(value.sent.ty);
            sent.collation = sent.collation.or_else(|| value.sent.collation.clone());
        }
        sent.nullable = values.iter().any(|value| value.sent.nullable);
        sent
    }

    fn over(&self, over: &Over, scope: &Scope<'_>) -> Result<String> {
        let mut sql = String::from(" OVER (");
        if !over.partition.is_empty() {
            let values = over
                .partition
                .iter()
                .map(|value| Ok(self.expr(value, scope)?.collated()));
            sql += &format!(
                "PARTITION BY {}",
                values.collect::<Result<Vec<_>>>()?.join(", ")
            );
        }
        if !over.order.is_empty() {
            let keys = over.order.iter().map(|order| {
                let key = self.expr(&order.value, scope)?.collated();
                Ok(format!(
                    "{key}{}",
                    if order.descending { " DESC" } else { "" }
                ))
            });
            sql += &format!(" ORDER BY {}", keys.collect::<Result<Vec<_>>>()?.join(", "));
        }
        Ok(sql + ")")
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

/// Whole numbers are int or bigint, with a point they are numeric, with an exponent float.
fn number_literal(number: &str) -> Result<Bound> {
    if number.contains(['e', 'E']) {
        number
            .parse::<f64>()
            .map_err(|_| SqlError::syntax(number))?;
        // SQLite's own reading of a float may be off by its last bit.
        let (from, to) = (Type::VarChar(400).code(), Type::Float.code());
        let sql = format!("ms_cast({}, {from}, {to}, 0)", literal(number));
        return Ok(Bound::not_null(sql, Type::Float));
    }
    match number.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => Ok(Bound::not_null(number, Type::Int)),
        Ok(_) => Ok(Bound::not_null(number, Type::BigInt)),
        Err(_) => {
            let scale = number
                .split_once('.')
                .map_or(0, |(_, fraction)| fraction.len())
                .min(38) as u8;
            let text = decimal::rescale(number, scale).ok_or_else(|| SqlError::syntax(number))?;
            let precision = (decimal::whole_digits(&text) as u8 + scale).clamp(1, 38);
            Ok(Bound::not_null(
                literal(&text),
                Type::Numeric(precision, scale),
            ))
        }
    }
}

impl Scope<'_> {
    /// A column by its name, with or without its table; the inner query's come first.
    fn resolve(&self, name: &[String]) -> Result<Bound> {
        let dotted = || SqlError::no_column(&name.join("."));
        let (column, table) = name.split_last().ok_or_else(dotted)?;
        let table = table.last();
        let sources = self
            .sources
            .iter()
            .filter(|source| table.is_none_or(|table| same_name(&source.alias, table)));
        let mut found = sources.filter_map(|source| {
            let output = source
                .columns
                .iter()
                .find(|output| same_name(&output.name, column))?;
            Some((source, output))
        });
        let Some((source, output)) = found.next() else {
            return match (self.outer, table) {
                (Some(outer), _) => outer.resolve(name),
                (None, Some(_)) => {
                    let message = format!(
                        "The multi-part identifier \"{}\" could not be bound.",
                        name.join(".")
                    );
                    Err(SqlError::new(4104, 16, message))
                }
                (None, None) => Err(SqlError::no_column(column)),
            };
        };
        if found.next().is_some() {
            let message = format!("Ambiguous column name '{column}'.");
            return Err(SqlError::new(209, 16, message));
        }
        let column = quote(&output.name);
        let sql = match source.alias.as_str() {
            "" => column,
            alias => format!("{}.{column}", quote(alias)),
        };
        // A derived column of text has no collation of its own in SQLite unless it is a table's.
        let plain = !matches!(
            output.sent.ty.held(),
            Held::Text | Held::Decimal | Held::Offset
        ) || !source.derived;
        Ok(Bound {
            sql,
            sent: output.sent.clone(),
            plain,
        })
    }
}
