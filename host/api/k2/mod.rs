//! Knowledge bases over HTTP: their names, what is in them, and SQL over it. They are written by jobs only.

mod cell;
mod column_type;
pub mod edit;
pub mod list;
pub mod query;
mod rows;
pub mod schema;
mod view;
