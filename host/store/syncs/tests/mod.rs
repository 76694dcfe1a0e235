//! What the store counts and decides for syncs, on a real store in memory.

mod changes;
mod runs;
mod world;
