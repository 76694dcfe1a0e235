//! Rows that came late: with the value that a read goes on from, at or before its place. The server counts them and adds
//! up a hash of their keys; if it finds something else than has landed, the group is read again, and the host keeps what
//! it does not have.

use crate::bindings::{Batch, Cursor, Error, Page, RowStream, Value};
use crate::kind::Kind;
use crate::position::Position;
use crate::read::Read;
use crate::sql::Bound;

/// The check of one resumed read, before its other pages.
pub struct Boundary {
    resumed: Cursor,
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
    seen: u64,
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
        let landed = resumed.landed?;
        if matches!(resumed.value, Value::Null) || unique && landed > 0 {
            return None;
        }
        Some(Self {
            resumed: resumed.clone(),
            state: State::Unchecked,
        })
    }

    /// Whether the rows with the value, wherever in its group, are those that have landed.
    pub fn is_whole<K: Kind>(&self, read: &Read<K>) -> Result<bool, Error> {
        // Without a digest one row may have gone from before the place and another come behind it.
        if self.resumed.digest.is_none() && !self.resumed.tie.is_empty() {
            return Ok(false);
        }
        let (rows, digest) = read.group(&self.resumed.value, &[])?;
        Ok(self.has_landed(rows, &digest))
    }

    fn has_landed(&self, rows: u64, digest: &Option<String>) -> bool {
        let is_known = self.resumed.digest.is_none() || self.resumed.digest == *digest;
        self.resumed.landed == Some(rows) && is_known
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
            group.seen += u64::from(batch.len());
            group.empty = Some(batch.slice(0, 0)?);
            self.state = State::Reading(group);
            return Ok(Some(page(batch, None)));
        }
        let cursor = Cursor {
            landed: Some(group.seen),
            digest: None,
            ..self.resumed.clone()
        };
        position.landed.set(cursor.value.clone(), group.seen);
        Ok(group.empty.map(|empty| page(empty, Some(cursor))))
    }

    /// The group, if it has to be read again.
    fn check<K: Kind>(&self, read: &Read<K>) -> Result<Option<Group>, Error> {
        let (rows, digest) = read.group(&self.resumed.value, &self.resumed.tie)?;
        if rows == 0 || self.has_landed(rows, &digest) {
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
            seen: 0,
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
            Some(last) if batch.len() == max_rows => {
                Rows::Behind(read.cursor(&batch, last, None)?.tie)
            }
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
