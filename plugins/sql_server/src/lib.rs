//! The source kind `sql_server`.
