//! What source plugins over SQL share: all of them read a table in the order of a cursor column, page by page, and go on
//! where an earlier read ended. A plugin implements [`kind::Kind`], its dialect, its catalog and its watermark, and exports
//! [`Plugin`] of it with `bindings::export!`. See `wit/source.wit`.
//!
//! The way of a read: [`open`] makes a [`read::Read`] and a [`position::Position`] of a request, [`reader`] answers its pages,
//! from [`boundary`] first, then from [`keyed`] or [`keyless`]. The statements come from [`sql`].

use std::marker::PhantomData;

pub mod announce;
pub mod answer;
pub mod bindings;
pub mod boundary;
pub mod fault;
pub mod keyed;
pub mod keyless;
pub mod kind;
pub mod landed;
pub mod log;
pub mod missing;
pub mod nearest;
pub mod open;
pub mod position;
pub mod read;
pub mod reader;
pub mod relation;
pub mod sql;

use bindings::{ColumnEntry, Connection, Description, Error, Guest, TableEntry};
use kind::Kind;

/// What a component exports for its kind of source.
pub struct Plugin<K>(PhantomData<K>);

impl<K: Kind> Guest for Plugin<K> {
    type Reader = reader::TableReader<K>;

    fn describe() -> Description {
        Description {
            kind: K::NAME.to_owned(),
            version: K::VERSION.to_owned(),
            connection_kinds: vec![K::NAME.to_owned()],
            default_schema: K::DEFAULT_SCHEMA.to_owned(),
            capabilities: Vec::new(),
        }
    }

    fn check(connection: &Connection) -> Result<String, Error> {
        log::panics();
        K::check(connection)
    }

    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error> {
        log::panics();
        K::tables(connection)
    }

    fn columns(
        connection: &Connection,
        schema: Option<String>,
        table: String,
    ) -> Result<Vec<ColumnEntry>, Error> {
        log::panics();
        let relation = open::relation::<K>(connection, schema.as_deref(), &table)?;
        let columns = relation.columns.iter().enumerate();
        let readable = columns
            .filter(|(_, column)| column.readable)
            .map(|(at, _)| at)
            .collect::<Vec<_>>();
        let described = announce::describe(connection, &relation, &readable)?;
        let entries = described
            .into_iter()
            .zip(readable)
            .map(|(column, at)| ColumnEntry {
                column,
                cursor_candidate: relation.columns[at].operand().is_some(),
                key_position: relation
                    .primary_key
                    .iter()
                    .position(|key| *key == at)
                    .map(|key| key as u32 + 1),
            });
        Ok(entries.collect())
    }
}
