//! The stand-in, seen by tiberius.
mod bench;
mod catalog;
mod client;
mod concurrency;
mod faults;
mod queries;
mod session;
mod tables;
mod types;
