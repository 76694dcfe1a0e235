//! PostgreSQL sessions: connect, query, rows → Arrow, errors → words.

mod builder;
mod classify;
mod columns;
mod connect;
mod decode;
mod dsn;
mod link;
mod list;
mod numeric;
mod resting;
mod statement;
mod tls;

#[cfg(test)]
mod tests;

pub use connect::connect;
pub use dsn::Dsn;
pub use link::Link;
pub use resting::Resting;
pub use statement::{Reading, finish};

/// The name of this kind of connection.
pub const KIND: &str = "postgres";
