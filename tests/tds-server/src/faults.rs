//! What goes wrong on demand. A fault strikes the next statement or login that it fits, once, unless it is sticky.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::SqlError;

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The socket is closed behind so many rows.
    Hangup { rows: u64 },
    /// Behind so many rows the next packet ends in its middle, and the socket is closed.
    Truncate { rows: u64 },
    /// The server waits before the first row, and between `every` rows, unless that is 0. An attention ends the wait.
    Delay { every: u64, pause: Duration },
    /// An error behind so many rows; of class 20 and above, it ends the session.
    Error { rows: u64, error: SqlError },
    /// The login takes so long.
    SlowLogin(Duration),
    /// The login is refused.
    RefuseLogin(SqlError),
    /// The login is told to go to another server.
    Route {
        to: SocketAddr,
        only_read_only: bool,
    },
}

#[derive(Clone, Debug)]
pub struct Fault {
    effect: Effect,
    /// A part of the statement's text; without it, any read or change of a table, but not of `sys`.
    on: Option<String>,
    sticky: bool,
}

impl Fault {
    pub fn new(effect: Effect) -> Fault {
        Fault {
            effect,
            on: None,
            sticky: false,
        }
    }

    pub fn hangup(rows: u64) -> Fault {
        Fault::new(Effect::Hangup { rows })
    }

    pub fn truncate(rows: u64) -> Fault {
        Fault::new(Effect::Truncate { rows })
    }

    /// A statement that runs long before it answers.
    pub fn delay(pause: Duration) -> Fault {
        Fault::new(Effect::Delay { every: 0, pause })
    }

    pub fn slow_rows(every: u64, pause: Duration) -> Fault {
        Fault::new(Effect::Delay { every, pause })
    }

    /// An error with the server's own words.
    pub fn error(number: i32) -> Fault {
        Fault::error_after(0, number)
    }

    pub fn error_after(rows: u64, number: i32) -> Fault {
        let error = SqlError::numbered(number);
        Fault::new(Effect::Error { rows, error })
    }

    pub fn slow_login(pause: Duration) -> Fault {
        Fault::new(Effect::SlowLogin(pause))
    }

    /// 18456, 18452 and 4060 have their words.
    pub fn refuse_login(number: i32) -> Fault {
        let error = match number {
            18456 => SqlError::login_failed("sa"),
            4060 => SqlError::no_database("demo"),
            _ => SqlError::numbered(number),
        };
        Fault::new(Effect::RefuseLogin(error))
    }

    pub fn route(to: SocketAddr) -> Fault {
        Fault::new(Effect::Route {
            to,
            only_read_only: false,
        })
    }

    /// As a listener of an availability group does it.
    pub fn route_read_only(to: SocketAddr) -> Fault {
        Fault::new(Effect::Route {
            to,
            only_read_only: true,
        })
    }

    /// Only a statement with this in its text, whatever the case.
    pub fn on(mut self, part: &str) -> Fault {
        self.on = Some(part.to_lowercase());
        self
    }

    /// Strikes again and again, until `Faults::clear`.
    pub fn sticky(mut self) -> Fault {
        self.sticky = true;
        self
    }

    fn is_of_login(&self) -> bool {
        matches!(
            self.effect,
            Effect::SlowLogin(_) | Effect::RefuseLogin(_) | Effect::Route { .. }
        )
    }
}

#[derive(Default)]
pub struct Faults {
    waiting: Mutex<Vec<Fault>>,
}

impl Faults {
    pub fn push(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many have not struck yet; sticky ones always count.
    pub fn waiting(&self) -> usize {
        self.lock().len()
    }

    /// The first that fits a statement.
    pub(crate) fn of_statement(&self, sql: &str) -> Option<Effect> {
        let sql = sql.to_lowercase();
        // Set-up and catalog are not what a fault without a text means.
        let reads = sql.contains(" from ") && !sql.contains("sys.");
        let plain = reads
            || ["insert", "update", "delete"]
                .iter()
                .any(|verb| sql.starts_with(verb));
        self.strike(|fault| {
            let fits = fault.on.as_ref().map_or(plain, |part| sql.contains(part));
            !fault.is_of_login() && fits
        })
    }

    /// The first of a login.
    pub(crate) fn of_login(&self, read_only: bool) -> Option<Effect> {
        self.strike(|fault| match fault.effect {
            Effect::Route { only_read_only, .. } => read_only || !only_read_only,
            _ => fault.is_of_login(),
        })
    }

    fn strike(&self, fits: impl Fn(&Fault) -> bool) -> Option<Effect> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(fits)?;
        Some(if waiting[at].sticky {
            waiting[at].effect.clone()
        } else {
            waiting.remove(at).effect
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
