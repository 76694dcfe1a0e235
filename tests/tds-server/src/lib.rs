//! A stand-in for SQL Server: TDS 7.4 over SQLite, for tests, benchmarks and the demo. It answers what an extraction
//! asks, and goes wrong on demand. It is no SQL Server: see the README for what it cannot show.
//!
//! The way of a statement: `wire` reads packets, `session` takes a batch or an RPC out of them, `sql` reads the T-SQL,
//! finds names and types in the `catalog` and writes it for SQLite, `session` runs it and sends rows as `types` encode them.
//! Sections of [MS-TDS] are those of the Open Specifications document of that name.

mod bench;
mod catalog;
mod database;
mod error;
mod faults;
mod log;
mod options;
mod server;
mod session;
mod sql;
mod types;
mod wire;

pub use error::SqlError;
pub use faults::{Effect, Fault, Faults};
pub use log::{Login, Setting, Text};
pub use options::{Options, Tls};
pub use server::Server;
