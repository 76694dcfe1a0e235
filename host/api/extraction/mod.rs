//! What jobs and syncs have in common: what a request may say of a source, whether it can be read, and how it is shown.

pub mod ability;
pub mod cursor;
pub mod cursor_fit;
pub mod last_commit;
mod lexical;
pub mod opening;
pub mod parts;
pub mod view;
