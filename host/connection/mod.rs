//! Sessions lent to plugins: opened from `connections.json`, read-only, bounded per `connection_ref`.
//! Nothing that leaves this module names an address, a user or a password.

mod decode;
mod entry;
mod files;
mod link;
mod postgres;
mod registry;
mod session;
mod sql_server;
mod sqlite;
mod stream;
mod trouble;

pub use files::{File, Folder};
pub use registry::Connections;
pub use session::Session;
pub use stream::RowStream;

/// What an operator sees of one entry of `connections.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionEntry {
    pub name: String,
    /// `postgres`, `sql_server`, `sqlite`, `files`; empty if the entry is too broken to say.
    pub kind: String,
    /// Why it cannot be used, and what to do.
    pub problem: Option<String>,
}
