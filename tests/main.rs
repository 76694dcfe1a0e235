//! Tests of the real binary against real Postgres clusters. One binary; a module for each thing that is promised.

mod api;
mod architecture;
mod bad_input;
mod conformance;
mod crash;
mod cursor;
mod cursor_types;
mod cut;
mod disk;
mod drift;
mod harness;
mod identifiers;
mod late;
mod modes;
mod pacing;
mod sandbox;
mod shutdown;
mod smoke;
mod soak;
mod sql_server;
mod stop;
mod syncs;
mod types;
mod v1;
mod watermark;
