//! Sessions lent to plugins: opened from `connections.json`, read-only, bounded per `connection_ref`.
//! Nothing that leaves this module names an address, a user or a password.

mod entry;
mod postgres;
mod registry;

pub use postgres::{RowStream, Session};
pub use registry::Connections;

/// What an operator sees of one entry of `connections.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionEntry {
    pub name: String,
    /// `postgres`, …; empty if the entry is too broken to say.
    pub kind: String,
    /// Why it cannot be used, and what to do.
    pub problem: Option<String>,
}
