//! One read of one file: pages of lines, each page with the position of its last line.
//!
//! The host may drop this after any page and open another one from that page's cursor, today or in a year. So a cursor
//! has to say everything: here it is the offset of a line, and what comes next is the line behind it.

use std::cell::{Cell, RefCell};

use plugin_sdk::prelude::*;

use crate::lines::{Line, split};
use crate::{LINE, OFFSET, columns, open};

/// What is read at once: a page ends here even if it may have more rows, and a line may not be longer.
const CHUNK_BYTES: u32 = 256 * 1024;

pub struct Lines {
    file: File,
    /// Where the next line begins.
    position: Cell<u64>,
    /// Another read goes on where this one ends: a line that is still being written is left to it.
    continued: bool,
    rows: RefCell<BatchBuilder>,
}

impl GuestReader for Lines {
    fn open(connection: Connection, request: Request) -> Result<Reader, Error> {
        log_panics();
        if request.query.is_some() {
            let message = "files cannot be asked by a query: name a table";
            return Err(error(ErrorKind::Unsupported, message));
        }
        let file = open(&connection, &request.table)?;
        if request.cursor_column != OFFSET {
            known(&request.cursor_column)?;
            let message =
                format!("lines are in the order of \"{OFFSET}\": use it as the cursor column");
            return Err(column_error(
                ErrorKind::InvalidRequest,
                &request.cursor_column,
                message,
            ));
        }
        let position = match &request.resume {
            None => 0,
            Some(cursor) => behind(&file, cursor)?,
        };
        Ok(Reader::new(Self {
            file,
            position: Cell::new(position),
            continued: request.hints.continued,
            rows: RefCell::new(BatchBuilder::new(selected(&request.columns)?)?),
        }))
    }

    /// What every batch has, in this order.
    fn columns(&self) -> Vec<Column> {
        self.rows.borrow().columns().to_vec()
    }

    /// What tells rows apart: with it the host never lands a row twice.
    fn key(&self) -> Vec<u32> {
        let rows = self.rows.borrow();
        let key = rows
            .columns()
            .iter()
            .position(|column| column.name == OFFSET);
        key.into_iter().map(|position| position as u32).collect()
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// The next page, of at most `max_rows` rows, or the end. A source that is not ready says `Step::Wait`.
    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        let start = self.position.get();
        let bytes = self.file.read(start, CHUNK_BYTES)?;
        let is_end = bytes.len() < CHUNK_BYTES as usize;
        let page = split(&bytes, max_rows.max(1) as usize, is_end && !self.continued);
        let Some(last) = page.last() else {
            if !is_end {
                let message = format!("the line at byte {start} has more than {CHUNK_BYTES} bytes");
                return Err(column_error(ErrorKind::LimitExceeded, LINE, message));
            }
            // What a read leaves to the next one, it says.
            let held_back = (!bytes.is_empty()).then(|| {
                format!(
                    "the line at byte {start} has no line break yet, and is left to the next read"
                )
            });
            return Ok(Step::Done(Done {
                warnings: held_back.into_iter().collect(),
            }));
        };
        let batch = self.batch(&page)?;
        let cursor = cursor::at(Value::Int(self.offset(last)));
        self.position.set(start + last.end as u64);
        Ok(Step::Rows(Page {
            batch,
            cursor: Some(cursor),
            // True only for rows that came late at the position that was resumed from: no line does.
            boundary: false,
        }))
    }
}

impl Lines {
    fn offset(&self, line: &Line<'_>) -> i64 {
        (self.position.get() + line.start as u64) as i64
    }

    /// Called before the position moves.
    fn batch(&self, page: &[Line<'_>]) -> Result<Batch, Error> {
        let mut rows = self.rows.borrow_mut();
        let names: Vec<String> = rows
            .columns()
            .iter()
            .map(|column| column.name.clone())
            .collect();
        for line in page {
            let text = std::str::from_utf8(line.text).map_err(|_| {
                let message = format!("the line at byte {} is not UTF-8", self.offset(line));
                column_error(ErrorKind::Conversion, LINE, message)
            })?;
            for (index, name) in names.iter().enumerate() {
                let column = rows.column(index);
                let added = match name.as_str() {
                    OFFSET => column.int(self.offset(line)),
                    _ => column.text(text),
                };
                added.map_err(|Misfit| {
                    column_error(ErrorKind::Conversion, name, "a value does not fit")
                })?;
            }
            rows.end_row()?;
        }
        rows.finish()
    }
}

/// Where the line behind a cursor begins. What a client gives as a cursor may be anything: check it.
fn behind(file: &File, cursor: &Cursor) -> Result<u64, Error> {
    let offset = cursor::int(cursor, OFFSET)?;
    let size = file.size()?;
    let start = u64::try_from(offset)
        .ok()
        .filter(|start| *start <= size)
        .ok_or_else(|| {
            invalid_cursor(
                OFFSET,
                format!("the file has {size} bytes: a cursor is the place of a line in it"),
            )
        })?;
    if cursor::is_start(cursor) {
        return Ok(start);
    }
    let bytes = file.read(start, CHUNK_BYTES)?;
    let line = split(&bytes, 1, true);
    Ok(start + line.first().map_or(0, |line| line.end) as u64)
}

/// The columns that are asked for, all if none is named, and always the cursor column.
fn selected(names: &[String]) -> Result<Vec<Column>, Error> {
    for name in names {
        known(name)?;
    }
    let is_selected =
        |column: &Column| names.is_empty() || column.name == OFFSET || names.contains(&column.name);
    Ok(columns().into_iter().filter(is_selected).collect())
}

fn known(name: &str) -> Result<(), Error> {
    if columns().iter().any(|column| column.name == name) {
        return Ok(());
    }
    let message = format!("there is no column \"{name}\": there are \"{OFFSET}\" and \"{LINE}\"");
    Err(column_error(ErrorKind::NotFound, name, message))
}
