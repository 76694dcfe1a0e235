//! Syncs: made, changed and removed here; `start` puts a run into the queue, `count_end` notes how it ended.
//! When a run is due is decided elsewhere (`model::due`); `due_at` only keeps the answer.

mod due;
mod edit;
mod number;
mod read;
mod run;
mod stream;

pub use due::{
    Decided, ahead_of_clock, decide_all_again, disable, due, next_due, set_due, undecided,
};
pub use edit::{NewSync, SyncChange, change, create, delete};
pub use number::{NumberedSync, by_number, count_of, list_numbered, number, set_form};
pub use read::{SyncFilter, get, list};
pub(super) use run::{RunEnd, count_end};
pub use run::{Start, start};
pub use stream::{Hold, hold, new_stream, release, set_cursor};

#[cfg(test)]
mod tests;
