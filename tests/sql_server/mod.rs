//! What only SQL Server has: its sessions, its errors by number, its rowversion. What holds for each kind of source is
//! tested where that is. The parts that need a fault run on the stand-in only.

#[cfg(target_os = "linux")]
mod browser;
mod refusals;
mod retries;
mod rowversion;
mod sessions;
