//! The contract of `wit/source.wit`, generated. Nothing else in here: the rest of the crate names these types.

wit_bindgen::generate!({ path: "../../wit", world: "source-plugin" });

pub use exports::sluice::source::source::{
    ColumnEntry, Description, Done, Guest, GuestReader, Page, Reader, Request, Step, TableEntry,
};
pub use sluice::source::database::{Batch, Connection, RowStream, Statement};
pub use sluice::source::log;
pub use sluice::source::types::{Column, Cursor, DataType, Error, ErrorKind, Value};
