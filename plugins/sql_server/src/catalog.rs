//! What the server's catalog says: what can be read, and what one table looks like.
//! Names are compared as values, by the server; nothing of a request is part of a statement's text but a query itself.

use plugin_sdk::answer::{self, Cells, query, unexpected};
use plugin_sdk::bindings::{Connection, Error, ErrorKind, TableEntry, Value};
use plugin_sdk::fault::{about, error};
use plugin_sdk::indexes::{Index, keys, ordered};
use plugin_sdk::missing::{no_such_table, unreadable_table};
use plugin_sdk::sql::{Source, qualified};

use crate::column_type::Type;
use crate::sql::{SqlServer, columns_of};
use crate::watermark::Isolation;

type Relation = plugin_sdk::relation::Relation<SqlServer>;
type Attribute = plugin_sdk::relation::Attribute<SqlServer>;

/// The server's numbers: no such object; no right to read it.
const INVALID_OBJECT: &str = "208";
const SELECT_DENIED: &str = "229";

/// The server's name of its version, and whether the database is only read.
pub fn check(connection: &Connection) -> Result<String, Error> {
    let sql =
        "select @@version, cast(databasepropertyex(db_name(), 'Updateability') as nvarchar(128))";
    let mut row = Cells::only(ask(connection, sql, vec![])?)?;
    let version = row.text()?;
    let version = version.lines().next().unwrap_or_default().trim();
    Ok(match row.optional_text()?.as_deref() {
        Some("READ_ONLY") => format!("{version} (a database that is only read)"),
        _ => version.to_owned(),
    })
}

/// Every table and view that the login may read, ordered by schema and name.
pub fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
    answer::tables(|behind| ask(connection, include_str!("catalog/tables.sql"), behind))
}

/// One table or view, found as the server compares names.
pub fn relation(connection: &Connection, schema: &str, table: &str) -> Result<Relation, Error> {
    let params = vec![
        Value::Text(schema.to_owned()),
        Value::Text(table.to_owned()),
    ];
    let mut rows = ask(connection, include_str!("catalog/relation.sql"), params)?;
    let Some(row) = rows.pop() else {
        let otherwise = "the server shows only what the login has a right on, so check its grants";
        let missing = no_such_table::<SqlServer>(schema, table, &tables(connection)?, otherwise);
        return Err(coded(INVALID_OBJECT, missing));
    };
    let mut row = Cells::of(row);
    let (id, schema, name, is_view) = (row.int()?, row.text()?, row.text()?, row.boolean()?);
    let table = qualified::<SqlServer>(&schema, &name);
    let listed = columns(connection, id, &table)?;
    if !listed.iter().any(|column| column.readable) {
        return Err(coded(SELECT_DENIED, unreadable_table(&table)));
    }
    let source = Source::Table { schema, name };
    if is_view {
        return Ok(view(source, listed));
    }
    let indexes = indexes(connection, id, &listed)?;
    let width = |column: usize| {
        let column = &listed[column];
        column.not_null.then_some(column.bytes)
    };
    let primary = indexes.iter().find(|index| index.is_primary);
    Ok(Relation {
        source,
        identity: (),
        keys: keys(&indexes, width),
        primary_key: primary.map_or_else(Vec::new, |index| index.columns.clone()),
        ordered: Some(ordered(&indexes)),
        columns: attributes(listed),
    })
}

/// What a query answers.
pub fn query_relation(connection: &Connection, text: &str) -> Result<Relation, Error> {
    let first = text.split_whitespace().next().unwrap_or_default();
    if first.eq_ignore_ascii_case("with") {
        let message = "the query begins with WITH, which T-SQL does not take inside another query: write the expressions \
                       where they are used, or create a view of it";
        return Err(error(ErrorKind::InvalidRequest, message));
    }
    let source = Source::Query(text.to_owned());
    let params = vec![Value::Text(columns_of(&source))];
    let rows = ask(connection, include_str!("catalog/query.sql"), params)?;
    let columns = rows.into_iter().map(|row| answered(Cells::of(row)));
    let columns = columns.collect::<Result<Vec<_>, _>>();
    let columns = columns.map_err(|error| about(&source.label::<SqlServer>(), error))?;
    Ok(view(source, columns))
}

/// Rows that come from elsewhere. What its columns promise may be older than the tables below it; and nothing is known of
/// what serves an order.
fn view(source: Source, columns: Vec<Listed>) -> Relation {
    let columns = columns.into_iter().map(|column| Listed {
        not_null: false,
        ..column
    });
    Relation {
        source,
        identity: (),
        columns: attributes(columns.collect()),
        keys: Vec::new(),
        primary_key: Vec::new(),
        ordered: None,
    }
}

/// How a read of this session stands to transactions in flight.
pub fn isolation(connection: &Connection) -> Result<Isolation, Error> {
    let sql = include_str!("catalog/isolation.sql");
    let mut row = Cells::only(query(connection, sql, vec![])?)?;
    Ok(Isolation {
        row_versions: row.optional_boolean()?,
        level: row.optional_int()?,
        updateability: row.optional_text()?,
    })
}

/// A column as the catalog lists it.
struct Listed {
    id: i64,
    name: String,
    data_type: Type,
    /// At most.
    bytes: u64,
    not_null: bool,
    readable: bool,
    /// Left out of `select *`.
    hidden: bool,
    is_sparse: bool,
    /// Stands for all sparse columns.
    is_column_set: bool,
}

fn columns(connection: &Connection, table: i64, name: &str) -> Result<Vec<Listed>, Error> {
    let params = vec![Value::Int(table), Value::Text(name.to_owned())];
    let rows = ask(connection, include_str!("catalog/columns.sql"), params)?;
    rows.into_iter().map(|row| listed(Cells::of(row))).collect()
}

fn listed(mut row: Cells) -> Result<Listed, Error> {
    let (id, name, type_name, is_clr) = (row.int()?, row.text()?, row.text()?, row.boolean()?);
    let (max_length, precision, scale) = (row.int()?, row.int()?, row.int()?);
    let collation = row.optional_text()?;
    Ok(Listed {
        id,
        name,
        data_type: if is_clr {
            Type::clr(&type_name)
        } else {
            Type::stored(&type_name, max_length, precision, scale, collation)
        },
        // Without a length: longer than any that has one.
        bytes: u64::try_from(max_length).unwrap_or(u64::from(u16::MAX)),
        not_null: !row.boolean()?,
        hidden: row.boolean()?,
        is_sparse: row.boolean()?,
        is_column_set: row.boolean()?,
        readable: row.boolean()?,
    })
}

/// A column of a query, or why there is none.
fn answered(mut row: Cells) -> Result<Listed, Error> {
    let (name, declared) = (row.optional_text()?, row.optional_text()?);
    let (user_type, collation) = (row.optional_text()?, row.optional_text()?);
    if let Some(number) = row.optional_int()? {
        let kind = match number {
            207 | 208 => ErrorKind::NotFound,
            229 | 230 | 297 | 300 | 916 => ErrorKind::PermissionDenied,
            _ => ErrorKind::InvalidRequest,
        };
        let message = row.optional_text()?.unwrap_or_default();
        return Err(coded(&number.to_string(), error(kind, message)));
    }
    let data_type = match (declared, user_type) {
        (Some(declared), _) => Type::declared_as(&declared, collation),
        (None, user_type) => Type::clr(&user_type.unwrap_or_default()),
    };
    Ok(Listed {
        id: 0,
        name: name.ok_or_else(unexpected)?,
        data_type,
        bytes: 0,
        not_null: false,
        readable: true,
        hidden: false,
        is_sparse: false,
        is_column_set: false,
    })
}

/// Where a column set stands for the sparse columns these are left out, as by `select *`.
fn attributes(columns: Vec<Listed>) -> Vec<Attribute> {
    let has_set = columns.iter().any(|column| column.is_column_set);
    let columns = columns.into_iter().map(|column| Attribute {
        native_type: column.data_type.declared(),
        name: column.name,
        not_null: column.not_null,
        readable: column.readable,
        hidden: column.hidden || has_set && column.is_sparse,
        data_type: column.data_type,
    });
    columns.collect()
}

fn indexes(connection: &Connection, table: i64, columns: &[Listed]) -> Result<Vec<Index>, Error> {
    let params = vec![Value::Int(table)];
    let rows = ask(connection, include_str!("catalog/indexes.sql"), params)?;
    let (mut indexes, mut last) = (Vec::<Index>::new(), None);
    for row in rows {
        let mut row = Cells::of(row);
        let id = row.int()?;
        let index = Index {
            is_primary: row.boolean()?,
            is_unique: row.boolean()?,
            is_ordered: row.boolean()?,
            columns: Vec::new(),
        };
        let column = row.int()?;
        let place = columns.iter().position(|listed| listed.id == column);
        if last != Some(id) {
            indexes.push(index);
            last = Some(id);
        }
        if let Some(index) = indexes.last_mut() {
            index.columns.push(place.ok_or_else(unexpected)?);
        }
    }
    Ok(indexes)
}

/// Asks the catalog. Not every login may look at each view of it.
fn ask(connection: &Connection, sql: &str, params: Vec<Value>) -> Result<Vec<Vec<Value>>, Error> {
    query(connection, sql, params).map_err(|error| match error.kind {
        ErrorKind::PermissionDenied => Error {
            message: format!(
                "the login may not look into the catalog ({}): grant view definition to it, and take back what denies it \
                 the views of sys",
                error.message
            ),
            ..error
        },
        _ => about("the catalog", error),
    })
}

fn coded(number: &str, error: Error) -> Error {
    Error {
        code: Some(number.to_owned()),
        ..error
    }
}
