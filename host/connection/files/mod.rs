//! A folder of files, lent for reading. Nothing above it can be named, nothing in it is followed elsewhere, and no error
//! says where it is: only the path below it.

mod dsn;
mod folder;
mod path;
mod walk;

#[cfg(test)]
mod tests;

pub use dsn::Dsn;
pub use folder::{File, Folder, connect};

/// The name of this kind of connection.
pub const KIND: &str = "files";
