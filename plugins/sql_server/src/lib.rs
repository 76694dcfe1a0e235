//! The source kind `sql_server`.

pub mod column_type;
pub mod sql;
