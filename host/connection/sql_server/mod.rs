//! SQL Server sessions: connect, query, rows → Arrow, errors → words.

mod builder;
mod check;
mod classify;
mod columns;
mod connect;
mod dsn;
mod link;
mod moment;
mod pairs;
mod params;
mod prelogin;
mod statement;
mod value;

#[cfg(test)]
mod tests;

pub use connect::connect;
pub use dsn::Dsn;
pub use link::Link;
pub use statement::{Reading, values};

/// The name of this kind of connection.
pub const KIND: &str = "sql_server";
