//! What source plugins share. See `wit/source.wit` for the contract, and [`bindings`] for its types.
//!
//! A source that is not SQL implements [`bindings::Guest`] itself, with what is in [`prelude`]: [`batch`] builds pages by
//! columns, [`number`] and [`moment`] read texts exactly or not at all, [`cursor`] and [`fault`] say things in the
//! contract's form, [`log`] tells of panics. `examples/files-source` is one.
//!
//! All other modules are for sources over SQL: they read a table in the order of a cursor column, page by page, and go on
//! where an earlier read ended. A plugin implements [`kind::Kind`], its dialect, its catalog and its watermark, and exports
//! [`Plugin`] of it with `bindings::export!`. The way of a read: [`open`] makes a [`read::Read`] and a [`position::Position`] of a request, [`reader`] answers its pages,
//! from [`boundary`] first, then from [`keyed`] or [`keyless`]. The statements come from [`sql`].

use std::marker::PhantomData;

pub mod announce;
pub mod answer;
pub mod batch;
pub mod bindings;
pub mod boundary;
pub mod column;
pub mod cursor;
pub mod fault;
pub mod indexes;
pub mod keyed;
pub mod keyless;
pub mod kind;
pub mod landed;
pub mod log;
pub mod missing;
pub mod moment;
pub mod nearest;
pub mod number;
pub mod open;
pub mod position;
pub mod prelude;
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
