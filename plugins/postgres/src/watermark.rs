//! The safe watermark: up to which cursor value nothing can be added any more. The greatest value is taken first, the
//! transactions in flight after it, so whoever could still add a row below it is among them; once they have ended, what
//! a new snapshot shows up to that value is final. A wait is bounded. What is not known to be final then is held back:
//! the next run reads it.

use plugin_sdk::bindings::{Error, Value};
use plugin_sdk::kind::{self, Settled};
use plugin_sdk::position::same;

use crate::catalog;
use crate::column_type::{Origin, Stamp};
use crate::sql::{self, Postgres, count_between, identifier};

type Read = plugin_sdk::read::Read<Postgres>;

/// What a run waits in all, in milliseconds: most transactions of a busy database are shorter, and a sync that comes
/// again loses nothing by leaving the rest for its next run.
const WAIT_MS: u32 = 5_000;
const FIRST_WAIT_MS: u32 = 20;
/// Rows that are held back are counted up to here.
const COUNT_AT_MOST: u64 = 10_000;

/// A transaction that may add rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// The server's virtual name; `-1/…` for a prepared one.
    pub name: String,
    /// None for a prepared one.
    pub session: Option<i64>,
    /// Since it began; none if the login may not see it.
    pub age_secs: Option<i64>,
    pub began: Option<String>,
}

/// What a relation is, as far as reading it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Plain or partitioned: writers lock it, or one of its partitions.
    Table,
    /// Its rows come from elsewhere in this database: a view, a query.
    View,
    /// Its rows come from another server.
    Foreign,
}

/// A relation, to the server.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Of the table; 0 of a query.
    pub oid: i64,
    pub kind: Kind,
}

/// What can be read of a table, as far as the kind of its cursor column tells.
#[derive(Debug, Clone)]
pub struct Scope {
    pub identity: Identity,
    pub origin: Origin,
    /// The cursor column as the batches have it.
    pub item: String,
    /// Whether equality of cursor values can be told from their texts.
    pub exact: bool,
}

/// Finds the watermark of one read, a step a call.
pub struct Watermark {
    scope: Scope,
    /// Where the read goes on.
    resumed: Option<Value>,
    waiting: Option<Waiting>,
    waited_ms: u32,
    /// What is said at the end.
    warnings: Vec<String>,
}

struct Waiting {
    /// The greatest value that was visible before these were looked for.
    newest: Value,
    /// None: this server cannot tell.
    for_these: Option<Vec<InFlight>>,
}

impl Watermark {
    pub fn new(scope: Scope, resumed: Option<Value>) -> Self {
        Self {
            scope,
            resumed,
            waiting: None,
            waited_ms: 0,
            warnings: Vec::new(),
        }
    }

    fn begin(&mut self, read: &Read) -> Result<Settled, Error> {
        let Some(newest) = read.ask(&sql::newest(&read.table, &self.scope.item, None), vec![])?
        else {
            return Ok(Settled::Nothing);
        };
        let unmoved = |resumed| self.scope.exact && same(resumed, &newest);
        if self.resumed.as_ref().is_some_and(unmoved) {
            return Ok(Settled::Unmoved);
        }
        if self.scope.identity.kind == Kind::Foreign {
            let column = identifier(&read.table.cursor.column);
            self.warnings.push(format!(
                "{} is on another server, whose transactions cannot be seen from here: a row that is committed after \
                 others with a greater {column} were read is missed; sync from that server itself",
                read.label
            ));
            return Ok(Settled::Until(newest));
        }
        if catalog::is_replica(&read.connection)? {
            let column = identifier(&read.table.cursor.column);
            self.warnings.push(format!(
                "a replica does not know the transactions of its primary, so what was visible is read after {} s: a row \
                 of {} that is committed more than that after others with a greater {column} is missed; sync from the primary",
                WAIT_MS / 1_000,
                read.label
            ));
            return Ok(self.wait(Waiting {
                newest,
                for_these: None,
            }));
        }
        let in_flight = self.in_flight(read)?;
        if in_flight.is_empty() {
            return Ok(Settled::Until(newest));
        }
        Ok(self.wait(Waiting {
            newest,
            for_these: Some(in_flight),
        }))
    }

    fn in_flight(&self, read: &Read) -> Result<Vec<InFlight>, Error> {
        let only_writers =
            self.scope.identity.kind == Kind::Table && self.scope.origin == Origin::Insert;
        catalog::in_flight(&read.connection, self.scope.identity.oid, only_writers)
    }

    /// Each wait is twice the one before.
    fn wait(&mut self, waiting: Waiting) -> Settled {
        let millis = self
            .waited_ms
            .max(FIRST_WAIT_MS)
            .min(WAIT_MS - self.waited_ms);
        let millis = match waiting.for_these {
            Some(_) => millis.min(1_000),
            None => WAIT_MS,
        };
        self.waited_ms += millis;
        let reason = match &waiting.for_these {
            Some(left) => format!("{} transactions in flight could add rows", left.len()),
            None => "a replica lags behind its primary".to_owned(),
        };
        self.waiting = Some(waiting);
        Settled::Wait(millis, reason)
    }

    /// Reads only as far as is known to be final.
    fn hold_back(
        &mut self,
        read: &Read,
        newest: &Value,
        left: &[InFlight],
    ) -> Result<Settled, Error> {
        let until = match (oldest_beginning(left), safe_limit(self.scope.origin)) {
            (Some(began), Some(limit)) => {
                let began = Value::Text(began.to_owned());
                read.ask(
                    &sql::newest(&read.table, &self.scope.item, Some(limit)),
                    vec![began],
                )?
            }
            _ => None,
        };
        let known = until.as_ref().or(self.resumed.as_ref());
        let known = known.filter(|known| !matches!(known, Value::Null));
        let sql = count_between(&read.table, known.is_some(), COUNT_AT_MOST + 1);
        let params = std::iter::once(newest).chain(known).cloned().collect();
        let rows = read.count(&sql, params)?;
        if rows > 0 {
            self.warnings
                .push(held_back(&read.table.cursor.column, rows, left));
        }
        Ok(until.map_or(Settled::Nothing, Settled::Until))
    }
}

impl kind::Watermark<Postgres> for Watermark {
    fn step(&mut self, read: &Read) -> Result<Settled, Error> {
        let Some(mut waiting) = self.waiting.take() else {
            return self.begin(read);
        };
        if let Some(before) = &waiting.for_these {
            let left = still_there(before, self.in_flight(read)?);
            if left.is_empty() {
                return Ok(Settled::Until(waiting.newest));
            }
            waiting.for_these = Some(left);
        }
        if self.waited_ms < WAIT_MS {
            return Ok(self.wait(waiting));
        }
        match &waiting.for_these {
            Some(left) => self.hold_back(read, &waiting.newest, left),
            None => Ok(Settled::Until(waiting.newest)),
        }
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Those of before that have not ended. A transaction that was prepared meanwhile has another name: each prepared one
/// counts, whichever it is.
fn still_there(before: &[InFlight], now: Vec<InFlight>) -> Vec<InFlight> {
    let known = |one: &InFlight| before.iter().any(|other| other.name == one.name);
    now.into_iter()
        .filter(|one| one.session.is_none() || known(one))
        .collect()
}

/// When the oldest began; none if that is not known of each.
fn oldest_beginning(left: &[InFlight]) -> Option<&str> {
    let seen = |one: &InFlight| one.began.is_some() && one.age_secs.is_some();
    if !left.iter().all(seen) {
        return None;
    }
    let oldest = left.iter().max_by_key(|one| one.age_secs)?;
    oldest.began.as_deref()
}

/// No stamp below this can come any more when the oldest transaction began at `$1`. Ten seconds are left for stamps of
/// applications, which are taken a little before; twelve hours where the writer's time zone is unknown.
fn safe_limit(origin: Origin) -> Option<&'static str> {
    const TIMESTAMPTZ: &str = "$1::pg_catalog.timestamptz - '10 seconds'::pg_catalog.interval";
    const TIMESTAMP: &str = "pg_catalog.timezone('UTC', $1::pg_catalog.timestamptz) - '12 hours 10 seconds'::pg_catalog.interval";
    const DATE: &str = "(pg_catalog.timezone('UTC', $1::pg_catalog.timestamptz) - '12 hours 10 seconds'::pg_catalog.interval)::pg_catalog.date";
    match origin {
        Origin::Stamp(Stamp::Timestamptz) => Some(TIMESTAMPTZ),
        Origin::Stamp(Stamp::Timestamp) => Some(TIMESTAMP),
        Origin::Stamp(Stamp::Date) => Some(DATE),
        Origin::Insert | Origin::Unknown => None,
    }
}

fn held_back(column: &str, rows: u64, left: &[InFlight]) -> String {
    let rows = match rows {
        1 => "1 row is".to_owned(),
        rows if rows > COUNT_AT_MOST => format!("more than {COUNT_AT_MOST} rows are"),
        rows => format!("{rows} rows are"),
    };
    let transactions = match left.len() {
        1 => "1 transaction in flight".to_owned(),
        several => format!("{several} transactions in flight"),
    };
    let oldest = left.iter().max_by_key(|one| one.age_secs);
    let session = oldest.and_then(|oldest| oldest.session);
    let session = session.map_or_else(|| "prepared".to_owned(), |pid| format!("session {pid}"));
    let age = match oldest.and_then(|oldest| oldest.age_secs) {
        Some(age) => format!("{session}, open for {age} s"),
        None => format!("{session}; grant pg_read_all_stats to the login, and its age is known"),
    };
    format!(
        "{rows} held back above the safe watermark of {}: {transactions} could still add rows below them ({age}); the \
         next run reads them once it has ended",
        identifier(column)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, session: Option<i64>, age_secs: Option<i64>) -> InFlight {
        InFlight {
            name: name.to_owned(),
            session,
            age_secs,
            began: age_secs.map(|age| format!("{age} s ago")),
        }
    }

    #[test]
    fn only_those_of_before_are_waited_for_and_whatever_is_prepared() {
        let before = [one("3/7", Some(1), None), one("4/8", Some(2), None)];
        let now = vec![
            one("4/8", Some(2), None),
            one("5/1", Some(3), None),
            one("-1/900", None, None),
        ];
        let left = still_there(&before, now);
        let names = left.iter().map(|one| one.name.as_str()).collect::<Vec<_>>();
        assert_eq!(names, ["4/8", "-1/900"]);
    }

    #[test]
    fn a_limit_is_known_only_if_every_beginning_is() {
        let young = one("1/1", Some(1), Some(3));
        let old = one("2/2", Some(2), Some(60));
        let left = [young.clone(), old];
        assert_eq!(oldest_beginning(&left), Some("60 s ago"));
        let left = [young, one("3/3", Some(3), None)];
        assert_eq!(oldest_beginning(&left), None);
    }

    #[test]
    fn what_is_held_back_is_said_with_who_and_how_old() {
        let text = held_back("id", 2, &[one("1/1", Some(4711), Some(12))]);
        assert!(text.starts_with(
            "2 rows are held back above the safe watermark of \"id\": 1 transaction in flight"
        ));
        assert!(text.contains("(session 4711, open for 12 s)"), "{text}");
        let text = held_back("id", COUNT_AT_MOST + 1, &[one("1/1", Some(4711), None)]);
        assert!(text.contains("more than 10000 rows are"), "{text}");
        assert!(text.contains("grant pg_read_all_stats"), "{text}");
    }
}
