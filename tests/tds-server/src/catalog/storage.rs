//! A table in SQLite: its columns, its key and its indexes.

use super::{Column, Key, Object, Table};
use crate::sql::bind::quote;
use crate::types::collation;

/// CREATE TABLE in SQLite. A primary key is the table itself, as a clustered index is.
pub fn create_sql(storage: &str, table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(column_sql).collect();
    let primary = table.primary_key();
    if let Some(key) = primary {
        parts.push(format!("PRIMARY KEY ({})", key_sql(table, key)));
    }
    let organised = if primary.is_some() {
        " WITHOUT ROWID"
    } else {
        ""
    };
    format!(
        "CREATE TABLE {} ({}){organised}",
        quote(storage),
        parts.join(", ")
    )
}

fn column_sql(column: &Column) -> String {
    let ty = column.sent.ty;
    let mut sql = format!("{} {}", quote(&column.name), ty.affinity());
    if let Some(name) = collation::of(ty, column.sent.collation.as_deref()) {
        sql += &format!(" COLLATE {name}");
    }
    match &column.computed {
        Some(computed) => sql += &format!(" GENERATED ALWAYS AS ({computed}) VIRTUAL"),
        None if !column.sent.nullable => sql += " NOT NULL",
        None => {}
    }
    if let Some(default) = &column.default {
        sql += &format!(" DEFAULT ({default})");
    }
    sql
}

fn key_sql(table: &Table, key: &Key) -> String {
    let columns = key.columns.iter().filter_map(|(id, descending)| {
        let name = quote(&table.by_id(*id)?.name);
        Some(format!("{name}{}", if *descending { " DESC" } else { "" }))
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// The indexes besides the primary key.
pub fn index_sql(object: &Object, table: &Table) -> Vec<String> {
    let storage = object.storage();
    let of_key = |key: &Key| {
        let unique = if key.unique { "UNIQUE " } else { "" };
        let filter = key
            .filter
            .as_ref()
            .map(|filter| format!(" WHERE {filter}"))
            .unwrap_or_default();
        let name = quote(&index_name(object, key));
        format!(
            "CREATE {unique}INDEX {name} ON {} ({}){filter}",
            quote(&storage),
            key_sql(table, key)
        )
    };
    table
        .keys
        .iter()
        .filter(|key| !key.primary)
        .map(of_key)
        .collect()
}

pub fn index_name(object: &Object, key: &Key) -> String {
    format!("{}.{}", object.storage(), key.name)
}
