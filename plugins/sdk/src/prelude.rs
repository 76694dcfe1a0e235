//! What a source that is not SQL needs by name: `use plugin_sdk::prelude::*;`.

pub use crate::batch::BatchBuilder;
pub use crate::bindings::log::{Level, write as write_log};
pub use crate::bindings::{
    Batch, Column, ColumnEntry, Connection, Cursor, DataType, Description, Done, Error, ErrorKind,
    File, FileEntry, Folder, Guest, GuestReader, Page, Reader, Request, Step, TableEntry, Value,
};
pub use crate::column::{ColumnBuilder, Misfit};
pub use crate::fault::{about, column_error, error, invalid_cursor};
pub use crate::log::panics as log_panics;
pub use crate::{cursor, moment, nearest::nearest, number};
