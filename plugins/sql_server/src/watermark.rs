//! How far a read may go that another goes on from. A rowversion is bounded by the server's own watermark, the least that a
//! transaction in flight may still commit. For everything else there is none: under plain READ COMMITTED a read waits for
//! the rows that it meets uncommitted; where it does not, what is committed late is missed, and that is said.

use plugin_sdk::answer::{Cells, query};
use plugin_sdk::bindings::{Error, ErrorKind, Value};
use plugin_sdk::fault::about;
use plugin_sdk::kind::{self, Settled};
use plugin_sdk::sql::Dialect;

use crate::catalog;
use crate::sql::{ROWVERSION_BOUND, SqlServer, count_held_back};

type Read = plugin_sdk::read::Read<SqlServer>;

/// Rows that are held back are counted up to here.
const COUNT_AT_MOST: u64 = 10_000;
/// Of `transaction_isolation_level`.
const READ_UNCOMMITTED: i64 = 1;
const SNAPSHOT: i64 = 5;

/// What a session sees of transactions in flight; none where the login may not know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Isolation {
    /// Readers get the last committed version of a row that is being changed.
    pub row_versions: Option<bool>,
    pub level: Option<i64>,
    /// `READ_WRITE`, `READ_ONLY`
    pub updateability: Option<String>,
}

impl Isolation {
    /// Why a read would not wait for an uncommitted row that it meets, or may not; none if it does.
    fn passes_by(&self) -> Option<&'static str> {
        match (self.level, self.updateability.as_deref()) {
            (Some(READ_UNCOMMITTED), _) => return Some("the session reads what is not committed"),
            (_, Some("READ_ONLY")) => return Some(COPY),
            (Some(SNAPSHOT), _) => return Some("the session reads a snapshot"),
            (Some(_), Some(_)) => {}
            _ => return Some(UNKNOWN),
        }
        match self.row_versions {
            Some(true) => Some("row versioning (READ_COMMITTED_SNAPSHOT) is on"),
            Some(false) => None,
            None => Some(UNKNOWN),
        }
    }

    fn is_copy(&self) -> bool {
        self.updateability.as_deref() == Some("READ_ONLY")
    }
}

const COPY: &str = "the database is a copy that cannot be written";
const UNKNOWN: &str =
    "the login may not see whether row versioning is on (grant view database state to it)";

/// Finds the watermark of one read, in one step.
pub struct Watermark {
    is_rowversion: bool,
    /// What is said at the end.
    warnings: Vec<String>,
}

impl Watermark {
    pub fn new(is_rowversion: bool) -> Self {
        Self {
            is_rowversion,
            warnings: Vec::new(),
        }
    }

    fn bound(&mut self, read: &Read) -> Result<Settled, Error> {
        let answer = query(&read.connection, ROWVERSION_BOUND, vec![]);
        let mut row = Cells::only(answer.map_err(|error| about(&read.label, error))?)?;
        let (bound, is_in_flight) = (row.value()?, row.boolean()?);
        if is_in_flight {
            self.warnings.extend(held_back(read, &bound));
        }
        Ok(Settled::Until(bound))
    }
}

impl kind::Watermark<SqlServer> for Watermark {
    fn step(&mut self, read: &Read) -> Result<Settled, Error> {
        let isolation = match catalog::isolation(&read.connection) {
            Err(error) if error.kind == ErrorKind::PermissionDenied => Isolation::default(),
            isolation => isolation?,
        };
        let column = SqlServer::identifier(&read.table.cursor.column);
        if self.is_rowversion {
            if isolation.is_copy() {
                self.warnings.push(format!(
                    "{COPY}, and does not know the transactions of its original: a row of {} that is committed after \
                     others with a greater {column} were read may be missed; sync from the original",
                    read.label
                ));
            }
            return self.bound(read);
        }
        if let Some(why) = isolation.passes_by() {
            self.warnings.push(format!(
                "{why}, so a row of {} that is committed after others with a greater {column} were read is missed; a \
                 rowversion column as the cursor misses none",
                read.label
            ));
        }
        Ok(Settled::Everything)
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

fn held_back(read: &Read, bound: &Value) -> Option<String> {
    let column = SqlServer::identifier(&read.table.cursor.column);
    let sql = count_held_back(&read.table, COUNT_AT_MOST + 1);
    let rows = match read.count(&sql, vec![bound.clone()]) {
        Ok(0) => return None,
        Ok(1) => "1 row is".to_owned(),
        Ok(rows) if rows > COUNT_AT_MOST => format!("more than {COUNT_AT_MOST} rows are"),
        Ok(rows) => format!("{rows} rows are"),
        // Nothing of the read depends on it.
        Err(error) => format!("rows, which could not be counted ({}), are", error.message),
    };
    Some(format!(
        "{rows} held back above the safe watermark of {column}: a transaction in flight could still add rows below them; \
         the next run reads them once it has ended"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isolation(row_versions: bool, level: i64, updateability: &str) -> Isolation {
        Isolation {
            row_versions: Some(row_versions),
            level: Some(level),
            updateability: Some(updateability.to_owned()),
        }
    }

    #[test]
    fn only_plain_read_committed_waits_for_uncommitted_rows() {
        assert_eq!(isolation(false, 2, "READ_WRITE").passes_by(), None);
        for (isolation, word) in [
            (isolation(true, 2, "READ_WRITE"), "READ_COMMITTED_SNAPSHOT"),
            (isolation(false, 1, "READ_WRITE"), "not committed"),
            (isolation(false, 5, "READ_WRITE"), "snapshot"),
            (isolation(false, 2, "READ_ONLY"), "copy"),
        ] {
            let why = isolation.passes_by().expect("it passes by");
            assert!(why.contains(word), "{why}");
        }
    }

    #[test]
    fn what_cannot_be_seen_counts_as_missed() {
        let known = isolation(false, 2, "READ_WRITE");
        let unknown = [
            Isolation::default(),
            Isolation {
                row_versions: None,
                ..known.clone()
            },
            Isolation {
                level: None,
                ..known.clone()
            },
            Isolation {
                updateability: None,
                ..known
            },
        ];
        for isolation in unknown {
            let why = isolation.passes_by().expect("nobody knows");
            assert!(why.contains("may not see"), "{why}");
        }
    }
}
