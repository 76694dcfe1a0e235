//! The stand-in, seen by tiberius.
mod client;
mod session;
