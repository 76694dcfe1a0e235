//! The exported reader: rows of file after file, in the order of their paths. Keeps nothing that a new one, opened from the
//! last page's cursor, would not find by itself.

use std::cell::RefCell;
use std::collections::HashMap;

use plugin_sdk::prelude::*;

use crate::place::Place;
use crate::progress::{Mark, POSITION, Progress, TAIL_BYTES, tail};
use crate::records::{LastLine, Records};
use crate::resume::{left_out, passed_over, replaced, resumed, unread};
use crate::schema::Schema;
use crate::table::{DataFile, Table};
use crate::value_type::{Cell, ValueType};

/// A page ends here even if it has fewer rows than asked for: a guest's memory is small.
const PAGE_BYTES: u64 = 4 * 1024 * 1024;

pub struct FilesReader {
    warnings: Vec<String>,
    state: RefCell<State>,
}

struct State {
    // Before the folder: files end before what they are in.
    current: Option<Records>,
    /// What is left, the next one last.
    files: Vec<DataFile>,
    folder: Folder,
    last_line: LastLine,
    progress: Progress,
    /// The greatest place that was read.
    greatest: Option<Place>,
    rows: BatchBuilder,
    /// Place and type of each column that is announced, and none of one that is not asked for.
    slots: HashMap<String, Option<(usize, ValueType)>>,
    position: usize,
    types_file: String,
    warnings: Vec<String>,
}

impl GuestReader for FilesReader {
    fn open(connection: Connection, request: Request) -> Result<Reader, Error> {
        log_panics();
        if request.query.is_some() {
            let message = "files answer no queries: read the table, and query it where it lands";
            return Err(error(ErrorKind::Unsupported, message));
        }
        let folder = connection.files()?;
        let (listed, schema) = (folder.list()?, request.schema.as_deref());
        let resume = request.resume.as_ref();
        let table = match resume.and_then(|resume| resume.digest.as_ref()) {
            Some(_) => Table::now(&listed, schema, &request.table)?,
            None => Table::find(&listed, schema, &request.table)?,
        };
        let last_line = match request.hints.continued {
            true => LastLine::MayGrow,
            false => LastLine::IsWhole,
        };
        let (mut progress, greatest) = resumed(&folder, &table, resume, last_line)?;
        let schema = Schema::find(&folder, &table, &progress, last_line)?;
        by_position(&request.cursor_column, &schema)?;
        progress.types = schema.types();
        let columns = schema.pick(&request.columns)?;
        let slots = schema.columns().into_iter().filter_map(|column| {
            let value_type = schema.type_of(&column.name)?;
            let place = columns.iter().position(|picked| picked.name == column.name);
            Some((column.name, place.map(|place| (place, value_type))))
        });
        let position = columns.iter().position(|column| column.name == POSITION);
        let state = State {
            current: None,
            files: unread(&table, &progress)?,
            folder,
            last_line,
            warnings: left_out(&table, &progress).into_iter().collect(),
            progress,
            greatest,
            slots: slots.collect(),
            position: position.unwrap_or_default(),
            types_file: schema.types_file.clone(),
            rows: BatchBuilder::new(columns)?,
        };
        Ok(Reader::new(Self {
            warnings: passed_over(&table).into_iter().collect(),
            state: RefCell::new(state),
        }))
    }

    fn columns(&self) -> Vec<Column> {
        self.state.borrow().rows.columns().to_vec()
    }

    fn key(&self) -> Vec<u32> {
        vec![self.state.borrow().position as u32]
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    fn next(&self, max_rows: u32) -> Result<Step, Error> {
        self.state.borrow_mut().next(max_rows.max(1))
    }
}

impl State {
    fn next(&mut self, max_rows: u32) -> Result<Step, Error> {
        let mut bytes = 0;
        while self.rows.rows() < max_rows && bytes < PAGE_BYTES {
            if self.current.is_none() && !self.next_file()? {
                break;
            }
            match self.add_row()? {
                Some(length) => bytes += length,
                None => self.end_file()?,
            }
        }
        if self.rows.rows() == 0 {
            return Ok(Step::Done(Done {
                warnings: std::mem::take(&mut self.warnings),
            }));
        }
        if let Some(records) = &self.current {
            let mark = mark(records)?;
            self.progress.files.insert(records.path.clone(), mark);
        }
        let greatest = self.greatest.as_ref().map_or_else(String::new, Place::text);
        let cursor = Cursor {
            digest: Some(self.progress.digest()?),
            ..cursor::at(Value::Text(greatest))
        };
        Ok(Step::Rows(Page {
            batch: self.rows.finish()?,
            cursor: Some(cursor),
            boundary: false,
        }))
    }

    fn next_file(&mut self) -> Result<bool, Error> {
        let Some(data) = self.files.pop() else {
            return Ok(false);
        };
        let read = self.progress.files.get(&data.path);
        let offset = read.map_or(0, |mark| mark.bytes);
        let records = Records::open(&self.folder, &data, offset, self.last_line)?;
        if let Some(Mark {
            tail: Some(known),
            bytes,
        }) = read
            && tail(&records.before(*bytes, TAIL_BYTES)?) != *known
        {
            return Err(replaced(
                &data.path,
                "has other content before the byte up to which it was read",
            ));
        }
        self.current = Some(records);
        Ok(true)
    }

    /// The bytes of the next row; none after the file's last.
    fn add_row(&mut self) -> Result<Option<u64>, Error> {
        let Self {
            current: Some(records),
            rows,
            slots,
            types_file,
            ..
        } = self
        else {
            return Ok(None);
        };
        let next = records.next(|name, cell| add(rows, slots, types_file, name, cell));
        let Some(offset) = next? else {
            return Ok(None);
        };
        let place = Place {
            path: records.path.clone(),
            offset,
        };
        let length = records.offset() - offset;
        let misfit = |_: Misfit| error(ErrorKind::Other, "the position is a text");
        rows.column(self.position)
            .text(&place.text())
            .map_err(misfit)?;
        rows.end_row()?;
        if self
            .greatest
            .as_ref()
            .is_none_or(|greatest| *greatest < place)
        {
            self.greatest = Some(place);
        }
        Ok(Some(length))
    }

    fn end_file(&mut self) -> Result<(), Error> {
        let Some(records) = self.current.take() else {
            return Ok(());
        };
        self.progress
            .files
            .insert(records.path.clone(), mark(&records)?);
        if records.is_unfinished {
            let path = &records.path;
            self.warnings.push(format!(
                "the last line of {path} has no line break yet: it is read when it has one"
            ));
        }
        Ok(())
    }
}

fn add(
    rows: &mut BatchBuilder,
    slots: &HashMap<String, Option<(usize, ValueType)>>,
    types_file: &str,
    name: &str,
    cell: Cell<'_>,
) -> Result<(), Error> {
    let slot = slots.get(name).ok_or_else(|| {
        let message = format!(
            "column \"{name}\" was not in the files, or the parts of them, that were looked at first: write its type into \
             {types_file}, like {{\"{name}\": \"text\"}}"
        );
        column_error(ErrorKind::Conversion, name, message)
    })?;
    let Some((place, value_type)) = *slot else {
        return Ok(());
    };
    if rows.has(place) {
        let message = format!("column \"{name}\" has two values");
        return Err(column_error(ErrorKind::Conversion, name, message));
    }
    value_type.add(cell, rows.column(place)).map_err(|Misfit| {
        let message = format!(
            "column \"{name}\" holds a value that is not {}, which is its type: write one that holds all its values into \
             {types_file}, like {{\"{name}\": \"text\"}}, and reset the sync",
            value_type.word()
        );
        column_error(ErrorKind::Conversion, name, message)
    })
}

/// Rows have one order only.
fn by_position(column: &str, schema: &Schema) -> Result<(), Error> {
    if column == POSITION {
        return Ok(());
    }
    // One that is not there is told so.
    schema.pick(&[column.to_owned()])?;
    let message = format!(
        "files are read by the place in them: the cursor column is {POSITION}, not \"{column}\""
    );
    Err(column_error(ErrorKind::InvalidRequest, column, message))
}

fn mark(records: &Records) -> Result<Mark, Error> {
    let bytes = records.offset();
    Ok(Mark {
        bytes,
        tail: Some(tail(&records.before(bytes, TAIL_BYTES)?)),
    })
}
