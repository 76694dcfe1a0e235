//! How far a read may go that another goes on from: to the end. SQLite has one writer at a time, and what it writes is seen
//! when it commits: a key that is given out while writing is never seen before a smaller one.

use plugin_sdk::bindings::Error;
use plugin_sdk::kind::{self, Settled};
use plugin_sdk::read::Read;

use crate::sql::Sqlite;

pub struct Watermark;

impl kind::Watermark<Sqlite> for Watermark {
    fn step(&mut self, _: &Read<Sqlite>) -> Result<Settled, Error> {
        Ok(Settled::Everything)
    }

    fn warnings(&self) -> &[String] {
        &[]
    }
}
