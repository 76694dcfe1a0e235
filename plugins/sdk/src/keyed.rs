//! Pages of a table whose rows can be told apart: each page is behind the last row of the one before,
//! and every page ends at a position. Paced: a statement a page. Else one statement for many pages.

use crate::bindings::{Batch, Error, Page, RowStream};
use crate::kind::Kind;
use crate::position::Position;
use crate::read::Read;
use crate::sql::{Bound, Pass};

/// Rows of one streamed statement: few enough that no snapshot is held for hours, and enough that
/// finding the place again costs nothing.
pub const SPAN: u64 = 1_000_000;
/// At least, so that large pages are streamed as well.
const SPAN_PAGES: u64 = 100;

/// Pages that one statement of a paced read holds where no index serves the order: each of them sorts the table.
pub const PAGES_OF_A_SORT: u32 = 10;

pub struct Keyed {
    span: Option<Span>,
    /// Rows that were fetched and not handed over.
    waiting: Option<Batch>,
    /// Whether what was fetched last ends the pass.
    is_last: bool,
    position: Position,
}

struct Span {
    stream: RowStream,
    left: u64,
}

impl Keyed {
    pub fn new(position: Position) -> Self {
        Self {
            span: None,
            waiting: None,
            is_last: false,
            position,
        }
    }

    pub fn position(&mut self) -> &mut Position {
        &mut self.position
    }

    /// The next page; none after the last.
    pub fn next<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Page>, Error> {
        while self.position.pass.is_some() {
            let page = if read.paced {
                self.fetch(read, max_rows)?
            } else {
                self.pull(read, max_rows)?
            };
            if page.is_some() {
                return Ok(page);
            }
        }
        Ok(None)
    }

    fn fetch<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Page>, Error> {
        let batch = match self.waiting.take() {
            Some(batch) => batch,
            None => self.fetch_some(read, max_rows)?,
        };
        let page = if batch.len() > max_rows {
            self.waiting = Some(batch.slice(max_rows, batch.len() - max_rows)?);
            self.page(read, batch.slice(0, max_rows)?)?
        } else {
            self.page(read, batch)?
        };
        if self.waiting.is_none() && self.is_last {
            self.position.end_pass();
        }
        Ok(page)
    }

    fn fetch_some<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Batch, Error> {
        let rows = if read.ordered {
            max_rows
        } else {
            max_rows.saturating_mul(PAGES_OF_A_SORT)
        };
        let batch = read.fetch(&self.position, Bound::Rows(rows.into()))?;
        // One statement, one snapshot: fewer rows than asked for are the last of the pass.
        self.is_last = batch.len() < rows;
        Ok(batch)
    }

    fn pull<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Page>, Error> {
        let mut span = match self.span.take() {
            Some(span) => span,
            None => {
                let left = SPAN.max(SPAN_PAGES * u64::from(max_rows));
                // Where each statement sorts the table there is only one.
                let (bound, left) = match read.ordered {
                    true => (Bound::Rows(left), left),
                    false => (Bound::All, u64::MAX),
                };
                Span {
                    stream: read.open(&self.position, bound)?,
                    left,
                }
            }
        };
        // Always to the confirmed end: a stream dropped before it would take the connection with it.
        let Some(batch) = read.pull(&span.stream, max_rows)? else {
            // A span that was used up is followed by another, behind the last page.
            if span.left > 0 {
                self.position.end_pass();
            }
            return Ok(None);
        };
        span.left = span.left.saturating_sub(batch.len().into());
        self.span = Some(span);
        self.page(read, batch)
    }

    fn page<K: Kind>(&mut self, read: &Read<K>, batch: Batch) -> Result<Option<Page>, Error> {
        let Some(last) = batch.len().checked_sub(1) else {
            return Ok(None);
        };
        if self.position.pass == Some(Pass::Values) {
            read.note(&mut self.position.landed, &batch)?;
        }
        let mut cursor = read.cursor(&batch, last)?;
        self.position.landed.mark(&mut cursor);
        self.position.move_to(&cursor);
        Ok(Some(Page {
            batch,
            cursor: Some(cursor),
            boundary: false,
        }))
    }
}
