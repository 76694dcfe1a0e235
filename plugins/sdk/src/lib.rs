//! What source plugins over SQL share.

pub mod sql;
