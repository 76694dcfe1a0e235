//! SELECT and what combines it.

use super::compound::ordinals;
use super::from::renamed;
use super::{Binder, Bound, BoundQuery, Known, Output, Result, Scope, Ties, quote};
use crate::catalog::same_name;
use crate::error::SqlError;
use crate::sql::ast::{Body, Cte, Expr, Item, Query, Select};
use crate::types::Type;

/// WITH TIES of the outermost query is left to who reads the rows, so that it does not rank the whole table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Outermost,
    Nested,
}

/// A body, and the scope's items for ORDER BY.
pub(super) struct BoundBody {
    pub sql: String,
    pub columns: Vec<Output>,
    /// Expressions of the columns; none of a compound.
    pub items: Vec<Bound>,
    /// Where FROM begins, for hidden columns.
    pub from_at: usize,
}

impl Binder {
    pub(super) fn query(
        &self,
        query: &Query,
        outer: &Scope<'_>,
        place: Place,
    ) -> Result<BoundQuery> {
        let mut around = Scope {
            outer: Some(outer),
            ..Scope::default()
        };
        let mut with = Vec::new();
        for cte in &query.with {
            with.push(self.cte(cte, &mut around)?);
        }
        let mut bound = match &query.body {
            Body::Select(select) => self.ordered_select(select, query, &around, place)?,
            body => {
                let body = self.body(body, &around)?;
                let mut sql = body.sql;
                if !query.order.is_empty() {
                    sql = format!(
                        "SELECT * FROM ({sql}) ORDER BY {}",
                        ordinals(&query.order, &body.columns)?
                    );
                }
                let columns = body.columns;
                BoundQuery {
                    sql,
                    columns,
                    ties: None,
                }
            }
        };
        if let Some(offset) = &query.offset {
            let limit = match &query.fetch {
                Some(fetch) => self.cast(self.expr(fetch, &around)?, Type::BigInt).sql,
                None => "-1".into(),
            };
            let offset = self.cast(self.expr(offset, &around)?, Type::BigInt).sql;
            bound.sql += &format!(" LIMIT {limit} OFFSET {offset}");
        }
        if !with.is_empty() {
            bound.sql = format!("WITH RECURSIVE {} {}", with.join(", "), bound.sql);
        }
        Ok(bound)
    }

    fn cte(&self, cte: &Cte, around: &mut Scope<'_>) -> Result<String> {
        // The first part of a recursive one tells the types.
        let anchor = match &cte.query.body {
            Body::Compound { left, .. } => self.body(left, around).ok(),
            _ => None,
        };
        if let Some(anchor) = anchor {
            let (_, columns) = renamed(String::new(), anchor.columns, &cte.columns, &cte.name)?;
            around.ctes.push(Known {
                name: cte.name.clone(),
                columns,
            });
        }
        let bound = self.query(&cte.query, around, Place::Nested)?;
        let (_, columns) = renamed(String::new(), bound.columns, &cte.columns, &cte.name)?;
        around.ctes.retain(|known| known.name != cte.name);
        let names = columns
            .iter()
            .map(|column| quote(&column.name))
            .collect::<Vec<_>>()
            .join(", ");
        around.ctes.push(Known {
            name: cte.name.clone(),
            columns,
        });
        Ok(format!("{}({names}) AS ({})", quote(&cte.name), bound.sql))
    }

    pub(super) fn ordered_select(
        &self,
        select: &Select,
        query: &Query,
        outer: &Scope<'_>,
        place: Place,
    ) -> Result<BoundQuery> {
        let mut scope = Scope {
            outer: Some(outer),
            ..Scope::default()
        };
        let BoundBody {
            mut sql,
            columns,
            items,
            from_at,
        } = self.select(select, &mut scope)?;
        let keys = query.order.iter().map(|order| {
            let key = self.order_key(&order.value, &scope, &columns, &items)?;
            Ok((key, order.descending))
        });
        let keys = keys.collect::<Result<Vec<_>>>()?;
        let order = written_order(&keys);
        let Some(top) = &select.top else {
            return Ok(BoundQuery {
                sql: sql + &order,
                columns,
                ties: None,
            });
        };
        let count = self.cast(self.expr(&top.count, outer)?, Type::BigInt).sql;
        if !top.with_ties {
            return Ok(BoundQuery {
                sql: format!("{sql}{order} LIMIT {count}"),
                columns,
                ties: None,
            });
        }
        if keys.is_empty() {
            let message = "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.";
            return Err(SqlError::new(1062, 15, message));
        }
        if place == Place::Outermost && select.group.is_empty() && !select.distinct {
            let hidden = keys
                .iter()
                .map(|(key, _)| format!(", {}", key.sql))
                .collect::<String>();
            sql.insert_str(from_at, &hidden);
            let keys = keys.iter().map(|(key, _)| key.order()).collect();
            return Ok(BoundQuery {
                sql: sql + &order,
                columns,
                ties: Some(Ties { count, keys }),
            });
        }
        let rank = format!(", RANK() OVER ({}) AS ties", order.trim_start());
        sql.insert_str(from_at, &rank);
        let names = columns
            .iter()
            .map(|column| quote(&column.name))
            .collect::<Vec<_>>()
            .join(", ");
        let sql = format!("SELECT {names} FROM ({sql}) WHERE ties <= {count} ORDER BY ties");
        Ok(BoundQuery {
            sql,
            columns,
            ties: None,
        })
    }

    pub(super) fn select(&self, select: &Select, scope: &mut Scope<'_>) -> Result<BoundBody> {
        let mut from = Vec::new();
        for table in &select.from {
            from.push(self.table(table, scope)?);
        }
        let (mut columns, mut items) = (Vec::new(), Vec::new());
        for item in &select.items {
            self.item(item, scope, &mut columns, &mut items)?;
        }
        let written = items
            .iter()
            .zip(&columns)
            .enumerate()
            .map(|(at, (bound, column))| {
                let name = match column.name.as_str() {
                    "" => format!("column {}", at + 1),
                    name => name.to_string(),
                };
                format!("{} AS {}", bound.sql, quote(&name))
            });
        let mut sql = String::from(if select.distinct {
            "SELECT DISTINCT "
        } else {
            "SELECT "
        });
        sql += &written.collect::<Vec<_>>().join(", ");
        let from_at = sql.len();
        if !from.is_empty() {
            sql += " FROM ";
            sql += &from.join(", ");
        }
        if let Some(filter) = &select.filter {
            sql += &format!(" WHERE {}", self.condition(filter, scope)?);
        }
        if !select.group.is_empty() {
            let group = select
                .group
                .iter()
                .map(|value| Ok(self.expr(value, scope)?.collated()));
            sql += &format!(
                " GROUP BY {}",
                group.collect::<Result<Vec<_>>>()?.join(", ")
            );
        }
        if let Some(having) = &select.having {
            sql += &format!(" HAVING {}", self.condition(having, scope)?);
        }
        Ok(BoundBody {
            sql,
            columns,
            items,
            from_at,
        })
    }

    fn item(
        &self,
        item: &Item,
        scope: &Scope<'_>,
        columns: &mut Vec<Output>,
        items: &mut Vec<Bound>,
    ) -> Result<()> {
        let (value, alias) = match item {
            Item::Value { value, alias } => (value, alias),
            Item::All(table) => {
                let wanted =
                    |alias: &str| table.as_ref().is_none_or(|table| same_name(table, alias));
                for source in scope.sources.iter().filter(|source| wanted(&source.alias)) {
                    for column in &source.columns {
                        let sql = format!("{}.{}", quote(&source.alias), quote(&column.name));
                        items.push(Bound {
                            sql,
                            sent: column.sent.clone(),
                            plain: true,
                        });
                        columns.push(column.clone());
                    }
                }
                return Ok(());
            }
        };
        let bound = self.expr(value, scope)?;
        let name = match (alias, value) {
            (Some(alias), _) => alias.clone(),
            (None, Expr::Column(name)) => name.last().cloned().unwrap_or_default(),
            (None, _) => String::new(),
        };
        columns.push(Output {
            name,
            sent: bound.sent.clone(),
        });
        items.push(bound);
        Ok(())
    }

    /// A position or an alias of the select list, or any expression over its sources.
    fn order_key(
        &self,
        value: &Expr,
        scope: &Scope<'_>,
        columns: &[Output],
        items: &[Bound],
    ) -> Result<Bound> {
        let found = match value {
            Expr::Number(number) => number
                .parse::<usize>()
                .ok()
                .and_then(|at| at.checked_sub(1)),
            Expr::Column(name) if name.len() == 1 => columns
                .iter()
                .position(|column| same_name(&column.name, &name[0])),
            _ => None,
        };
        match found.and_then(|at| items.get(at)) {
            Some(item) => Ok(item.clone()),
            None => self.expr(value, scope),
        }
    }
}

fn written_order(keys: &[(Bound, bool)]) -> String {
    if keys.is_empty() {
        return String::new();
    }
    let keys = keys.iter().map(|(key, descending)| {
        format!(
            "{}{}",
            key.collated(),
            if *descending { " DESC" } else { "" }
        )
    });
    format!(" ORDER BY {}", keys.collect::<Vec<_>>().join(", "))
}
