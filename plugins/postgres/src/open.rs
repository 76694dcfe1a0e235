//! Turns a request into a read: which columns, which order, from where. Everything that can be wrong with a
//! request is found here, before the first row.

use std::collections::BTreeSet;

use crate::announce::announce;
use crate::bindings::{Column, Connection, DataType, Error, ErrorKind, Request};
use crate::catalog;
use crate::fault::{column_error, invalid_cursor};
use crate::nearest::nearest;
use crate::position::{Position, fits, skips_nulls};
use crate::read::Read;
use crate::relation::{Attribute, Kind, Relation};
use crate::sql::{Operand, Table, identifier};
use crate::watermark::{Scope, Watermark};

/// A read that can begin.
pub struct Opened {
    pub read: Read,
    pub position: Position,
    /// What every batch has.
    pub columns: Vec<Column>,
    /// Whether rows can be told apart, by the cursor column or with a key.
    pub keyed: bool,
    /// Whether equality of cursor values can be told from a batch.
    pub exact: bool,
    /// Whether there may be rows that this read leaves out, for they have no cursor value.
    pub skips_nulls: bool,
    /// Finds how far it may be read, if another read goes on from here.
    pub watermark: Option<Watermark>,
    /// What is known before the first page.
    pub warnings: Vec<String>,
}

pub fn open(connection: Connection, request: &Request) -> Result<Opened, Error> {
    let relation = match &request.query {
        Some(query) => catalog::query_relation(&connection, query)?,
        None => catalog::relation(&connection, request.schema.as_deref(), &request.table)?,
    };
    let label = relation.source.label();
    let cursor = require(&relation, &request.cursor_column)?;
    let operand = order_by(&relation.columns[cursor])?;
    let tie = relation.tie(cursor);
    let key = tie.clone().unwrap_or_default();
    let selected = projection(&relation, &request.columns, cursor, &key)?;
    let place = |column: &usize| {
        selected
            .iter()
            .position(|s| s == column)
            .map(|at| at as u32)
    };
    let cells = std::iter::once(&cursor)
        .chain(&key)
        .filter_map(place)
        .collect();

    let attribute = &relation.columns[cursor];
    let table = Table {
        source: relation.source.clone(),
        items: selected
            .iter()
            .map(|column| relation.columns[*column].item())
            .collect(),
        cursor: operand,
        key: key
            .iter()
            .filter_map(|column| relation.columns[*column].operand())
            .collect(),
        nullable: !attribute.not_null,
    };
    let position = match &request.resume {
        None => Position::beginning(table.nullable),
        Some(cursor) => {
            Position::behind(cursor, key.len()).ok_or_else(|| other_key(&label, attribute))?
        }
    };
    let skips_nulls = table.nullable && request.resume.as_ref().is_some_and(skips_nulls);
    let read = Read {
        connection,
        table,
        label,
        paced: request.hints.paced,
        ordered: relation.kind != Kind::Table || relation.ordered.contains(&cursor),
        until: None,
        cells,
    };
    let columns = announce(&read, &position, &relation, &selected, attribute)?;
    let data_type = &columns[read.cells[0] as usize].data_type;
    if let Some(resume) = &request.resume
        && attribute.has_own_kind()
        && !fits(&resume.value, data_type)
    {
        return Err(misfit(attribute));
    }
    // The digits of a fixed scale are all there: equal decimals have equal texts.
    let exact = attribute.equality_is_exact() || matches!(data_type, DataType::Decimal(_));
    let scope = Scope {
        table: relation.oid,
        kind: relation.kind,
        origin: attribute.origin(),
        exact,
    };
    let resumed = request.resume.as_ref().map(|cursor| cursor.value.clone());
    let watermark = request
        .hints
        .continued
        .then(|| Watermark::new(scope, resumed));
    let warnings = (!read.ordered).then(|| unordered_table(&read, attribute));
    Ok(Opened {
        watermark,
        warnings: warnings.into_iter().collect(),
        read,
        position,
        columns,
        keyed: tie.is_some(),
        exact,
        skips_nulls,
    })
}

/// What a read without an index costs the source, and how to spare it that.
fn unordered_table(read: &Read, cursor: &Attribute) -> String {
    let columns = std::iter::once(&read.table.cursor).chain(&read.table.key);
    let columns = columns.map(|operand| identifier(&operand.column));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let label = &read.label;
    let table = label.trim_start_matches("table ");
    format!(
        "no index of {label} begins with {}, so the source sorts the table for each run: create index on {table} ({columns})",
        identifier(&cursor.name)
    )
}

/// The columns to select: those asked for, then the cursor column and the key if they are missing,
/// since a cursor is made of them.
fn projection(
    relation: &Relation,
    names: &[String],
    cursor: usize,
    key: &[usize],
) -> Result<Vec<usize>, Error> {
    if names.is_empty() {
        let all = (0..relation.columns.len()).map(|column| readable(relation, column));
        return all.collect();
    }
    let mut seen = BTreeSet::new();
    let mut selected = Vec::with_capacity(names.len() + 1 + key.len());
    for name in names {
        let column = require(relation, name)?;
        if !seen.insert(column) {
            let message = format!("column {} is asked for twice", identifier(name));
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

fn require(relation: &Relation, name: &str) -> Result<usize, Error> {
    if let Some(column) = relation.position(name) {
        return readable(relation, column);
    }
    let source = relation.source.label();
    let mut message = format!("{source} has no column {}", identifier(name));
    let similar = nearest(
        name,
        relation.columns.iter().map(|column| column.name.as_str()),
    );
    if !similar.is_empty() {
        let similar = similar.into_iter().map(identifier).collect::<Vec<_>>();
        message += &format!("; similar ones are {}", similar.join(", "));
    }
    Err(column_error(ErrorKind::NotFound, name, message))
}

fn readable(relation: &Relation, column: usize) -> Result<usize, Error> {
    let attribute = &relation.columns[column];
    if attribute.readable {
        return Ok(column);
    }
    let (source, name) = (relation.source.label(), identifier(&attribute.name));
    let message = format!(
        "the login may not read column {name} of {source}: grant select on the table to it, or ask for other columns"
    );
    Err(column_error(
        ErrorKind::PermissionDenied,
        &attribute.name,
        message,
    ))
}

fn order_by(attribute: &Attribute) -> Result<Operand, Error> {
    attribute.operand().ok_or_else(|| unordered(attribute))
}

pub fn unordered(attribute: &Attribute) -> Error {
    let message = format!(
        "column {} cannot be a cursor: its type {} cannot be ordered and compared by one value; use an integer, a \
         numeric, a date, a time, a timestamp, a text, a uuid or another type that has an order",
        identifier(&attribute.name),
        attribute.native_type
    );
    column_error(ErrorKind::InvalidRequest, &attribute.name, message)
}

/// The server's words are left out of this one: they repeat the value.
pub fn misfit(attribute: &Attribute) -> Error {
    let message = format!(
        "the cursor does not fit column {} of type {}",
        identifier(&attribute.name),
        attribute.native_type
    );
    invalid_cursor(&attribute.name, message)
}

fn other_key(label: &str, attribute: &Attribute) -> Error {
    let message = format!(
        "the cursor was made with another key than {label} has now, so the place of its row is unknown; reset the \
         sync, or give a cursor without a tie to go on behind all rows with that value"
    );
    invalid_cursor(&attribute.name, message)
}
