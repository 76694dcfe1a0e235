//! Holds whatever the host gives until it gives no more, and says how much that was and with which error it ended.

use crate::exports::sluice::source::source::{Done, Error, Step};
use crate::{batches, rows};

fn until_refused<T>(take: impl Fn() -> Result<T, Error>) -> Result<Step, Error> {
    let mut hoard = Vec::new();
    loop {
        match take() {
            Ok(held) => hoard.push(held),
            Err(error) => {
                return Ok(Step::Done(Done {
                    warnings: vec![format!("{:?} {}", error.kind, hoard.len())],
                }));
            }
        }
    }
}

pub fn handles() -> Result<Step, Error> {
    until_refused(|| rows::by_columns(1, 1))
}

/// Each batch has about four million.
pub fn bytes() -> Result<Step, Error> {
    until_refused(|| batches::of_bytes(4_000_000))
}

/// Each slice keeps its batch, which is counted once.
pub fn slices() -> Result<Step, Error> {
    let batch = rows::by_columns(1, 10)?;
    until_refused(|| batch.slice(0, 5))
}

/// Each is another list of columns in the host's memory.
pub fn projections() -> Result<Step, Error> {
    let batch = rows::by_columns(1, 10)?;
    until_refused(|| batch.project(&[0, 1, 2, 3]))
}
