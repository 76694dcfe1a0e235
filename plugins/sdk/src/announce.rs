//! What a read's batches will hold: asked of the host by an answer without rows, completed from the catalog.

use crate::bindings::{Column, Connection, Error, ErrorKind, RowStream, Statement};
use crate::fault::{about, error};
use crate::kind::{Kind, Refusal};
use crate::open::{misfit, unordered};
use crate::position::Position;
use crate::read::Read;
use crate::relation::{Attribute, Relation};
use crate::sql::{Bound, Pass, no_rows};

/// The columns of a read's first statement. This also shows whether the cursor column has an order, and
/// whether the texts of a position are of the columns' types.
pub fn announce<K: Kind>(
    read: &Read<K>,
    position: &Position,
    relation: &Relation<K>,
    selected: &[usize],
    cursor: &Attribute<K>,
) -> Result<Vec<Column>, Error> {
    let columns = first_answer(read, position).map_err(|error| {
        match error.code.as_deref().and_then(K::refusal) {
            Some(Refusal::Unordered) => unordered(cursor),
            // Without a row nothing is computed but the parameters.
            Some(Refusal::Misfit) if !position.known.is_empty() => misfit(cursor),
            _ => error,
        }
    })?;
    described(columns, relation, selected)
}

fn first_answer<K: Kind>(read: &Read<K>, position: &Position) -> Result<Vec<Column>, Error> {
    let columns = read_columns(&read.open(position, Bound::Rows(0))?)?;
    let known = &position.known;
    if !known.is_empty() {
        let operands = read.table.order(position.pass.unwrap_or(Pass::Values));
        let operands = &operands[..known.len().min(operands.len())];
        if let Some(sql) = K::conversion(operands) {
            read.ask(&sql, known.clone())?;
        }
    }
    Ok(columns)
}

/// The same columns for a table that nobody reads yet.
pub fn describe<K: Kind>(
    connection: &Connection,
    relation: &Relation<K>,
    selected: &[usize],
) -> Result<Vec<Column>, Error> {
    let items = selected
        .iter()
        .map(|column| relation.columns[*column].item());
    let sql = no_rows::<K>(&relation.source, &items.collect::<Vec<_>>());
    let stream = connection.open(&Statement {
        sql,
        params: Vec::new(),
    });
    let columns = stream.and_then(|stream| read_columns(&stream));
    let label = relation.source.label::<K>();
    described(
        columns.map_err(|error| about(&label, error))?,
        relation,
        selected,
    )
}

/// Reads an empty answer to its end: a stream dropped before it would take the connection with it.
fn read_columns(stream: &RowStream) -> Result<Vec<Column>, Error> {
    let columns = stream.columns();
    while stream.next(1)?.is_some() {}
    Ok(columns)
}

/// The host's columns of what lands, with what only the catalog knows.
fn described<K: Kind>(
    columns: Vec<Column>,
    relation: &Relation<K>,
    selected: &[usize],
) -> Result<Vec<Column>, Error> {
    if columns.len() < selected.len() {
        return Err(error(
            ErrorKind::Other,
            "the answer has other columns than the statement",
        ));
    }
    let described = columns.into_iter().zip(selected).map(|(column, selected)| {
        let attribute = &relation.columns[*selected];
        Column {
            nullable: !attribute.not_null,
            native_type: attribute.native_type.clone(),
            ..column
        }
    });
    Ok(described.collect())
}
