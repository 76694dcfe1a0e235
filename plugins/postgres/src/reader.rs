//! The exported reader: opens a read and answers its pages. Keeps nothing that a new one, opened from the
//! last page's cursor, would not find by itself.

use std::cell::RefCell;

use crate::bindings::{Column, Connection, Done, Error, GuestReader, Page, Reader, Request, Step};
use crate::keyed::Keyed;
use crate::keyless::Keyless;
use crate::open::{Opened, open};
use crate::read::Read;
use crate::sql::identifier;

pub struct TableReader {
    columns: Vec<Column>,
    state: RefCell<State>,
}

struct State {
    // Before the connection: streams end before what they run on.
    pages: Pages,
    read: Read,
    skips_nulls: bool,
}

enum Pages {
    Keyed(Keyed),
    Keyless(Keyless),
}

impl GuestReader for TableReader {
    fn open(connection: Connection, request: Request) -> Result<Reader, Error> {
        crate::log::panics();
        let Opened {
            read,
            position,
            columns,
            keyed,
            exact,
            skips_nulls,
        } = open(connection, &request)?;
        let pages = if keyed {
            Pages::Keyed(Keyed::new(position))
        } else {
            Pages::Keyless(Keyless::new(position, exact))
        };
        let state = RefCell::new(State {
            pages,
            read,
            skips_nulls,
        });
        Ok(Reader::new(Self { columns, state }))
    }

    fn columns(&self) -> Vec<Column> {
        self.columns.clone()
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        let mut state = self.state.borrow_mut();
        Ok(match state.next(max_rows.max(1))? {
            Some(page) => Step::Rows(page),
            None => Step::Done(Done {
                warnings: state.warnings(),
            }),
        })
    }
}

impl State {
    fn next(&mut self, max_rows: u32) -> Result<Option<Page>, Error> {
        match &mut self.pages {
            Pages::Keyed(pages) => pages.next(&self.read, max_rows),
            Pages::Keyless(pages) => pages.next(&self.read, max_rows),
        }
    }

    fn warnings(&self) -> Vec<String> {
        if !self.skips_nulls {
            return Vec::new();
        }
        let column = identifier(&self.read.table.cursor.column);
        match self.read.count_nulls() {
            Ok(0) => Vec::new(),
            Ok(rows) => {
                vec![format!(
                    "{rows} rows have no value in {column} and are not part of a resumed read"
                )]
            }
            // Every row of the read has been answered: that must not fail now.
            Err(error) => vec![format!(
                "rows without a value in {column} are not part of a resumed read, and could not be counted: {}",
                error.message
            )],
        }
    }
}
