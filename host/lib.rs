//! Sluice: a host for WebAssembly source plugins that copies and syncs tables into knowledge bases, exactly once.

pub mod cluster;
pub mod connection;
pub mod kb;
pub mod model;
pub mod plugin;
