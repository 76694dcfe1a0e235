//! CREATE and ALTER: an object of the catalog from its definition, and the SQLite statements that make it so.

use super::{Catalog, Column, Key, Kind, Object, Table};
use crate::error::SqlError;
use crate::sql::ast::{Change, ColumnDef, KeyDef, Name};
use crate::sql::bind::{Binder, Bound, Conversion, Output, Scope, quote};
use crate::types::type_info::Sent;
use crate::types::{Type, collation};

type Result<T> = std::result::Result<T, SqlError>;

/// Another shape of a table: the new object, and the value of each of its columns from the old rows.
pub struct Rebuilt {
    pub object: Object,
    pub values: Vec<(String, String)>,
}

pub fn table(
    binder: &Binder,
    catalog: &mut Catalog,
    name: &Name,
    columns: &[ColumnDef],
    keys: &[KeyDef],
) -> Result<Object> {
    let (schema, own) = binder.split(name)?;
    let schema = free_name(catalog, schema, own)?;
    let id = catalog.next_id();
    let primary: Vec<&str> = keys
        .iter()
        .filter(|key| key.primary)
        .flat_map(|key| key.columns.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut table = Table::default();
    for definition in columns {
        let mut column = column(binder, id, &table, definition)?;
        if primary
            .iter()
            .any(|name| super::same_name(name, &column.name))
        {
            column.sent.nullable = false;
        }
        table.columns.push(column);
    }
    for definition in keys {
        add_key(binder, &mut table, own, definition)?;
    }
    Ok(Object {
        id,
        schema,
        name: own.to_string(),
        kind: Kind::Table(table),
    })
}

/// The schema as it is written in the catalog.
pub fn free_name(catalog: &Catalog, schema: &str, name: &str) -> Result<String> {
    if catalog.find(schema, name).is_some() {
        let message = format!("There is already an object named '{name}' in the database.");
        return Err(SqlError::new(2714, 16, message));
    }
    let found = catalog.schema(schema).map(|(schema, _)| schema.clone());
    found.ok_or_else(|| {
        let message = format!("The specified schema name \"{schema}\" either does not exist or you do not have permission to use it.");
        SqlError::new(2760, 16, message)
    })
}

fn outputs(table: &Table) -> Vec<Output> {
    let output = |column: &Column| Output {
        name: column.name.clone(),
        sent: column.sent.clone(),
    };
    table.columns.iter().map(output).collect()
}

fn column(binder: &Binder, object: i32, table: &Table, definition: &ColumnDef) -> Result<Column> {
    let (sent, computed) = match (&definition.computed, definition.ty) {
        (Some(expr), _) => {
            let bound = binder.over_table(expr, outputs(table))?;
            (bound.sent, Some(bound.sql))
        }
        (None, Some(ty)) => {
            let nullable = definition
                .nullable
                .unwrap_or(definition.identity.is_none() && ty != Type::RowVersion);
            let collation = ty
                .is_character()
                .then(|| definition.collation.clone())
                .flatten();
            if let Some(name) = collation.as_ref().filter(|name| !collation::exists(name)) {
                return Err(SqlError::new(
                    448,
                    16,
                    format!("Invalid collation '{name}'."),
                ));
            }
            (
                Sent {
                    ty,
                    nullable,
                    collation,
                },
                None,
            )
        }
        (None, None) => return Err(SqlError::syntax(&definition.name)),
    };
    let default = match (&definition.default, definition.identity) {
        (Some(expr), _) => {
            let value = binder.expr(expr, &Scope::default())?;
            Some(binder.convert(value, sent.ty, Conversion::Assign).sql)
        }
        (None, Some((seed, step))) => Some(format!("ms_next_identity({object}, {seed}, {step})")),
        (None, None) => None,
    };
    Ok(Column {
        id: table
            .columns
            .iter()
            .map(|column| column.id)
            .max()
            .unwrap_or(0)
            + 1,
        name: definition.name.clone(),
        sent,
        identity: definition.identity,
        default,
        computed,
        sparse: definition.sparse,
    })
}

/// A constraint or an index.
pub fn add_key(
    binder: &Binder,
    table: &mut Table,
    table_name: &str,
    definition: &KeyDef,
) -> Result<()> {
    let id_of = |name: &String| {
        table.column(name).map(|column| column.id).ok_or_else(|| {
            let message =
                format!("Column name '{name}' does not exist in the target table or view.");
            SqlError::new(1911, 16, message)
        })
    };
    let columns = definition
        .columns
        .iter()
        .map(|(name, descending)| Ok((id_of(name)?, *descending)));
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let included = definition
        .included
        .iter()
        .map(id_of)
        .collect::<Result<Vec<_>>>()?;
    let filter = match &definition.filter {
        Some(filter) => Some(binder.over_table(filter, outputs(table))?.sql),
        None => None,
    };
    let has_clustered = table.keys.iter().any(|key| key.clustered);
    let clustered = definition
        .clustered
        .unwrap_or(definition.primary && !has_clustered);
    let highest = table
        .keys
        .iter()
        .map(|key| key.id)
        .max()
        .unwrap_or(1)
        .max(1);
    let prefix = if definition.primary { "PK" } else { "UQ" };
    table.keys.push(Key {
        // The clustered index is number 1, the heap would be 0.
        id: if clustered { 1 } else { highest + 1 },
        name: definition
            .name
            .clone()
            .unwrap_or_else(|| format!("{prefix}__{table_name}")),
        primary: definition.primary,
        unique: definition.unique,
        clustered,
        constraint: definition.constraint,
        columns,
        included,
        filter,
    });
    Ok(())
}

/// ALTER TABLE.
pub fn change(binder: &Binder, object: &Object, change: &Change) -> Result<Rebuilt> {
    let mut table = object
        .table()
        .cloned()
        .ok_or_else(|| SqlError::no_object(&object.name))?;
    let mut values: Vec<(String, String)> = table
        .columns
        .iter()
        .map(|column| (column.name.clone(), quote(&column.name)))
        .collect();
    match change {
        Change::Add(definitions) => {
            for definition in definitions {
                let column = column(binder, object.id, &table, definition)?;
                let value = match (&column.default, column.sent.ty) {
                    (_, Type::RowVersion) => "ms_next_rowversion()".to_string(),
                    (Some(default), _) => default.clone(),
                    (None, _) => "NULL".to_string(),
                };
                values.push((column.name.clone(), value));
                table.columns.push(column);
            }
        }
        Change::Drop(names) => {
            for name in names {
                let at = table
                    .columns
                    .iter()
                    .position(|column| super::same_name(&column.name, name));
                let at = at.ok_or_else(|| SqlError::no_column(name))?;
                let id = table.columns.remove(at).id;
                values.remove(at);
                let uses = |key: &Key| key.columns.iter().any(|(column, _)| *column == id);
                if table.keys.iter().any(uses) {
                    let message = format!(
                        "ALTER TABLE DROP COLUMN {name} failed because one or more objects access this column."
                    );
                    return Err(SqlError::new(4922, 16, message));
                }
            }
        }
        Change::Alter(definition) => {
            let at = table
                .columns
                .iter()
                .position(|column| super::same_name(&column.name, &definition.name));
            let at = at.ok_or_else(|| SqlError::no_column(&definition.name))?;
            let old = table.columns[at].clone();
            let mut new = column(binder, object.id, &table, definition)?;
            let value = Bound {
                sql: quote(&old.name),
                sent: old.sent.clone(),
                plain: true,
            };
            values[at].1 = binder.convert(value, new.sent.ty, Conversion::Assign).sql;
            (new.id, new.default, new.identity) = (old.id, old.default, old.identity);
            table.columns[at] = new;
        }
    }
    Ok(rebuilt(object, table, values))
}

/// `sp_rename` of a column.
pub fn rename(object: &Object, column: &str, to: &str) -> Result<Rebuilt> {
    let mut table = object
        .table()
        .cloned()
        .ok_or_else(|| SqlError::no_object(&object.name))?;
    let taken = table.column(to).map(|other| &other.name);
    if taken.is_some_and(|other| !super::same_name(other, column)) {
        let message = format!(
            "Error: The new name '{to}' is already in use as a COLUMN name and would cause a duplicate that is not permitted."
        );
        return Err(SqlError::new(15335, 11, message));
    }
    let found = table
        .columns
        .iter_mut()
        .find(|old| super::same_name(&old.name, column));
    let found = found.ok_or_else(|| {
        let message =
            "Either the parameter @objname is ambiguous or the claimed @objtype (COLUMN) is wrong.";
        SqlError::new(15248, 11, message)
    })?;
    let old = std::mem::replace(&mut found.name, to.to_string());
    let values = table.columns.iter().map(|column| {
        let from = if column.name == to {
            &old
        } else {
            &column.name
        };
        (column.name.clone(), quote(from))
    });
    let values = values.collect();
    Ok(rebuilt(object, table, values))
}

fn rebuilt(object: &Object, table: Table, mut values: Vec<(String, String)>) -> Rebuilt {
    values.retain(|(name, _)| {
        table
            .column(name)
            .is_some_and(|column| column.computed.is_none())
    });
    Rebuilt {
        object: Object {
            kind: Kind::Table(table),
            ..object.clone()
        },
        values,
    }
}
