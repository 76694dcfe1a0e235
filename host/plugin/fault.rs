//! What is said when a plugin breaks a rule: who it is, what it did, under which code.

use wasmtime::Trap;

use super::bounds;
use super::imports::{CpuLimitReached, MemoryLimitReached};
use super::limits::Limits;
use crate::model::failure::{Failure, FailureKind};

/// Of the library's words.
const MAX_REASON_BYTES: usize = 300;

/// A plugin as operators know it.
#[derive(Debug, Clone)]
pub struct Identity {
    /// File name, or `built in`.
    pub origin: String,
    /// Kind and version, once the plugin has said them.
    pub named: Option<(String, String)>,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.named {
            Some((kind, version)) => write!(f, "the plugin {kind} {version} ({})", self.origin),
            None => write!(f, "the plugin file {}", self.origin),
        }
    }
}

impl Identity {
    /// A failure that the plugin's author has to mend.
    pub fn fault(&self, code: &str, what: impl std::fmt::Display) -> Failure {
        Failure::new(FailureKind::Plugin, code, format!("{self} {what}"))
    }
}

/// How a call into a guest ended without an answer.
pub enum CallError {
    /// The time limit passed.
    Elapsed,
    Wasm(wasmtime::Error),
}

impl CallError {
    /// Code and sentence, after the plugin's name. `doing` is what the call was for.
    pub fn describe(&self, doing: &str, limits: &Limits) -> (&'static str, String) {
        let Self::Wasm(error) = self else {
            return (
                "timeout",
                format!("did not end within its time limit while {doing}"),
            );
        };
        if error.is::<CpuLimitReached>() {
            let seconds = limits.cpu_per_call.as_secs_f64();
            return (
                "cpu_limit",
                format!("computed for more than {seconds} s in one call while {doing}"),
            );
        }
        if error.is::<MemoryLimitReached>() {
            let mib = limits.guest_memory_bytes / (1024 * 1024);
            return (
                "memory_limit",
                format!("asked for more than its {mib} MiB of memory while {doing}"),
            );
        }
        if let Some(trap) = error.downcast_ref::<Trap>() {
            return ("trap", format!("trapped while {doing}: {trap}"));
        }
        // With its context: the innermost words do not say which function or type.
        let reason = bounds::visible(&format!("{error:#}"), MAX_REASON_BYTES);
        // The library keeps the type of this error to itself; a test holds the words.
        if reason.contains("fuel allocated for hostcalls") {
            return (
                "limit_exceeded",
                format!("passed too much data in one call while {doing}"),
            );
        }
        (
            "bad_answer",
            format!("broke the contract while {doing}: {reason}"),
        )
    }
}
