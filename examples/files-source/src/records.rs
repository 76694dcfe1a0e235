//! One file from an offset on, record by record. Blank lines are passed over; a record is at most as long as memory bears.

use std::collections::BTreeSet;

use plugin_sdk::prelude::*;

use crate::csv::{Field, Record, Split};
use crate::json;
use crate::place::line_of;
use crate::table::{DataFile, Format};
use crate::value_type::Cell;

/// What is asked of the host at once.
const CHUNK_BYTES: usize = 256 * 1024;
/// A longer record is a mistake, such as a quote that nothing closes.
const MAX_RECORD_BYTES: usize = 1024 * 1024;
const BOM: &[u8] = "\u{feff}".as_bytes();

/// What the last line of a file is while it has no line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastLine {
    /// It is as long as it will be.
    IsWhole,
    /// It is still being written: left to a later read.
    MayGrow,
}

/// An open file, and where in it a record ended last.
pub struct Records {
    pub path: String,
    file: File,
    format: Format,
    last_line: LastLine,
    /// Records that begin here or later are left to a later read.
    end: u64,
    /// The file's bytes from `start` on, of which those before `at` were taken.
    buffer: Vec<u8>,
    start: u64,
    at: usize,
    is_at_end: bool,
    /// Names of the columns of CSV.
    header: Vec<String>,
    record: Record,
    /// What is left behind the last line break, if that may grow.
    pub is_unfinished: bool,
}

impl Records {
    /// At the first record that begins at the offset or behind it.
    pub fn open(
        folder: &Folder,
        data: &DataFile,
        offset: u64,
        last_line: LastLine,
    ) -> Result<Self, Error> {
        let file = folder.open(&data.path).map_err(|error| match error.kind {
            // It was listed just now: the next attempt will not see it.
            ErrorKind::NotFound => Error {
                kind: ErrorKind::Unavailable,
                ..error
            },
            _ => error,
        })?;
        let mut records = Self {
            path: data.path.clone(),
            file,
            format: data.format,
            last_line,
            end: data.size,
            buffer: Vec::new(),
            start: 0,
            at: 0,
            is_at_end: false,
            header: Vec::new(),
            record: Record::default(),
            is_unfinished: false,
        };
        records.skip_mark()?;
        if data.format == Format::Csv {
            records.take_header()?;
        }
        if offset > records.offset() {
            (records.start, records.at) = (offset, 0);
            records.buffer.clear();
            records.is_at_end = false;
        }
        Ok(records)
    }

    /// Where the next record begins, or blank lines before it.
    pub fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The names of the columns, where the file begins with them.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The offset of the next record, whose values `take` is given by name; none after the last.
    pub fn next(
        &mut self,
        mut take: impl FnMut(&str, Cell<'_>) -> Result<(), Error>,
    ) -> Result<Option<u64>, Error> {
        let length = self.split()?;
        let offset = self.offset();
        let Some(length) = length else {
            return Ok(None);
        };
        let taken = match self.format {
            Format::Csv => self.fields(&mut take),
            Format::Ndjson => self.members(length, &mut take),
        };
        taken.map_err(|error| self.located(offset, error))?;
        self.at += length;
        Ok(Some(offset))
    }

    /// Whether a record can begin at this offset.
    pub fn begins_line(&self, offset: u64) -> Result<bool, Error> {
        Ok(offset == 0 || self.file.read(offset - 1, 1)? == b"\n")
    }

    /// The bytes before an offset, up to so many.
    pub fn before(&self, offset: u64, most: u32) -> Result<Vec<u8>, Error> {
        let length = offset.min(most.into());
        self.file.read(offset - length, length as u32)
    }

    fn fields(
        &self,
        take: &mut impl FnMut(&str, Cell<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let text = self.record.text().ok_or_else(not_utf8)?;
        let fields = self.record.fields();
        if fields.len() != self.header.len() {
            let (found, named) = (fields.len(), self.header.len());
            let message = format!("the line has {found} fields where the header names {named}");
            return Err(error(ErrorKind::Conversion, message));
        }
        for (name, field) in self.header.iter().zip(fields) {
            let value = field.of(text);
            if !value.is_empty() || field.is_quoted {
                take(name, Cell::Field(value))?;
            }
        }
        Ok(())
    }

    fn members(
        &self,
        length: usize,
        take: &mut impl FnMut(&str, Cell<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = &self.buffer[self.at..self.at + length];
        let line = std::str::from_utf8(line).map_err(|_| not_utf8())?;
        let members = json::members(line.trim_ascii());
        let members = members.map_err(|problem| error(ErrorKind::Conversion, problem))?;
        for (name, raw) in &members.0 {
            if *raw != "null" {
                take(name, Cell::Json(raw))?;
            }
        }
        Ok(())
    }

    /// The names of a file of CSV; none in one that has no whole line yet.
    fn take_header(&mut self) -> Result<(), Error> {
        let Some(length) = self.split()? else {
            return Ok(());
        };
        let names = self.record.text().ok_or_else(not_utf8);
        let fields = self.record.fields().iter();
        let names = names.map(|text| fields.map(|field: &Field| field.of(text).to_owned()));
        let names: Vec<String> = names
            .map_err(|error| self.located(self.offset(), error))?
            .collect();
        let mut seen = BTreeSet::new();
        let twice = names.iter().position(|name| !seen.insert(name));
        if let Some(at) = twice.or_else(|| names.iter().position(String::is_empty)) {
            let message = format!(
                "the header names column {} \"{}\": each needs a name of its own",
                at + 1,
                names[at]
            );
            return Err(self.located(self.offset(), error(ErrorKind::Conversion, message)));
        }
        self.header = names;
        self.at += length;
        Ok(())
    }

    /// The length of the next record; none after the last.
    fn split(&mut self) -> Result<Option<usize>, Error> {
        loop {
            self.skip_blank_lines();
            if self.offset() >= self.end {
                return Ok(None);
            }
            let is_all = self.is_at_end && self.last_line == LastLine::IsWhole;
            let rest = &self.buffer[self.at..];
            let split = match self.format {
                _ if rest.is_empty() => Split::Unfinished,
                Format::Csv => self.record.split(rest, is_all),
                Format::Ndjson => line(rest, is_all),
            };
            let is_long = rest.len() > MAX_RECORD_BYTES;
            match split {
                Split::Record(length) => return Ok(Some(length)),
                Split::Malformed(problem) => {
                    return Err(self.located(self.offset(), error(ErrorKind::Conversion, problem)));
                }
                Split::Unfinished if is_long => {
                    let message = format!(
                        "the record that begins here has more than {MAX_RECORD_BYTES} bytes: is a quote not closed?"
                    );
                    return Err(self.located(self.offset(), error(ErrorKind::Conversion, message)));
                }
                Split::Unfinished if self.is_at_end => {
                    self.is_unfinished = !rest.is_empty();
                    return Ok(None);
                }
                Split::Unfinished => self.fill()?,
            }
        }
    }

    fn skip_blank_lines(&mut self) {
        loop {
            match &self.buffer[self.at..] {
                [b'\n', ..] => self.at += 1,
                [b'\r', b'\n', ..] => self.at += 2,
                _ => return,
            }
        }
    }

    /// Some more bytes behind those that were not taken yet.
    fn fill(&mut self) -> Result<(), Error> {
        self.buffer.drain(..self.at);
        self.start += self.at as u64;
        self.at = 0;
        let from = self.start + self.buffer.len() as u64;
        let more = self.file.read(from, CHUNK_BYTES as u32)?;
        self.is_at_end = more.len() < CHUNK_BYTES;
        self.buffer.extend_from_slice(&more);
        Ok(())
    }

    /// The mark that some programs begin a text with.
    fn skip_mark(&mut self) -> Result<(), Error> {
        self.fill()?;
        if self.buffer.starts_with(BOM) {
            self.at = BOM.len();
        }
        if self.buffer.starts_with(b"\xff\xfe") || self.buffer.starts_with(b"\xfe\xff") {
            return Err(self.located(
                0,
                error(
                    ErrorKind::Conversion,
                    "the file is UTF-16: convert it to UTF-8",
                ),
            ));
        }
        Ok(())
    }

    /// Says where an error was met.
    fn located(&self, offset: u64, error: Error) -> Error {
        let place = match line_of(&self.file, offset) {
            Some(line) => format!("line {line}"),
            None => format!("byte {offset}"),
        };
        about(&format!("{}, {place}", self.path), error)
    }
}

/// A line of NDJSON.
fn line(input: &[u8], is_all: bool) -> Split {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => Split::Record(at + 1),
        None if is_all => Split::Record(input.len()),
        None => Split::Unfinished,
    }
}

fn not_utf8() -> Error {
    error(
        ErrorKind::Conversion,
        "the line is not UTF-8: convert the file",
    )
}
