//! What queries are made of besides SELECT: UNION and its kin, and VALUES.

use super::query::{BoundBody, Place};
use super::{Binder, Bound, Output, Result, Scope, quote};
use crate::catalog::same_name;
use crate::error::SqlError;
use crate::sql::ast::{Body, Expr, OrderBy, Query};
use crate::types::type_info::Sent;

impl Binder {
    pub(super) fn body(&self, body: &Body, outer: &Scope<'_>) -> Result<BoundBody> {
        match body {
            Body::Select(select) => {
                let query = Query {
                    with: Vec::new(),
                    body: body.clone(),
                    order: Vec::new(),
                    offset: None,
                    fetch: None,
                };
                if select.top.is_some() {
                    let bound = self.ordered_select(select, &query, outer, Place::Nested)?;
                    let sql = format!("SELECT * FROM ({})", bound.sql);
                    return Ok(BoundBody {
                        sql,
                        columns: bound.columns,
                        items: Vec::new(),
                        from_at: 0,
                    });
                }
                let mut scope = Scope {
                    outer: Some(outer),
                    ..Scope::default()
                };
                self.select(select, &mut scope)
            }
            Body::Compound {
                operator,
                left,
                right,
            } => {
                let (left, right) = (self.body(left, outer)?, self.body(right, outer)?);
                self.compound(operator, left, right)
            }
            Body::Values(rows) => {
                let scope = Scope {
                    outer: Some(outer),
                    ..Scope::default()
                };
                self.values(rows, &scope)
            }
        }
    }

    /// Both sides with the types of the columns that hold both.
    fn compound(&self, operator: &str, left: BoundBody, right: BoundBody) -> Result<BoundBody> {
        if left.columns.len() != right.columns.len() {
            let message = "All queries combined using a UNION, INTERSECT or EXCEPT operator must have an equal number of expressions in their target lists.";
            return Err(SqlError::new(205, 16, message));
        }
        let mut columns = left.columns.clone();
        for (column, other) in columns.iter_mut().zip(&right.columns) {
            column.sent.ty = column.sent.ty.common(other.sent.ty);
            column.sent.nullable |= other.sent.nullable;
        }
        let sql = format!(
            "{} {operator} {}",
            self.converted(&left, &columns),
            self.converted(&right, &columns)
        );
        Ok(BoundBody {
            sql,
            columns,
            items: Vec::new(),
            from_at: 0,
        })
    }

    fn converted(&self, body: &BoundBody, to: &[Output]) -> String {
        let same = body
            .columns
            .iter()
            .zip(to)
            .all(|(a, b)| a.sent.ty == b.sent.ty);
        if same {
            return body.sql.clone();
        }
        let names = (0..to.len()).map(|i| format!("c{i}")).collect::<Vec<_>>();
        let items = body
            .columns
            .iter()
            .zip(to)
            .zip(&names)
            .map(|((from, to), name)| {
                let bound = Bound {
                    sql: name.clone(),
                    sent: from.sent.clone(),
                    plain: false,
                };
                let value = self.cast(bound, to.sent.ty).sql;
                match to.name.as_str() {
                    "" => value,
                    own => format!("{value} AS {}", quote(own)),
                }
            });
        let items = items.collect::<Vec<_>>().join(", ");
        let names = names.join(", ");
        format!(
            "SELECT {items} FROM (WITH part({names}) AS ({}) SELECT * FROM part)",
            body.sql
        )
    }

    /// A column has the type that holds all its values.
    fn values(&self, rows: &[Vec<Expr>], scope: &Scope<'_>) -> Result<BoundBody> {
        let bound = rows.iter().map(|row| {
            row.iter()
                .map(|value| self.expr(value, scope))
                .collect::<Result<Vec<_>>>()
        });
        let bound = bound.collect::<Result<Vec<_>>>()?;
        let mut columns: Vec<Output> = Vec::new();
        for (at, first) in bound[0].iter().enumerate() {
            let mut sent = first.sent.clone();
            for row in &bound[1..] {
                let cell = row.get(at).ok_or_else(|| SqlError::new(10709, 16, "The number of columns for each row in a table value constructor must be the same."))?;
                sent.ty = super::expression::common(&sent, cell);
                sent.nullable |= cell.sent.nullable;
            }
            columns.push(Output {
                name: String::new(),
                sent,
            });
        }
        let rows = bound.into_iter().map(|row| {
            let cells = row
                .into_iter()
                .zip(&columns)
                .map(|(cell, to)| self.cast(cell, to.sent.ty).sql);
            format!("({})", cells.collect::<Vec<_>>().join(", "))
        });
        let sql = format!("VALUES {}", rows.collect::<Vec<_>>().join(", "));
        Ok(BoundBody {
            sql,
            columns,
            items: Vec::new(),
            from_at: 0,
        })
    }
}

/// Of a compound: names and positions only.
pub(super) fn ordinals(order: &[OrderBy], columns: &[Output]) -> Result<String> {
    let keys = order.iter().map(|order| {
        let at = match &order.value {
            Expr::Number(number) => number.parse::<usize>().ok(),
            Expr::Column(name) => name.last().and_then(|name| {
                columns.iter().position(|column| same_name(&column.name, name)).map(|at| at + 1)
            }),
            _ => None,
        };
        let at = at.filter(|at| (1..=columns.len()).contains(at)).ok_or_else(|| {
            SqlError::new(104, 15, "ORDER BY items must appear in the select list if the statement contains a UNION, INTERSECT or EXCEPT operator.")
        })?;
        let sent: &Sent = &columns[at - 1].sent;
        let collation = crate::types::collation::of(sent.ty, sent.collation.as_deref());
        let collate = collation.map(|name| format!(" COLLATE {name}")).unwrap_or_default();
        Ok(format!("{at}{collate}{}", if order.descending { " DESC" } else { "" }))
    });
    Ok(keys.collect::<Result<Vec<_>>>()?.join(", "))
}
