//! FROM: tables, views, system views, functions and joins.

use super::query::Place;
use super::{Binder, Known, Need, Output, Result, Scope, Source, quote};
use crate::catalog::{Kind, same_name, system};
use crate::error::SqlError;
use crate::sql::ast::{Expr, Name, Query, Table};
use crate::sql::parse;
use crate::types::Type;
use crate::types::type_info::Sent;

impl Binder {
    /// Writes a table of FROM and adds its columns to the scope.
    pub(super) fn table(&self, table: &Table, scope: &mut Scope<'_>) -> Result<String> {
        match table {
            Table::Named { name, alias } => self.named(name, alias.as_deref(), scope),
            Table::Derived {
                query,
                alias,
                columns,
            } => self.derived(query, alias, columns, scope),
            Table::Function {
                name,
                arguments,
                alias,
            } => self.function(name, arguments, alias.as_deref(), scope),
            Table::Join {
                kind,
                left,
                right,
                on,
            } => {
                let left_start = scope.sources.len();
                let left = self.table(left, scope)?;
                let right_start = scope.sources.len();
                let right = self.table(right, scope)?;
                let on = match on {
                    Some(on) => format!(" ON {}", self.condition(on, scope)?),
                    None => String::new(),
                };
                let optional = match *kind {
                    "LEFT JOIN" => right_start..scope.sources.len(),
                    "RIGHT JOIN" => left_start..right_start,
                    "FULL JOIN" => left_start..scope.sources.len(),
                    _ => 0..0,
                };
                let columns = scope.sources[optional]
                    .iter_mut()
                    .flat_map(|source| &mut source.columns);
                columns.for_each(|column| column.sent.nullable = true);
                Ok(format!("{left} {kind} {right}{on}"))
            }
        }
    }

    fn named(&self, name: &Name, alias: Option<&str>, scope: &mut Scope<'_>) -> Result<String> {
        let own = name.last().map_or("", String::as_str);
        let alias = alias.unwrap_or(own);
        if let (1, Some(known)) = (name.len(), scope.cte(own)) {
            let (table, columns) = (quote(&known.name), known.columns.clone());
            return Ok(scope.add(&table, alias, columns));
        }
        if let Some(system) = system::view(name) {
            self.needs.borrow_mut().push(Need::System(system.name));
            self.reads
                .borrow_mut()
                .push(("sys".into(), system.name.into()));
            let table = format!("temp.{}", quote(system.name));
            return Ok(scope.add(&table, alias, system.columns()));
        }
        let object = self.object(name)?;
        self.reads
            .borrow_mut()
            .push((object.schema.clone(), object.name.clone()));
        match &object.kind {
            Kind::Table(table) => {
                let columns = table.columns.iter().map(|column| Output {
                    name: column.name.clone(),
                    sent: column.sent.clone(),
                });
                Ok(scope.add(&quote(&object.storage()), alias, columns.collect()))
            }
            Kind::View(text) => {
                let query = parse::query(text)?;
                let bound = self.query(&query, &Scope::default(), Place::Nested)?;
                Ok(scope.add(&format!("({})", bound.sql), alias, bound.columns))
            }
        }
    }

    fn derived(
        &self,
        query: &Query,
        alias: &str,
        names: &[String],
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        let around = Scope {
            outer: scope.outer,
            ctes: scope.ctes.clone(),
            ..Scope::default()
        };
        let bound = self.query(query, &around, Place::Nested)?;
        let (sql, columns) = renamed(bound.sql, bound.columns, names, alias)?;
        Ok(scope.add(&sql, alias, columns))
    }

    fn function(
        &self,
        name: &Name,
        arguments: &[Expr],
        alias: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> Result<String> {
        let own = name.last().map_or("", String::as_str).to_lowercase();
        let alias = alias.unwrap_or(&own);
        match (own.as_str(), arguments) {
            ("generate_series", [start, stop, rest @ ..]) => {
                let step = rest.first().cloned().unwrap_or(Expr::Number("1".into()));
                let bound = [start, stop, &step].map(|argument| self.expr(argument, scope));
                let [start, stop, step] = bound;
                let (start, stop, step) = (start?, stop?, step?);
                let ty = if start.ty() == Type::BigInt || stop.ty() == Type::BigInt {
                    Type::BigInt
                } else {
                    Type::Int
                };
                let [start, stop, step] = [start, stop, step].map(|bound| self.cast(bound, ty).sql);
                let sql = format!(
                    "(WITH RECURSIVE series(value) AS (SELECT {start} WHERE {start} <= {stop} \
                     UNION ALL SELECT value + {step} FROM series WHERE value + {step} <= {stop}) SELECT value FROM series)"
                );
                let column = Output {
                    name: "value".into(),
                    sent: Sent::nullable(ty),
                };
                Ok(scope.add(&sql, alias, vec![column]))
            }
            ("dm_exec_describe_first_result_set", [text, parameters, ..]) => {
                let table = format!("described.{}", self.needs.borrow().len());
                let need = Need::Describe {
                    text: Box::new(text.clone()),
                    parameters: Box::new(parameters.clone()),
                    table: table.clone(),
                };
                self.needs.borrow_mut().push(need);
                let columns = system::DESCRIBED.columns();
                Ok(scope.add(&format!("temp.{}", quote(&table)), alias, columns))
            }
            _ => Err(SqlError::no_object(&name.join("."))),
        }
    }
}

/// A derived table with the names behind its alias.
pub(super) fn renamed(
    sql: String,
    mut columns: Vec<Output>,
    names: &[String],
    alias: &str,
) -> Result<(String, Vec<Output>)> {
    if let Some(at) = columns
        .iter()
        .position(|column| column.name.is_empty())
        .filter(|_| names.is_empty())
    {
        let message = format!(
            "No column name was specified for column {} of '{alias}'.",
            at + 1
        );
        return Err(SqlError::new(8155, 16, message));
    }
    if names.is_empty() {
        return Ok((format!("({sql})"), columns));
    }
    for (column, name) in columns.iter_mut().zip(names) {
        column.name.clone_from(name);
    }
    let names = names
        .iter()
        .map(|name| quote(name))
        .collect::<Vec<_>>()
        .join(", ");
    Ok((
        format!("(WITH renamed({names}) AS ({sql}) SELECT * FROM renamed)"),
        columns,
    ))
}

impl Scope<'_> {
    fn add(&mut self, table: &str, alias: &str, columns: Vec<Output>) -> String {
        let written = format!("{table} AS {}", quote(alias));
        let derived = table.starts_with('(') || !table.contains('.');
        self.sources.push(Source {
            alias: alias.to_string(),
            columns,
            derived,
        });
        written
    }

    fn cte(&self, name: &str) -> Option<&Known> {
        let known = self
            .ctes
            .iter()
            .rev()
            .find(|known| same_name(&known.name, name));
        known.or_else(|| self.outer.and_then(|outer| outer.cte(name)))
    }
}
