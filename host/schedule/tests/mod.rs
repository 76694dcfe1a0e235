//! The scheduler on a real store, in a time that the tests move.

mod oracle;
mod simulation;
mod together;
mod world;
