//! What the host lends to one instance: the state behind every import. Dropped whole after a fault.

mod batch;
mod database;
mod files;
mod live;
mod log;
mod source_calls;

use std::time::Duration;

use wasmtime::ResourceLimiter;
use wasmtime::component::{ResourceTable, ResourceTableError};

use super::bindings::sluice::source::types;
use super::convert;
use super::limits::{Limits, MAX_CORE_INSTANCES, MAX_HANDLES, MAX_TABLE_ELEMENTS};
use crate::model::source::{ErrorKind, SourceError};

pub use database::Connection;
pub use live::{LiveBatch, LiveBytes};
pub use log::LogBudget;
pub use source_calls::SourceCalls;

/// Everything that belongs to one store.
pub struct State {
    pub table: ResourceTable,
    pub live: LiveBytes,
    pub log: LogBudget,
    pub memory: MemoryLimit,
    pub cpu: CpuBudget,
    /// Whether a call to the source is under way: then a timeout is not the guest's fault.
    pub waits_for_source: bool,
    pub source_calls: SourceCalls,
}

impl State {
    pub fn new(plugin: String, limits: &Limits) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            table,
            live: LiveBytes::new(limits.live_batch_bytes),
            log: LogBudget::new(plugin),
            memory: MemoryLimit {
                bytes: limits.guest_memory_bytes,
                used: 0,
                elements: 0,
            },
            cpu: CpuBudget::new(limits.cpu_per_call),
            waits_for_source: false,
            source_calls: SourceCalls::default(),
        }
    }
}

/// Ticks during which guest code was running.
pub struct CpuBudget {
    used: u128,
    allowed: u128,
}

/// A call took its whole CPU budget.
#[derive(Debug, thiserror::Error)]
#[error("the CPU budget of the call is used up")]
pub struct CpuLimitReached;

impl CpuBudget {
    fn new(per_call: Duration) -> Self {
        Self {
            used: 0,
            allowed: per_call
                .as_millis()
                .div_ceil(super::engine::TICK.as_millis())
                .max(1),
        }
    }

    pub fn renew(&mut self) {
        self.used = 0;
    }

    pub fn take_tick(&mut self) -> Result<(), CpuLimitReached> {
        self.used += 1;
        if self.used > self.allowed {
            Err(CpuLimitReached)
        } else {
            Ok(())
        }
    }
}

/// Linear memory and tables of the whole instance. Growing beyond it is a trap, so that the reason is seen:
/// a failed growth ends as `unreachable` inside the guest's allocator.
pub struct MemoryLimit {
    bytes: usize,
    used: usize,
    /// Of all tables of the component.
    elements: usize,
}

/// The guest asked for more memory than it may have.
#[derive(Debug, thiserror::Error)]
#[error("the guest's memory would grow beyond its limit")]
pub struct MemoryLimitReached;

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The sum over all memories of the component.
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.bytes {
            return Err(MemoryLimitReached.into());
        }
        self.used = used;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let grown = desired.saturating_sub(current);
        self.elements = self.elements.saturating_add(grown);
        if self.elements > MAX_TABLE_ELEMENTS {
            Err(MemoryLimitReached.into())
        } else {
            Ok(true)
        }
    }

    fn instances(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_CORE_INSTANCES
    }

    fn memories(&self) -> usize {
        MAX_CORE_INSTANCES
    }
}

/// What an import answers instead of a value.
#[derive(Debug)]
pub enum HostError {
    /// The guest sees it.
    Source(SourceError),
    /// The guest ends.
    Trap(wasmtime::Error),
}

impl HostError {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::Source(SourceError::new(kind, message))
    }
}

impl From<SourceError> for HostError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<ResourceTableError> for HostError {
    fn from(error: ResourceTableError) -> Self {
        match error {
            ResourceTableError::Full => Self::new(
                ErrorKind::LimitExceeded,
                format!(
                    "a plugin holds at most {MAX_HANDLES} handles: it has to drop those it does not need"
                ),
            ),
            other => Self::Trap(other.into()),
        }
    }
}

impl types::Host for State {
    fn convert_error(&mut self, error: HostError) -> wasmtime::Result<types::Error> {
        match error {
            HostError::Source(error) => Ok(convert::error_to_guest(error)),
            HostError::Trap(error) => Err(error),
        }
    }
}
