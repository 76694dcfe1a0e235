//! The exported reader: opens a read and answers its pages. Keeps nothing that a new one, opened from the
//! last page's cursor, would not find by itself.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::bindings::{Column, Connection, Done, Error, GuestReader, Page, Reader, Request, Step};
use crate::boundary::Boundary;
use crate::keyed::Keyed;
use crate::keyless::Keyless;
use crate::kind::{Kind, Settled, Watermark};
use crate::open::{Opened, open};
use crate::position::Position;
use crate::read::Read;
use crate::sql::Operand;

pub struct TableReader<K: Kind> {
    key: Vec<u32>,
    warnings: Vec<String>,
    state: RefCell<State<K>>,
}

struct State<K: Kind> {
    // Before the connection: streams end before what they run on.
    pages: Pages,
    boundary: Option<Boundary>,
    watermark: Option<K::Watermark>,
    is_settled: bool,
    read: Read<K>,
    skips_nulls: bool,
    /// What every batch has.
    columns: Vec<Column>,
    /// Positions in `columns` of those that were answered with fewer digits than the source has.
    rounded: BTreeSet<u32>,
}

enum Pages {
    Keyed(Keyed),
    Keyless(Keyless),
}

impl<K: Kind> GuestReader for TableReader<K> {
    fn open(connection: Connection, request: Request) -> Result<Reader, Error> {
        crate::log::panics();
        let Opened {
            read,
            position,
            columns,
            key,
            exact,
            skips_nulls,
            watermark,
            warnings,
        } = open::<K>(connection, &request)?;
        let keyed = key.is_some();
        let unique = keyed && read.table.key.is_empty();
        let boundary = request.resume.as_ref();
        let boundary = boundary.and_then(|resumed| Boundary::of(resumed, unique));
        let pages = if keyed {
            Pages::Keyed(Keyed::new(position))
        } else {
            Pages::Keyless(Keyless::new(position, exact))
        };
        let state = RefCell::new(State {
            pages,
            boundary,
            is_settled: watermark.is_none(),
            watermark,
            read,
            skips_nulls,
            columns,
            rounded: BTreeSet::new(),
        });
        Ok(Reader::new(Self {
            key: key.unwrap_or_default(),
            warnings,
            state,
        }))
    }

    fn columns(&self) -> Vec<Column> {
        self.state.borrow().columns.clone()
    }

    fn key(&self) -> Vec<u32> {
        self.key.clone()
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        self.state.borrow_mut().next(max_rows.max(1))
    }
}

impl<K: Kind> State<K> {
    /// First how far it may be read, then what came late, then the rest.
    fn next(&mut self, max_rows: u32) -> Result<Step, Error> {
        if let Some((millis, reason)) = self.settle()? {
            return Ok(Step::Wait((millis, reason)));
        }
        if let Some(page) = self.page(max_rows)? {
            return Ok(Step::Rows(self.landing(page)?));
        }
        Ok(Step::Done(Done {
            warnings: self.warnings(),
        }))
    }

    /// What lands of a page.
    fn landing(&mut self, page: Page) -> Result<Page, Error> {
        let batch = self.read.landing(page.batch)?;
        self.rounded.extend(batch.rounded());
        Ok(Page { batch, ..page })
    }

    fn page(&mut self, max_rows: u32) -> Result<Option<Page>, Error> {
        let position = self.pages.position();
        if let Some(boundary) = &mut self.boundary
            && let Some(page) = boundary.next(&self.read, position, max_rows)?
        {
            return Ok(Some(page));
        }
        self.pages.next(&self.read, max_rows)
    }

    /// A wait, until the watermark is known.
    fn settle(&mut self) -> Result<Option<(u32, String)>, Error> {
        if let (Some(watermark), false) = (&mut self.watermark, self.is_settled) {
            match watermark.step(&self.read)? {
                Settled::Wait(millis, reason) => return Ok(Some((millis, reason))),
                Settled::Until(until) => self.read.until = Some(until),
                Settled::Unmoved => self.look_at_group()?,
                Settled::Everything => {}
                Settled::Nothing => self.pages.position().leave_out_values(),
            }
            self.is_settled = true;
        }
        Ok(None)
    }

    /// Only rows with the value that the read goes on from can be new. Mostly one question tells that none is.
    fn look_at_group(&mut self) -> Result<(), Error> {
        let position = self.pages.position();
        self.read.until = position.known.first().cloned();
        let is_as_it_was = match &self.boundary {
            Some(boundary) => boundary.is_whole(&self.read)?,
            // Behind the value, not behind one of its rows.
            None => position.known.len() == 1,
        };
        if is_as_it_was {
            self.boundary = None;
            position.leave_out_values();
        }
        Ok(())
    }

    fn warnings(&self) -> Vec<String> {
        let watermark = self.watermark.iter();
        let held_back = watermark.flat_map(|watermark| watermark.warnings().to_vec());
        held_back
            .chain(self.null_warning())
            .chain(self.rounded_warning())
            .collect()
    }

    fn rounded_warning(&self) -> Option<String> {
        let names = self.rounded.iter();
        let names = names.filter_map(|column| self.columns.get(*column as usize));
        let names = names
            .map(|column| K::identifier(&column.name))
            .collect::<Vec<_>>();
        (!names.is_empty()).then(|| {
            format!(
                "{} holds values with more digits than microseconds, which have landed rounded down",
                names.join(", ")
            )
        })
    }

    fn null_warning(&self) -> Option<String> {
        if !self.skips_nulls {
            return None;
        }
        let column = K::identifier(self.read.table.cursor.name());
        match self.read.count_nulls() {
            Ok(0) => None,
            Ok(rows) => Some(format!(
                "{rows} rows have no value in {column} and are not part of a resumed read"
            )),
            // Every row of the read has been answered: that must not fail now.
            Err(error) => Some(format!(
                "rows without a value in {column} are not part of a resumed read, and could not be counted: {}",
                error.message
            )),
        }
    }
}

impl Pages {
    fn next<K: Kind>(&mut self, read: &Read<K>, max_rows: u32) -> Result<Option<Page>, Error> {
        match self {
            Self::Keyed(pages) => pages.next(read, max_rows),
            Self::Keyless(pages) => pages.next(read, max_rows),
        }
    }

    fn position(&mut self) -> &mut Position {
        match self {
            Self::Keyed(pages) => pages.position(),
            Self::Keyless(pages) => pages.position(),
        }
    }
}
