//! What the server's catalog says: what can be read, and what one table looks like.
//! Names are compared as values; nothing of a request is part of a statement's text.

use plugin_sdk::answer::{self, Cells, query, unexpected};
use plugin_sdk::bindings::{Connection, Error, ErrorKind, TableEntry, Value};
use plugin_sdk::fault::{about, error};
use plugin_sdk::missing::{no_such_table, unreadable_table};
use plugin_sdk::sql::{Source, qualified};

use crate::column_type::{Shape, Type};
use crate::sql::{self, Postgres, identifier};
use crate::watermark::{Identity, InFlight, Kind};

type Relation = plugin_sdk::relation::Relation<Postgres>;
type Attribute = plugin_sdk::relation::Attribute<Postgres>;

const MATCHED_EXACTLY: &str = "names are matched exactly, upper and lower case included";

/// The server's name of its version, and whether it is a replica.
pub fn check(connection: &Connection) -> Result<String, Error> {
    let sql = "select pg_catalog.version(), pg_catalog.pg_is_in_recovery()";
    let mut row = Cells::only(query(connection, sql, vec![])?)?;
    let (version, replica) = (row.text()?, row.boolean()?);
    Ok(if replica {
        format!("{version} (a replica in recovery)")
    } else {
        version
    })
}

/// Every table that the login may read, ordered by schema and name.
pub fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
    answer::tables(|behind| query(connection, include_str!("catalog/tables.sql"), behind))
}

/// One table, exactly as named.
pub fn relation(connection: &Connection, schema: &str, table: &str) -> Result<Relation, Error> {
    let (described, columns) = describe(connection, schema, table, "")?;
    let Some(Described {
        oid,
        usable,
        keys,
        kind,
        ordered,
    }) = described
    else {
        return Err(no_such_table::<Postgres>(
            schema,
            table,
            &tables(connection)?,
            MATCHED_EXACTLY,
        ));
    };
    if !usable {
        let schema = identifier(schema);
        let message =
            format!("the login may not use schema {schema}: grant usage on schema {schema} to it");
        return Err(error(ErrorKind::PermissionDenied, message));
    }
    let (numbers, columns): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    if !columns.iter().any(|column| column.readable) {
        let table = qualified::<Postgres>(schema, table);
        return Err(unreadable_table(&table));
    }
    let (primary_key, keys) = key_sets(&keys, &numbers).ok_or_else(unexpected)?;
    let ordered = positions(&ordered, &numbers).ok_or_else(unexpected)?;
    let kind = match kind.as_str() {
        "r" | "p" => Kind::Table,
        "f" => Kind::Foreign,
        _ => Kind::View,
    };
    Ok(Relation {
        identity: Identity { oid, kind },
        source: Source::Table {
            schema: schema.to_owned(),
            name: table.to_owned(),
        },
        columns,
        // Nobody can tell what serves the order of a view, or of another server.
        ordered: (kind == Kind::Table).then_some(ordered),
        keys,
        primary_key,
    })
}

/// What a query answers. It has no key: if the client named a wrong one, rows would be lost between two pages.
pub fn query_relation(connection: &Connection, text: &str) -> Result<Relation, Error> {
    let source = Source::Query(text.to_owned());
    let ask = |sql: String| {
        let rows = query(connection, &sql, vec![]);
        rows.map_err(|error| about(&source.label::<Postgres>(), error))
    };
    let names = ask(sql::names(&source))?.into_iter();
    let names = names.map(|row| Cells::of(row).text());
    let names = names.collect::<Result<Vec<_>, _>>()?;
    let types = ask(sql::types(&source, &names))?.into_iter().flatten();
    let types = types.map(|oid| Cells::of(vec![oid]).int().map(|oid| oid.to_string()));
    let types = types.collect::<Result<Vec<_>, _>>()?.join(",");
    let (_, columns) = describe(connection, "", "", &types)?;
    let columns = columns.into_iter().zip(names);
    let columns = columns.map(|((_, column), name)| Attribute { name, ..column });
    Ok(Relation {
        identity: Identity {
            oid: 0,
            kind: Kind::View,
        },
        source,
        columns: columns.collect(),
        primary_key: Vec::new(),
        keys: Vec::new(),
        ordered: None,
    })
}

/// Each with its number.
type Columns = Vec<(i64, Attribute)>;

/// What the catalog says of a table besides its columns.
struct Described {
    oid: i64,
    /// Whether the login may use its schema.
    usable: bool,
    keys: String,
    kind: String,
    ordered: String,
}

/// A table, if there is one, and its columns with their numbers; or columns of these types.
fn describe(
    connection: &Connection,
    schema: &str,
    table: &str,
    types: &str,
) -> Result<(Option<Described>, Columns), Error> {
    let params = [schema, table, types].map(|text| Value::Text(text.to_owned()));
    let sql = include_str!("catalog/relation.sql");
    let (mut table, mut columns) = (None, Vec::new());
    for row in query(connection, sql, params.to_vec())? {
        let mut row = Cells::of(row);
        table = described(&mut row)?;
        if let Some(number) = row.optional_int()? {
            columns.push((number, attribute(&mut row)?));
        }
    }
    Ok((table, columns))
}

fn described(row: &mut Cells) -> Result<Option<Described>, Error> {
    let (oid, usable) = (row.optional_int()?, row.optional_boolean()?);
    let (keys, kind, ordered) = (
        row.optional_text()?,
        row.optional_text()?,
        row.optional_text()?,
    );
    Ok(oid.map(|oid| Described {
        oid,
        usable: usable.unwrap_or_default(),
        keys: keys.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        ordered: ordered.unwrap_or_default(),
    }))
}

/// Whether the server is a replica, which does not know the primary's transactions.
pub fn is_replica(connection: &Connection) -> Result<bool, Error> {
    let sql = "select pg_catalog.pg_is_in_recovery()";
    Cells::only(query(connection, sql, vec![])?)?.boolean()
}

/// Who may still add rows below what is visible; only writers of the table, or all.
pub fn in_flight(
    connection: &Connection,
    table: i64,
    only_writers: bool,
) -> Result<Vec<InFlight>, Error> {
    let params = vec![Value::Int(table), Value::Boolean(only_writers)];
    let rows = query(connection, include_str!("catalog/in_flight.sql"), params)?;
    let rows = rows.into_iter().map(|row| {
        let mut row = Cells::of(row);
        Ok(InFlight {
            name: row.text()?,
            session: row.optional_int()?,
            age_secs: row.optional_int()?,
            began: row.optional_text()?,
        })
    });
    rows.collect()
}

fn attribute(row: &mut Cells) -> Result<Attribute, Error> {
    let (name, native_type) = (row.text()?, row.text()?);
    let (not_null, readable) = (row.boolean()?, row.boolean()?);
    let (oid, schema, type_name) = (row.int()?, row.text()?, row.text()?);
    let (category, dimensions) = (row.text()?, row.int()?);
    let shape = match category.as_str() {
        "a" => Shape::Array { dimensions },
        "e" => Shape::Enum,
        "c" => Shape::Composite,
        _ => Shape::Plain,
    };
    let data_type = Type {
        oid,
        schema,
        name: type_name,
        shape,
        deterministic: row.boolean()?,
        operators: row.optional_text()?,
    };
    Ok(Attribute {
        name,
        native_type,
        not_null,
        readable,
        hidden: false,
        data_type,
    })
}

/// Reads `p1;u2,3`: the primary key, and all keys, as positions among the columns with these numbers.
fn key_sets(text: &str, numbers: &[i64]) -> Option<(Vec<usize>, Vec<Vec<usize>>)> {
    let mut primary = Vec::new();
    let mut keys = Vec::new();
    for set in text.split(';').filter(|set| !set.is_empty()) {
        let (kind, columns) = set.split_at_checked(1)?;
        let key = positions(columns, numbers)?;
        if kind == "p" {
            primary.clone_from(&key);
        }
        keys.push(key);
    }
    Some((primary, keys))
}

/// Reads `2,3`.
fn positions(text: &str, numbers: &[i64]) -> Option<Vec<usize>> {
    let columns = text.split(',').filter(|number| !number.is_empty());
    let position = |number: &str| {
        let number = number.parse::<i64>().ok()?;
        numbers.iter().position(|n| *n == number)
    };
    columns.map(position).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(schema: &str, name: &str) -> TableEntry {
        TableEntry {
            schema: schema.to_owned(),
            name: name.to_owned(),
            approx_rows: -1,
        }
    }

    #[test]
    fn key_sets_are_positions_not_numbers() {
        let (primary, keys) = key_sets("p7;u2,9", &[2, 7, 9]).expect("well-formed");
        assert_eq!((primary, keys), (vec![1], vec![vec![1], vec![0, 2]]));
        assert_eq!(key_sets("", &[1]), Some((vec![], vec![])));
        assert_eq!(key_sets("p4", &[1]), None);
    }

    #[test]
    fn a_missing_table_is_answered_with_what_exists() {
        let tables = [entry("public", "lineitem"), entry("sales", "Orders")];
        let message = |schema, table| {
            no_such_table::<Postgres>(schema, table, &tables, MATCHED_EXACTLY).message
        };
        assert_eq!(
            message("public", "Orders"),
            r#"there is no table "public"."Orders"; name the schema that has it: "sales"."Orders""#
        );
        assert_eq!(
            message("public", "linitem"),
            r#"there is no table "public"."linitem"; similar ones are "public"."lineitem""#
        );
        assert!(message("publik", "x").contains("can read no table of that schema"));
        assert!(message("public", "nation").contains("matched exactly"));
    }
}
