//! Tests of the real binary against real Postgres clusters. One binary; a module for each thing that is promised.

mod api;
mod architecture;
mod bad_input;
mod cursor;
mod cursor_types;
mod harness;
mod identifiers;
mod modes;
mod pacing;
mod smoke;
mod types;
