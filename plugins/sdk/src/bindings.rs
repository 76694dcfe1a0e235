//! The contract of `wit/source.wit`, generated once for all plugins. Nothing else in here: the others name these types.

wit_bindgen::generate!({
    path: "../../wit",
    world: "source-plugin",
    // A plugin exports itself, from its own crate.
    pub_export_macro: true,
});

pub use exports::sluice::source::source::{
    ColumnEntry, Description, Done, Guest, GuestReader, Hints, Page, Reader, Request, Step,
    TableEntry,
};
pub use sluice::source::database::{
    Batch, ColumnData, ColumnValues, Connection, RowStream, Statement, Varlen,
};
pub use sluice::source::files::{File, FileEntry, Folder};
pub use sluice::source::log;
pub use sluice::source::types::{Column, Cursor, DataType, Error, ErrorKind, Value};
