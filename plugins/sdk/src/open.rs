//! Turns a request into a read: which columns, which order, from where. Everything that can be wrong with a
//! request is found here, before the first row.

use std::collections::BTreeSet;

use crate::announce::announce;
use crate::bindings::{Column, Connection, DataType, Error, ErrorKind, Request};
use crate::fault::{column_error, invalid_cursor};
use crate::kind::{Kind, Type};
use crate::nearest::nearest;
use crate::position::{Position, fits, skips_nulls};
use crate::read::Read;
use crate::relation::{Attribute, Relation};
use crate::sql::{Operand, Table};

/// A read that can begin.
pub struct Opened<K: Kind> {
    pub read: Read<K>,
    pub position: Position,
    /// What every batch has.
    pub columns: Vec<Column>,
    /// What identifies a row, as positions in `columns`: the cursor column and the key. None: nothing does.
    pub key: Option<Vec<u32>>,
    /// Whether equality of cursor values can be told from a batch.
    pub exact: bool,
    /// Whether there may be rows that this read leaves out, for they have no cursor value.
    pub skips_nulls: bool,
    /// Finds how far it may be read, if another read goes on from here.
    pub watermark: Option<K::Watermark>,
    /// What is known before the first page.
    pub warnings: Vec<String>,
}

pub fn open<K: Kind>(connection: Connection, request: &Request) -> Result<Opened<K>, Error> {
    let relation = match &request.query {
        Some(query) => K::query_relation(&connection, query)?,
        None => relation::<K>(&connection, request.schema.as_deref(), &request.table)?,
    };
    let label = relation.source.label::<K>();
    let cursor = require(&relation, &request.cursor_column)?;
    let attribute = &relation.columns[cursor];
    let operand = attribute.operand().ok_or_else(|| unordered(attribute))?;
    let tie = relation.tie(cursor);
    let key = tie.clone().unwrap_or_default();
    let selected = projection(&relation, &request.columns, cursor, &key)?;
    let mut items = selected
        .iter()
        .map(|column| relation.columns[*column].item())
        .collect::<Vec<_>>();
    let width = items.len() as u32;
    let (mut identity, mut cells) = (Vec::new(), Vec::new());
    for column in std::iter::once(&cursor).chain(&key) {
        let Some(place) = selected.iter().position(|s| s == column) else {
            continue;
        };
        identity.push(place as u32);
        match relation.columns[*column].exact_item(items.len()) {
            Some(item) => {
                cells.push(items.len() as u32);
                items.push(item);
            }
            None => cells.push(place as u32),
        }
    }
    let key_operands = key
        .iter()
        .filter_map(|column| relation.columns[*column].operand())
        .collect::<Vec<_>>();
    // Which rows of a value were read is the next read's question.
    let hash = K::hash(&key_operands).filter(|_| request.hints.continued);
    if let Some(hash) = &hash {
        items.push(format!("{hash} as {}", K::identifier("hash of the key")));
    }

    let table = Table {
        source: relation.source.clone(),
        items,
        cursor: operand,
        key: key_operands,
        hash,
        nullable: !attribute.not_null,
        options: K::options(&request.hints),
    };
    let position = match &request.resume {
        None => Position::beginning(table.nullable),
        Some(cursor) => {
            Position::behind(cursor, key.len()).ok_or_else(|| other_key(&label, attribute))?
        }
    };
    let skips_nulls = table.nullable && request.resume.as_ref().is_some_and(skips_nulls);
    let ordered = relation.ordered.as_ref();
    let read = Read {
        connection,
        table,
        label,
        paced: request.hints.paced,
        ordered: ordered.is_none_or(|ordered| ordered.contains(&cursor)),
        until: None,
        cells,
        width,
    };
    let columns = announce(&read, &position, &relation, &selected, attribute)?;
    let data_type = &columns[identity[0] as usize].data_type;
    if let Some(resume) = &request.resume
        && attribute.data_type.has_own_kind()
        && !fits(&resume.value, data_type)
    {
        return Err(misfit(attribute));
    }
    // The digits of a fixed scale are all there: equal decimals have equal texts.
    let exact =
        attribute.data_type.equality_is_exact() || matches!(data_type, DataType::Decimal(_));
    let resumed = request.resume.as_ref().map(|cursor| cursor.value.clone());
    let watermark = request
        .hints
        .continued
        .then(|| K::watermark(&relation, cursor, exact, resumed));
    let warnings = (!read.ordered).then(|| unordered_table(&read, attribute));
    Ok(Opened {
        watermark,
        warnings: warnings.into_iter().collect(),
        read,
        position,
        columns,
        key: tie.is_some().then_some(identity),
        exact,
        skips_nulls,
    })
}

/// A table of the schema that is named, or else meant.
pub fn relation<K: Kind>(
    connection: &Connection,
    schema: Option<&str>,
    table: &str,
) -> Result<Relation<K>, Error> {
    let schema = schema.filter(|schema| !schema.is_empty());
    K::relation(connection, schema.unwrap_or(K::DEFAULT_SCHEMA), table)
}

/// What a read without an index costs the source, and how to spare it that.
fn unordered_table<K: Kind>(read: &Read<K>, cursor: &Attribute<K>) -> String {
    let columns = std::iter::once(&read.table.cursor).chain(&read.table.key);
    let columns = columns.map(|operand| K::identifier(operand.name()));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let label = &read.label;
    let table = label.trim_start_matches("table ");
    format!(
        "no index of {label} begins with {}, so the source sorts the table for each run: create index on {table} ({columns})",
        K::identifier(&cursor.name)
    )
}

/// The columns to select: those asked for, or all but the hidden ones, then the cursor column and the key if they are missing,
/// since a cursor is made of them.
fn projection<K: Kind>(
    relation: &Relation<K>,
    names: &[String],
    cursor: usize,
    key: &[usize],
) -> Result<Vec<usize>, Error> {
    let mut seen = BTreeSet::new();
    let mut selected = Vec::new();
    if names.is_empty() {
        let all = 0..relation.columns.len();
        for column in all.filter(|column| !relation.columns[*column].hidden) {
            seen.insert(column);
            selected.push(readable(relation, column)?);
        }
    }
    for name in names {
        let column = require(relation, name)?;
        if !seen.insert(column) {
            let message = format!("column {} is asked for twice", K::identifier(name));
            return Err(column_error(ErrorKind::InvalidRequest, name, message));
        }
        selected.push(column);
    }
    selected.extend(
        std::iter::once(cursor)
            .chain(key.iter().copied())
            .filter(|column| seen.insert(*column)),
    );
    Ok(selected)
}

fn require<K: Kind>(relation: &Relation<K>, name: &str) -> Result<usize, Error> {
    if let Some(column) = relation.position(name) {
        return readable(relation, column);
    }
    let source = relation.source.label::<K>();
    let mut message = format!("{source} has no column {}", K::identifier(name));
    let similar = nearest(
        name,
        relation.columns.iter().map(|column| column.name.as_str()),
    );
    if !similar.is_empty() {
        let similar = similar.into_iter().map(K::identifier).collect::<Vec<_>>();
        message += &format!("; similar ones are {}", similar.join(", "));
    }
    Err(column_error(ErrorKind::NotFound, name, message))
}

fn readable<K: Kind>(relation: &Relation<K>, column: usize) -> Result<usize, Error> {
    let attribute = &relation.columns[column];
    if attribute.readable {
        return Ok(column);
    }
    let (source, name) = (relation.source.label::<K>(), K::identifier(&attribute.name));
    let message = format!(
        "the login may not read column {name} of {source}: grant select on the table to it, or ask for other columns"
    );
    Err(column_error(
        ErrorKind::PermissionDenied,
        &attribute.name,
        message,
    ))
}

pub fn unordered<K: Kind>(attribute: &Attribute<K>) -> Error {
    let message = format!(
        "column {} cannot be a cursor: its type {} cannot be ordered and compared by one value; use {}",
        K::identifier(&attribute.name),
        attribute.native_type,
        K::ORDERED_TYPES
    );
    column_error(ErrorKind::InvalidRequest, &attribute.name, message)
}

/// The server's words are left out of this one: they repeat the value.
pub fn misfit<K: Kind>(attribute: &Attribute<K>) -> Error {
    let message = format!(
        "the cursor does not fit column {} of type {}",
        K::identifier(&attribute.name),
        attribute.native_type
    );
    invalid_cursor(&attribute.name, message)
}

fn other_key<K: Kind>(label: &str, attribute: &Attribute<K>) -> Error {
    let message = format!(
        "the cursor was made with another key than {label} has now, so the place of its row is unknown; reset the \
         sync, or give a cursor without a tie to go on behind all rows with that value"
    );
    invalid_cursor(&attribute.name, message)
}
