//! Rows that came late: with the value that a read goes on from, at or before its place. The server counts the rows and
//! adds up hashes of their keys; if it finds others than were read, the group is read again, and the host keeps what it
//! does not have.

use crate::bindings::{Batch, Cursor, Error, Page, RowStream, Value};
use crate::kind::Kind;
use crate::landed::Tally;
use crate::position::Position;
use crate::read::Read;
use crate::sql::Bound;

/// The check of one resumed read, before its other pages.
pub struct Boundary {
    resumed: Cursor,
    landed: Tally,
    state: State,
}

enum State {
    Unchecked,
    Reading(Group),
    Over,
}

/// The group on its way out.
struct Group {
    rows: Rows,
    seen: Tally,
    /// No rows, in the form of the pages.
    empty: Option<Batch>,
}

enum Rows {
    /// In one statement.
    Stream(RowStream),
    /// In a statement a page, each behind a key.
    Behind(Vec<Value>),
    AtEnd,
}

impl Boundary {
    /// None if nothing can have come late: nobody counted, or the value belongs to one row, which has landed.
    pub fn of(resumed: &Cursor, unique: bool) -> Option<Self> {
        let landed = Tally::of(resumed)?;
        if matches!(resumed.value, Value::Null) || unique && landed.rows > 0 {
            return None;
        }
        Some(Self {
            resumed: resumed.clone(),
            landed,
            state: State::Unchecked,
        })
    }

    /// Whether the rows with the value, wherever in its group, are those that have landed.
    pub fn is_whole<K: Kind>(&self, read: &Read<K>) -> Result<bool, Error> {
        let found = read.group(&self.resumed.value, &[])?;
        // By number alone one may have gone from before the place and another come behind it.
        let tells = found.digest.is_some() || self.resumed.tie.is_empty();
        Ok(tells && found == self.landed)
    }

    /// The next page; none after the last. That one has no rows, but says where the read stands now.
    pub fn next<K: Kind>(
        &mut self,
        read: &Read<K>,
        position: &mut Position,
        max_rows: u32,
    ) -> Result<Option<Page>, Error> {
        let group = match std::mem::replace(&mut self.state, State::Over) {
            State::Over => None,
            State::Unchecked => self.check(read)?,
            State::Reading(group) => Some(group),
        };
        let Some(mut group) = group else {
            return Ok(None);
        };
        if let Some(batch) = group.pull(read, &self.resumed, max_rows)? {
            group.seen.add(read.tally(&batch, 0)?);
            group.empty = Some(batch.slice(0, 0)?);
            self.state = State::Reading(group);
            return Ok(Some(page(batch, None)));
        }
        let mut cursor = self.resumed.clone();
        position.landed.set(cursor.value.clone(), group.seen);
        position.landed.mark(&mut cursor);
        Ok(group.empty.map(|empty| page(empty, Some(cursor))))
    }

    /// The group, if it has to be read again.
    fn check<K: Kind>(&self, read: &Read<K>) -> Result<Option<Group>, Error> {
        let found = read.group(&self.resumed.value, &self.resumed.tie)?;
        if found.rows == 0 || found == self.landed {
            return Ok(None);
        }
        let by_page = read.paced && !read.table.key.is_empty();
        let rows = if by_page {
            Rows::Behind(Vec::new())
        } else {
            let sql = read.table.group(self.resumed.tie.len(), 0, Bound::All);
            Rows::Stream(read.open_statement(sql, parameters(&self.resumed))?)
        };
        Ok(Some(Group {
            rows,
            seen: Tally::default(),
            empty: None,
        }))
    }
}

impl Group {
    fn pull<K: Kind>(
        &mut self,
        read: &Read<K>,
        resumed: &Cursor,
        max_rows: u32,
    ) -> Result<Option<Batch>, Error> {
        let behind = match &self.rows {
            Rows::AtEnd => return Ok(None),
            Rows::Stream(stream) => return read.pull(stream, max_rows),
            Rows::Behind(key) => key,
        };
        let bound = Bound::Rows(max_rows.into());
        let sql = read.table.group(resumed.tie.len(), behind.len(), bound);
        let mut params = parameters(resumed);
        params.extend(behind.iter().cloned());
        let batch = read.fetch_statement(sql, params)?;
        self.rows = match batch.len().checked_sub(1) {
            Some(last) if batch.len() == max_rows => Rows::Behind(read.cursor(&batch, last)?.tie),
            _ => Rows::AtEnd,
        };
        Ok((batch.len() > 0).then_some(batch))
    }
}

fn parameters(resumed: &Cursor) -> Vec<Value> {
    std::iter::once(&resumed.value)
        .chain(&resumed.tie)
        .cloned()
        .collect()
}

fn page(batch: Batch, cursor: Option<Cursor>) -> Page {
    Page {
        batch,
        cursor,
        boundary: true,
    }
}
