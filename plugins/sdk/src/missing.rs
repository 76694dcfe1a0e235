//! What is said of a table that is not there, or not to be read. Pure.

use crate::bindings::{Error, ErrorKind, TableEntry};
use crate::fault::error;
use crate::nearest::nearest;
use crate::sql::{Dialect, qualified};

/// With what the client may have meant, of the tables that the login may read, or else what to look at.
pub fn no_such_table<D: Dialect>(
    schema: &str,
    table: &str,
    tables: &[TableEntry],
    otherwise: &str,
) -> Error {
    let mut message = format!("there is no table {}", qualified::<D>(schema, table));
    let elsewhere = tables.iter().filter(|entry| entry.name == table);
    let elsewhere = elsewhere
        .map(|entry| qualified::<D>(&entry.schema, &entry.name))
        .collect::<Vec<_>>();
    let names = tables
        .iter()
        .filter(|entry| entry.schema == schema)
        .map(|entry| entry.name.as_str());
    let similar = nearest(table, names.clone());
    if !elsewhere.is_empty() {
        message += &format!("; name the schema that has it: {}", elsewhere.join(", "));
    } else if !similar.is_empty() {
        let similar = similar
            .iter()
            .map(|name| qualified::<D>(schema, name))
            .collect::<Vec<_>>();
        message += &format!("; similar ones are {}", similar.join(", "));
    } else if names.count() == 0 {
        message += "; the login can read no table of that schema, so check the schema's name and the login's grants";
    } else {
        message += &format!("; {otherwise}");
    }
    error(ErrorKind::NotFound, message)
}

/// Of a table, by its qualified name, of which the login may read no column.
pub fn unreadable_table(table: &str) -> Error {
    let message = format!("the login may not read table {table}: grant select on {table} to it");
    error(ErrorKind::PermissionDenied, message)
}
