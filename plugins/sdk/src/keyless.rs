//! Pages of a table that has no key. Rows with an equal cursor value cannot be told apart, so a position exists
//! only where a value's last row is known to have been read: a page that ends elsewhere carries none. A group is
//! streamed, never collected: two batches wait in here, or a few where no index serves the order.

use std::collections::VecDeque;

use crate::bindings::{Batch, Error, Page, RowStream, Value};
use crate::cursor;
use crate::keyed::{PAGES_OF_A_SORT, SPAN};
use crate::kind::Kind;
use crate::position::{Position, group_start, same};
use crate::read::Read;
use crate::sql::{Bound, Pass};

pub struct Keyless {
    run: Option<Run>,
    position: Position,
    /// Whether the end of a group can be told from the values. If not, only the server knows it, and
    /// says so by the end of a statement that was asked for whole groups.
    exact: bool,
}

/// A running statement and the rows of it that wait.
struct Run {
    /// None: the server has sent everything.
    stream: Option<RowStream>,
    waiting: VecDeque<Batch>,
    /// Rows that a statement with more behind it has at least.
    bound: Option<u64>,
    seen: u64,
}

impl Keyless {
    pub fn new(position: Position, exact: bool) -> Self {
        Self {
            run: None,
            position,
            exact,
        }
    }

    pub fn position(&mut self) -> &mut Position {
        &mut self.position
    }

    /// The next page; none after the last.
    pub fn next<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Page>, Error> {
        while let Some(pass) = self.position.pass {
            let mut run = match self.run.take() {
                Some(run) => run,
                None => self.start(read, pass, max_rows)?,
            };
            let Some(batch) = run.take(read, max_rows)? else {
                self.position.end_pass();
                continue;
            };
            let mut page = self.page(read, pass, &mut run, batch, max_rows)?;
            if pass == Pass::Values {
                read.note(&mut self.position.landed, &page.batch)?;
            }
            if let Some(cursor) = &mut page.cursor {
                self.position.landed.mark(cursor);
                self.position.move_to(cursor);
            }
            if !run.is_over() {
                self.run = Some(run);
            } else if pass == Pass::Values && run.bound.is_none_or(|bound| run.seen < bound) {
                self.position.end_pass();
            }
            return Ok(Some(page));
        }
        Ok(None)
    }

    fn start<K: Kind>(&self, read: &Read<K>, pass: Pass, max_rows: u32) -> Result<Run, Error> {
        let bound = match pass {
            // Nothing orders these, so nothing can be left for another statement.
            Pass::Nulls => None,
            Pass::Values if read.paced && read.ordered => Some(u64::from(max_rows)),
            // Each statement sorts the table: a paced one takes some pages at once.
            Pass::Values if read.paced => Some(u64::from(max_rows.saturating_mul(PAGES_OF_A_SORT))),
            Pass::Values => (!self.exact && read.ordered).then_some(SPAN.max(max_rows.into())),
        };
        let stream = read.open(
            &self.position,
            bound.map_or(Bound::All, Bound::RowsWithTies),
        )?;
        let mut run = Run {
            stream: Some(stream),
            waiting: VecDeque::new(),
            bound,
            seen: 0,
        };
        if read.paced && !read.ordered {
            run.gather(read, max_rows)?;
        }
        Ok(run)
    }

    /// As much of the batch as one page may be: up to the last group if that may go on in what follows.
    fn page<K: Kind>(
        &self,
        read: &Read<K>,
        pass: Pass,
        run: &mut Run,
        batch: Batch,
        max_rows: u32,
    ) -> Result<Page, Error> {
        let last = batch.len() - 1;
        let Some(following) = run.peek(read, max_rows)? else {
            let cursor = match pass {
                Pass::Nulls => cursor::at(Value::Null),
                Pass::Values => read.cursor(&batch, last)?,
            };
            return Ok(Page {
                batch,
                cursor: Some(cursor),
                boundary: false,
            });
        };
        if pass == Pass::Nulls || !self.exact {
            return Ok(Page {
                batch,
                cursor: None,
                boundary: false,
            });
        }
        let group = read.value(&batch, last)?;
        if !same(&group, &read.value(following, 0)?) {
            return Ok(Page {
                batch,
                cursor: Some(cursor::at(group)),
                boundary: false,
            });
        }
        let start = group_start(batch.len(), |row| {
            Ok(same(&group, &read.value(&batch, row)?))
        })?;
        if start == 0 {
            return Ok(Page {
                batch,
                cursor: None,
                boundary: false,
            });
        }
        run.waiting
            .push_front(batch.slice(start, batch.len() - start)?);
        let head = batch.slice(0, start)?;
        let cursor = read.cursor(&head, start - 1)?;
        Ok(Page {
            batch: head,
            cursor: Some(cursor),
            boundary: false,
        })
    }
}

impl Run {
    /// Takes the rows of several pages, so that nothing is open while they are handed over. Only a group that is
    /// larger keeps its statement.
    fn gather<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<(), Error> {
        while self.waiting.len() <= PAGES_OF_A_SORT as usize
            && let Some(batch) = self.pull(read, max_rows)?
        {
            self.waiting.push_back(batch);
        }
        Ok(())
    }

    /// The next rows, at most `max_rows`; none after the last.
    fn take<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Batch>, Error> {
        let Some(batch) = (match self.waiting.pop_front() {
            Some(batch) => Some(batch),
            None => self.pull(read, max_rows)?,
        }) else {
            return Ok(None);
        };
        // It may have been pulled when larger pages were asked for.
        if batch.len() <= max_rows {
            return Ok(Some(batch));
        }
        self.waiting
            .push_front(batch.slice(max_rows, batch.len() - max_rows)?);
        Ok(Some(batch.slice(0, max_rows)?))
    }

    /// The rows behind those that were taken.
    fn peek<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<&Batch>, Error> {
        if self.waiting.is_empty()
            && let Some(batch) = self.pull(read, max_rows)?
        {
            self.waiting.push_back(batch);
        }
        Ok(self.waiting.front())
    }

    /// Drops the stream, and with it the statement, as soon as it has ended.
    fn pull<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Batch>, Error> {
        while let Some(stream) = &self.stream {
            let Some(batch) = read.pull(stream, max_rows)? else {
                self.stream = None;
                break;
            };
            self.seen += u64::from(batch.len());
            if batch.len() > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn is_over(&self) -> bool {
        self.stream.is_none() && self.waiting.is_empty()
    }
}
