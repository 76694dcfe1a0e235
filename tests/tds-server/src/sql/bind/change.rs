//! INSERT, UPDATE and DELETE: values get the type of their column, rowversions a new value.

use super::compare::Conversion;
use super::query::Place;
use super::{Binder, Bound, Output, Result, Scope, Source, quote};
use crate::catalog::{Column, Object, Table};
use crate::error::SqlError;
use crate::sql::ast::{Body, Expr, Name, Query};
use crate::types::Type;

const NEXT_ROWVERSION: &str = "ms_next_rowversion()";

impl Binder {
    pub fn insert(&self, name: &Name, names: &[String], source: Option<&Query>) -> Result<String> {
        let (object, table) = self.table_of(name)?;
        let targets = self.targets(table, names, source.is_some())?;
        let storage = quote(&object.storage());
        let mut columns: Vec<String> = targets.iter().map(|column| quote(&column.name)).collect();
        let versions: Vec<&Column> = table
            .columns
            .iter()
            .filter(|column| column.sent.ty == Type::RowVersion)
            .collect();
        columns.extend(versions.iter().map(|column| quote(&column.name)));
        let more = versions
            .iter()
            .map(|_| format!(", {NEXT_ROWVERSION}"))
            .collect::<String>();
        let Some(source) = source else {
            if versions.is_empty() {
                return Ok(format!("INSERT INTO {storage} DEFAULT VALUES"));
            }
            let columns = columns.join(", ");
            return Ok(format!(
                "INSERT INTO {storage} ({columns}) VALUES ({})",
                more.trim_start_matches(", ")
            ));
        };
        let columns = columns.join(", ");
        let sql = match &source.body {
            Body::Values(rows) => {
                let rows = rows.iter().map(|row| {
                    let cells = self.assigned_row(row, &targets)?;
                    Ok(format!("({cells}{more})"))
                });
                format!("VALUES {}", rows.collect::<Result<Vec<_>>>()?.join(", "))
            }
            _ => self.assigned_query(source, &targets, &more)?,
        };
        Ok(format!("INSERT INTO {storage} ({columns}) {sql}"))
    }

    fn assigned_row(&self, row: &[Expr], targets: &[&Column]) -> Result<String> {
        if row.len() != targets.len() {
            return Err(wrong_count());
        }
        let cells = row.iter().zip(targets).map(|(value, column)| match value {
            // A default has no value of its own in a list of values.
            Expr::Column(name) if name.len() == 1 && name[0].eq_ignore_ascii_case("DEFAULT") => {
                Ok(column.default.clone().unwrap_or("NULL".into()))
            }
            value => {
                let value = self.expr(value, &Scope::default())?;
                Ok(self.convert(value, column.sent.ty, Conversion::Assign).sql)
            }
        });
        Ok(cells.collect::<Result<Vec<_>>>()?.join(", "))
    }

    fn assigned_query(&self, source: &Query, targets: &[&Column], more: &str) -> Result<String> {
        let bound = self.query(source, &Scope::default(), Place::Nested)?;
        if bound.columns.len() != targets.len() {
            return Err(wrong_count());
        }
        let names = (0..targets.len())
            .map(|i| format!("c{i}"))
            .collect::<Vec<_>>();
        let cells = bound
            .columns
            .iter()
            .zip(targets)
            .zip(&names)
            .map(|((from, to), name)| {
                let value = Bound {
                    sql: name.clone(),
                    sent: from.sent.clone(),
                    plain: false,
                };
                self.convert(value, to.sent.ty, Conversion::Assign).sql
            });
        let cells = cells.collect::<Vec<_>>().join(", ");
        let names = names.join(", ");
        // WHERE keeps SQLite from reading ON CONFLICT into what follows.
        Ok(format!(
            "SELECT {cells}{more} FROM (WITH source({names}) AS ({}) SELECT * FROM source) WHERE true",
            bound.sql
        ))
    }

    /// The columns that are written: those named, or all that can be.
    fn targets<'t>(
        &self,
        table: &'t Table,
        names: &[String],
        all: bool,
    ) -> Result<Vec<&'t Column>> {
        if !names.is_empty() {
            let found = names.iter().map(|name| {
                let column = table
                    .column(name)
                    .ok_or_else(|| SqlError::no_column(name))?;
                writable(column).map(|()| column)
            });
            return found.collect();
        }
        let free = |column: &&Column| {
            column.identity.is_none()
                && column.computed.is_none()
                && column.sent.ty != Type::RowVersion
        };
        Ok(if all {
            table.columns.iter().filter(free).collect()
        } else {
            Vec::new()
        })
    }

    pub fn update(
        &self,
        name: &Name,
        set: &[(String, Expr)],
        filter: Option<&Expr>,
    ) -> Result<String> {
        let (object, table) = self.table_of(name)?;
        let scope = scope_of(object, table);
        let mut written = Vec::new();
        for (name, value) in set {
            let column = table
                .column(name)
                .ok_or_else(|| SqlError::no_column(name))?;
            writable(column)?;
            let value = self.convert(
                self.expr(value, &scope)?,
                column.sent.ty,
                Conversion::Assign,
            );
            written.push(format!("{} = {}", quote(&column.name), value.sql));
        }
        for column in table
            .columns
            .iter()
            .filter(|column| column.sent.ty == Type::RowVersion)
        {
            written.push(format!("{} = {NEXT_ROWVERSION}", quote(&column.name)));
        }
        let alias = quote(&object.name);
        let filter = self.filter(filter, &scope)?;
        Ok(format!(
            "UPDATE {} AS {alias} SET {}{filter}",
            quote(&object.storage()),
            written.join(", ")
        ))
    }

    pub fn delete(&self, name: &Name, filter: Option<&Expr>) -> Result<String> {
        let (object, table) = self.table_of(name)?;
        let filter = self.filter(filter, &scope_of(object, table))?;
        Ok(format!(
            "DELETE FROM {} AS {}{filter}",
            quote(&object.storage()),
            quote(&object.name)
        ))
    }

    fn filter(&self, filter: Option<&Expr>, scope: &Scope<'_>) -> Result<String> {
        match filter {
            Some(filter) => Ok(format!(" WHERE {}", self.condition(filter, scope)?)),
            None => Ok(String::new()),
        }
    }

    fn table_of(&self, name: &Name) -> Result<(&Object, &Table)> {
        let object = self.object(name)?;
        let table = object
            .table()
            .ok_or_else(|| SqlError::unsupported("changes through a view"))?;
        Ok((object, table))
    }
}

fn scope_of<'a>(object: &Object, table: &Table) -> Scope<'a> {
    let columns = table.columns.iter().map(|column| Output {
        name: column.name.clone(),
        sent: column.sent.clone(),
    });
    let source = Source {
        alias: object.name.clone(),
        columns: columns.collect(),
        derived: false,
    };
    Scope {
        sources: vec![source],
        ..Scope::default()
    }
}

fn writable(column: &Column) -> Result<()> {
    if column.sent.ty == Type::RowVersion {
        let message = "Cannot insert an explicit value into a timestamp column. Use INSERT with a column list to exclude the timestamp column, or insert a DEFAULT into the timestamp column.";
        return Err(SqlError::new(273, 16, message));
    }
    if column.computed.is_some() {
        let message = format!(
            "The column \"{}\" cannot be modified because it is either a computed column or is the result of a UNION operator.",
            column.name
        );
        return Err(SqlError::new(271, 16, message));
    }
    Ok(())
}

fn wrong_count() -> SqlError {
    let message = "Column name or number of supplied values does not match table definition.";
    SqlError::new(213, 16, message)
}
