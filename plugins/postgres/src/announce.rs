//! What a read's batches will hold: asked of the host by an answer without rows, completed from the catalog.

use crate::bindings::{Column, Connection, Error, ErrorKind, RowStream, Statement};
use crate::fault::{about, error};
use crate::open::{misfit, unordered};
use crate::position::Position;
use crate::read::Read;
use crate::relation::{Attribute, Relation};
use crate::sql::{Bound, no_rows};

/// SQLSTATE `undefined_function`: the server finds no ordering operator.
const UNDEFINED_FUNCTION: &str = "42883";
/// Class of SQLSTATE `data_exception`: a parameter's text is not of its type.
const DATA_EXCEPTION: &str = "22";

/// The columns of a read's first statement. This also shows whether the cursor column has an order, and
/// whether the texts of a position are of the columns' types.
pub fn announce(
    read: &Read,
    position: &Position,
    relation: &Relation,
    selected: &[usize],
    cursor: &Attribute,
) -> Result<Vec<Column>, Error> {
    let stream = read.open(position, Bound::Rows(0));
    let columns = stream.and_then(|stream| read_columns(&stream));
    let columns = columns.map_err(|error| match error.code.as_deref() {
        Some(UNDEFINED_FUNCTION) => unordered(cursor),
        // Without a row nothing is computed but the parameters.
        Some(code) if code.starts_with(DATA_EXCEPTION) && !position.known.is_empty() => {
            misfit(cursor)
        }
        _ => error,
    })?;
    described(columns, relation, selected)
}

/// The same columns for a table that nobody reads yet.
pub fn describe(
    connection: &Connection,
    relation: &Relation,
    selected: &[usize],
) -> Result<Vec<Column>, Error> {
    let items = selected
        .iter()
        .map(|column| relation.columns[*column].item());
    let sql = no_rows(&relation.source, &items.collect::<Vec<_>>());
    let stream = connection.open(&Statement {
        sql,
        params: Vec::new(),
    });
    let columns = stream.and_then(|stream| read_columns(&stream));
    let label = relation.source.label();
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

/// The host's columns, with what only the catalog knows.
fn described(
    columns: Vec<Column>,
    relation: &Relation,
    selected: &[usize],
) -> Result<Vec<Column>, Error> {
    if columns.len() != selected.len() {
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
