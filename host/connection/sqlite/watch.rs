//! When a statement has to end: asked by SQLite every some instructions, so nothing can come too late for it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Shared by a link and the thread on which its statement runs.
#[derive(Default)]
pub struct Watch {
    until: Mutex<Option<Instant>>,
    abandoned: AtomicBool,
}

impl Watch {
    /// Gives the statement this much time from now on.
    pub fn allow(&self, time: Duration) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = Instant::now().checked_add(time);
    }

    /// Nobody waits for it any more.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    pub fn is_over(&self) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        self.abandoned.load(Ordering::Relaxed) || until.is_some_and(|until| Instant::now() > until)
    }
}
