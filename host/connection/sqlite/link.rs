//! One open file and the statement that runs on it. SQLite blocks, so a statement runs on a thread that may, and takes the
//! open file there; its rows come back through a channel as from a socket. Whoever drops a link ends the statement at its
//! next look at the watch, and only then is the place under `max_sessions` free again.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::classify;
use super::watch::Watch;
use crate::model::source::SourceError;

/// An open file.
pub struct Link {
    state: State,
    watch: Arc<Watch>,
}

enum State {
    Idle(Open),
    Running(JoinHandle<Open>),
    Lost,
}

/// What a statement takes to its thread.
pub struct Open {
    pub connection: Connection,
    _place: OwnedSemaphorePermit,
}

impl Link {
    pub fn new(connection: Connection, place: OwnedSemaphorePermit, watch: Arc<Watch>) -> Self {
        let open = Open {
            connection,
            _place: place,
        };
        Self {
            state: State::Idle(open),
            watch,
        }
    }

    /// Runs work on the open file until [`Link::settle`] takes it back.
    ///
    /// # Errors
    /// `Unavailable` where something runs already.
    pub fn run(
        &mut self,
        work: impl FnOnce(&Connection, &Watch) + Send + 'static,
    ) -> Result<(), SourceError> {
        let State::Idle(open) = std::mem::replace(&mut self.state, State::Lost) else {
            return Err(classify::lost());
        };
        let watch = Arc::clone(&self.watch);
        self.state = State::Running(tokio::task::spawn_blocking(move || {
            work(&open.connection, &watch);
            open
        }));
        Ok(())
    }

    /// Waits for what runs to be over. Whether another statement can follow.
    pub async fn settle(&mut self) -> bool {
        if let State::Running(running) = &mut self.state {
            self.state = match running.await {
                Ok(open) => State::Idle(open),
                Err(_) => State::Lost,
            };
        }
        matches!(self.state, State::Idle(_))
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.watch.abandon();
    }
}
