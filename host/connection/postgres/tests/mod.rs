//! Sessions against real servers.
