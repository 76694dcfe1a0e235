//! Sessions between two jobs of one connection. A login costs a server more than a run that finds nothing new, so a
//! session whose job has ended waits a moment for the next one. That finds it as if it were new: every transaction has been
//! rolled back, and what outlives that is cleaned up before the next statement.
//!
//! A resting session holds no place under `max_sessions`; whoever gets a place takes over a resting session if there is
//! one. So those that work and those that rest are never more than the places.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::dsn::Dsn;
use super::link::Open;

/// Shorter than what a stopped job's session may stay on its server.
const REST: Duration = Duration::from_secs(3);
/// Older ones do not rest any more: a server's process grows with the tables that it has seen, and a login may have
/// been closed since.
const LIFE: Duration = Duration::from_secs(60);

const SWEEP_AT_MOST_EVERY: Duration = Duration::from_millis(100);

/// The sessions of one connection that nobody uses.
pub struct Resting {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The last one has rested for the shortest time.
    sessions: Vec<(Instant, Open)>,
    /// Whether somebody ends those that have rested for too long.
    is_swept: bool,
}

impl Resting {
    /// For a connection with these places.
    pub fn new(places: Arc<Semaphore>) -> Self {
        Self {
            places,
            state: Mutex::default(),
        }
    }

    /// A session that was opened with this DSN, for one who has a place. One with another DSN makes room for a new one.
    pub(super) async fn take(&self, dsn: &Dsn) -> Option<Open> {
        while let Some(open) = self.last() {
            if *open.dsn == *dsn && open.is_connected() {
                return Some(open);
            }
            open.close().await;
        }
        None
    }

    fn last(&self) -> Option<Open> {
        self.lock().sessions.pop().map(|(_, open)| open)
    }

    /// Takes a session in and gives its place back.
    pub(super) fn keep(
        self: &Arc<Self>,
        runtime: &Handle,
        open: Open,
        place: OwnedSemaphorePermit,
    ) {
        if !open.is_connected() || open.since.elapsed() > LIFE {
            runtime.spawn(open.end(false, place));
            return;
        }
        let mut state = self.lock();
        state.sessions.push((Instant::now(), open));
        if !std::mem::replace(&mut state.is_swept, true) {
            runtime.spawn(Arc::clone(self).sweep());
        }
        drop(state);
        // Whoever waits for a place finds the session there.
        drop(place);
    }

    async fn sweep(self: Arc<Self>) {
        while let Some(until) = self.next_end() {
            tokio::time::sleep_until(until.max(Instant::now() + SWEEP_AT_MOST_EVERY)).await;
            while let Some((open, place)) = self.rested() {
                open.end(false, place).await;
            }
        }
    }

    /// When the next one will have rested for too long. None: nobody rests, and the sweeper goes.
    fn next_end(&self) -> Option<Instant> {
        let mut state = self.lock();
        let next = state.sessions.first().map(|(since, _)| *since + REST);
        state.is_swept = next.is_some();
        next
    }

    /// One that has rested for too long, and the place that it takes until it is closed.
    fn rested(&self) -> Option<(Open, OwnedSemaphorePermit)> {
        let mut state = self.lock();
        let (since, _) = state.sessions.first()?;
        if since.elapsed() < REST {
            return None;
        }
        // Without one somebody has just got the last place and is about to take over a session.
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some((state.sessions.remove(0).1, place))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
