//! Tests of the real binary against real Postgres clusters. One binary; a module for each thing that is promised.

mod api;
mod architecture;
mod harness;
mod smoke;
