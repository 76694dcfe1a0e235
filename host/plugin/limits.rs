//! What a guest may use and how long its names and messages may be. Nothing here enforces anything.

use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// What a guest may use. Defaults are in `Limits::default`.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Linear memory of one instance.
    pub guest_memory_bytes: usize,
    /// Batches that one instance keeps alive in the host.
    pub live_batch_bytes: usize,
    /// Time on a processor that one call may take; waiting for the source is free.
    pub cpu_per_call: Duration,
    /// Wall time of one call, waiting included.
    pub call_timeout: Duration,
    /// What a guest may ask to wait in all without a row in between.
    pub longest_wait: Duration,
    /// Wall time of instantiation and `describe` when a plugin is loaded.
    pub describe_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guest_memory_bytes: 64 * MIB,
            live_batch_bytes: 64 * MIB,
            cpu_per_call: Duration::from_secs(10),
            // Longer than the default statement timeout of a connection, which should end first.
            call_timeout: Duration::from_secs(120),
            longest_wait: Duration::from_secs(600),
            describe_timeout: Duration::from_secs(5),
        }
    }
}

/// What a guest may pass in one call, in the measure of the library: a batch of 5,000 rows × 16 columns costs 2 MiB by
/// columns and 4 MiB by rows.
pub const HOSTCALL_FUEL: usize = 32 * MIB;
/// Handles of one instance; the library's default is a million.
pub const MAX_HANDLES: usize = 256;
/// A component of several core modules has as many instances, tables and memories.
pub const MAX_CORE_INSTANCES: usize = 64;
/// In all tables together. An element is a pointer; scripted guests have about ten thousand.
pub const MAX_TABLE_ELEMENTS: usize = 100_000;
/// A plugin file. The largest known, a scripted one, has 18 MB.
pub const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Schema, table, column and type names, in bytes. PostgreSQL allows 63, SQL Server 128 characters.
pub const MAX_NAME_BYTES: usize = 256;
/// Sentences for operators, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 8 * 1024;
/// PostgreSQL allows 1,600 columns, SQL Server 1,024 in a table.
pub const MAX_COLUMNS: usize = 2_000;
/// A cursor is written with every commit.
pub const MAX_CURSOR_BYTES: usize = 64 * 1024;
/// Columns of a key; SQL Server and PostgreSQL allow 32.
pub const MAX_TIE_VALUES: usize = 64;
/// A statement's text.
pub const MAX_SQL_BYTES: usize = 1024 * 1024;
/// Bind parameters; the protocol of PostgreSQL counts them in 16 bits.
pub const MAX_PARAMS: usize = 65_535;
/// Rows of one batch of a stream, whatever the guest asks for.
pub const MAX_STREAM_ROWS: u32 = 65_536;
/// Warnings before the first page or at the end of a read.
pub const MAX_WARNINGS: usize = 100;
/// All of them together: they are stored with the job.
pub const MAX_WARNINGS_BYTES: usize = 64 * 1024;
/// Tables in an answer to a browser.
pub const MAX_TABLES: usize = 100_000;
/// A guest asks for a wait in milliseconds; more is cut, it may ask again.
pub const MAX_WAIT_MS: u32 = 60_000;
/// Steps without a row, one after another, before a read counts as endless.
pub const MAX_EMPTY_STEPS: u32 = 1_000;
