//! Models: what syncs of the AI Squared form read.

mod check;
mod request;
pub mod route;
mod table_name;
