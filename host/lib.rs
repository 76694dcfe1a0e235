//! Sluice: a host for WebAssembly source plugins that copies and syncs tables into knowledge bases, exactly once.

pub mod api;
pub mod app;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod conformance;
pub mod connection;
pub mod dispatch;
pub mod extract;
pub mod kb;
pub mod model;
pub mod pacing;
pub mod plugin;
pub mod schedule;
pub mod store;
pub mod telemetry;
