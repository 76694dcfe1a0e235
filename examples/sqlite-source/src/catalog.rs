//! What SQLite's catalog says: what can be read, and what one table looks like. Names are compared as values; nothing of a
//! request is part of a statement's text but a query itself.

use plugin_sdk::answer::{self, Cells, query};
use plugin_sdk::bindings::{Connection, Error, Statement, TableEntry, Value};
use plugin_sdk::fault::about;
use plugin_sdk::indexes::{Index, keys, ordered};
use plugin_sdk::missing::no_such_table;
use plugin_sdk::sql::Source;

use crate::column_type::{Type, is_row_number, row_number};
use crate::sql::{Sqlite, columns_of};

type Relation = plugin_sdk::relation::Relation<Sqlite>;
type Attribute = plugin_sdk::relation::Attribute<Sqlite>;

/// Of `origin` in the list of indexes.
const OF_PRIMARY_KEY: &str = "pk";
/// All columns are as wide as a number: the narrowest key is that of the fewest columns.
const WIDTH: u64 = 8;

/// The version of SQLite, if the file can be read.
pub fn check(connection: &Connection) -> Result<String, Error> {
    query(connection, "select count(*) from sqlite_schema", vec![])?;
    Ok(connection.server_version())
}

/// Every table and view, ordered by name.
pub fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
    answer::tables(|behind| query(connection, include_str!("catalog/tables.sql"), behind))
}

/// One table or view.
pub fn relation(connection: &Connection, schema: &str, table: &str) -> Result<Relation, Error> {
    let params = vec![text(schema), text(table)];
    let mut rows = query(connection, include_str!("catalog/relation.sql"), params)?;
    let Some(row) = rows.pop() else {
        let otherwise = "its tables can be listed with `select name from sqlite_schema`";
        return Err(no_such_table::<Sqlite>(
            schema,
            table,
            &tables(connection)?,
            otherwise,
        ));
    };
    let mut row = Cells::of(row);
    let (name, kind, is_keyed) = (row.text()?, row.text()?, row.int()? == 1);
    let source = Source::Table {
        schema: schema.to_owned(),
        name: name.clone(),
    };
    if kind != "table" {
        return answered(connection, source);
    }
    let listed = columns(connection, &name)?;
    let mut indexes = indexes(connection, &name)?;
    let mut primary: Vec<_> = (0..listed.len()).filter(|at| listed[*at].key > 0).collect();
    primary.sort_by_key(|at| listed[*at].key);
    let mut attributes: Vec<_> = listed.iter().map(Listed::attribute).collect();
    if !is_keyed {
        number_rows(&mut attributes, &mut indexes, &primary);
    }
    let width = |column: usize| attributes[column].not_null.then_some(WIDTH);
    Ok(Relation {
        source,
        identity: (),
        keys: keys(&indexes, width),
        primary_key: primary,
        ordered: Some(ordered(&indexes)),
        columns: attributes,
    })
}

/// Rows have numbers. A column that is declared as the number is one; else it is there beside the columns, for whoever
/// asks for it by name: `vacuum` may number rows again, so nothing else rests on it.
fn number_rows(attributes: &mut Vec<Attribute>, indexes: &mut Vec<Index>, primary: &[usize]) {
    let is_number = |column: usize| is_row_number(&attributes[column].native_type);
    let place = match primary {
        // Any other key of one column has an index.
        [only] if is_number(*only) && indexes.iter().all(|index| !index.is_primary) => {
            attributes[*only].not_null = true;
            *only
        }
        _ => {
            let taken = |name: &str| {
                let mut names = attributes.iter().map(|attribute| &attribute.name);
                names.any(|taken| taken.eq_ignore_ascii_case(name))
            };
            let Some(name) = row_number(taken) else {
                return;
            };
            attributes.push(Attribute {
                name: name.to_owned(),
                native_type: "INTEGER".to_owned(),
                not_null: true,
                readable: true,
                hidden: true,
                data_type: Type::of("INTEGER"),
            });
            attributes.len() - 1
        }
    };
    indexes.push(Index {
        is_primary: primary == [place],
        is_unique: true,
        is_ordered: true,
        columns: vec![place],
    });
}

/// What a query answers.
pub fn query_relation(connection: &Connection, text: &str) -> Result<Relation, Error> {
    answered(connection, Source::Query(text.to_owned()))
}

/// Rows that come from elsewhere: their columns are those of an answer without rows. Nothing is known of what they promise,
/// nor of what serves an order.
fn answered(connection: &Connection, source: Source) -> Result<Relation, Error> {
    let statement = Statement {
        sql: columns_of(&source),
        params: Vec::new(),
    };
    let columns = connection.open(&statement).and_then(|stream| {
        let columns = stream.columns();
        // To its end: a stream dropped before it would take the connection with it.
        while stream.next(1)?.is_some() {}
        Ok(columns)
    });
    let columns = columns.map_err(|error| about(&source.label::<Sqlite>(), error))?;
    let columns = columns.into_iter().map(|column| Attribute {
        data_type: Type::of(&column.native_type),
        name: column.name,
        native_type: column.native_type,
        not_null: false,
        readable: true,
        hidden: false,
    });
    Ok(Relation {
        columns: columns.collect(),
        source,
        identity: (),
        keys: Vec::new(),
        primary_key: Vec::new(),
        ordered: None,
    })
}

/// A column as the catalog lists it.
struct Listed {
    name: String,
    declared: String,
    not_null: bool,
    /// Position in the primary key, from 1; 0 outside of it.
    key: i64,
    hidden: bool,
}

impl Listed {
    fn attribute(&self) -> Attribute {
        Attribute {
            name: self.name.clone(),
            native_type: self.declared.clone(),
            not_null: self.not_null,
            readable: true,
            hidden: self.hidden,
            data_type: Type::of(&self.declared),
        }
    }
}

fn columns(connection: &Connection, table: &str) -> Result<Vec<Listed>, Error> {
    let rows = query(
        connection,
        include_str!("catalog/columns.sql"),
        vec![text(table)],
    )?;
    let listed = |row| {
        let mut row = Cells::of(row);
        Ok(Listed {
            name: row.text()?,
            declared: row.text()?,
            not_null: row.int()? != 0,
            key: row.int()?,
            hidden: row.int()? == 1,
        })
    };
    rows.into_iter().map(listed).collect()
}

fn indexes(connection: &Connection, table: &str) -> Result<Vec<Index>, Error> {
    let rows = query(
        connection,
        include_str!("catalog/indexes.sql"),
        vec![text(table)],
    )?;
    let (mut indexes, mut last) = (Vec::<(Index, bool)>::new(), None);
    for row in rows {
        let mut row = Cells::of(row);
        let id = row.int()?;
        let (is_unique, origin, column) = (row.int()? == 1, row.text()?, row.int()?);
        if last != Some(id) {
            let index = Index {
                is_primary: origin == OF_PRIMARY_KEY,
                is_unique,
                is_ordered: true,
                columns: Vec::new(),
            };
            indexes.push((index, true));
            last = Some(id);
        }
        if let Some((index, is_plain)) = indexes.last_mut() {
            match usize::try_from(column) {
                Ok(column) => index.columns.push(column),
                Err(_) => *is_plain = false,
            }
        }
    }
    let plain = indexes.into_iter().filter(|(_, is_plain)| *is_plain);
    Ok(plain.map(|(index, _)| index).collect())
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
