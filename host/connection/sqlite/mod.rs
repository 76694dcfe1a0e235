//! SQLite files, opened to be read: connect, query, rows → Arrow, errors → words. No error says where the file is.

mod builder;
mod classify;
mod connect;
mod declared;
mod dsn;
mod guard;
mod link;
mod run;
mod statement;
mod watch;

#[cfg(test)]
mod tests;

pub use connect::connect;
pub use dsn::Dsn;
pub use link::Link;
pub use statement::{Reading, values};

/// The name of this kind of connection.
pub const KIND: &str = "sqlite";
