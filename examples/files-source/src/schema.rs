//! The columns of a table and their types. They are, in this order of weight: written down in the table's file of types,
//! decided by an earlier read, or told by a bounded sample of what has not been read yet. A value that does not fit later
//! is an error, not a reason to change them.

use std::collections::{BTreeSet, HashMap};

use plugin_sdk::prelude::*;

use crate::declared;
use crate::progress::{POSITION, Progress};
use crate::records::{LastLine, Records};
use crate::table::{DataFile, Table};
use crate::value_type::{Cell, ValueType};

/// Files of which a sample is taken, the first and the last among them.
const SAMPLED_FILES: usize = 200;
/// Of each.
const SAMPLE_BYTES: u64 = 128 * 1024;
const SAMPLE_RECORDS: usize = 1_000;

/// Columns by name, in order. `_position` is not one of them.
#[derive(Debug, Default)]
pub struct Schema {
    columns: Vec<(String, ValueType)>,
    places: HashMap<String, usize>,
    /// Named by files that have no row yet, so that nothing tells their types. They are announced when something does.
    untold: BTreeSet<String>,
    /// Where types can be written down.
    pub types_file: String,
}

impl Schema {
    pub fn find(
        folder: &Folder,
        table: &Table,
        progress: &Progress,
        last_line: LastLine,
    ) -> Result<Self, Error> {
        let declared = declared::types(folder, &table.types_file())?;
        let mut found = Found::default();
        for (name, word) in &progress.types {
            found.add(name, ValueType::of_word(word));
        }
        let known = found.names.len();
        for data in sampled(table, progress) {
            let offset = progress.files.get(&data.path).map_or(0, |mark| mark.bytes);
            sample(
                &mut Records::open(folder, data, offset, last_line)?,
                &mut found,
                known,
            )?;
        }
        let mut schema = Self {
            types_file: table.types_file(),
            ..Self::default()
        };
        for (at, (name, value_type)) in found.names.into_iter().enumerate() {
            match value_type {
                None if at >= known && found.records == 0 => {
                    schema.untold.insert(name);
                }
                // Nothing but nulls says nothing, but is a value: a type has to be decided on.
                value_type => schema.put(name, value_type.unwrap_or(ValueType::Text)),
            }
        }
        for (name, value_type) in declared {
            schema.put(name, value_type);
        }
        if schema.places.contains_key(POSITION) {
            let message = format!(
                "a file of {} has a column {POSITION}, which is the name of the cursor column: rename it",
                table.name
            );
            return Err(error(ErrorKind::InvalidRequest, message));
        }
        Ok(schema)
    }

    fn put(&mut self, name: String, value_type: ValueType) {
        match self.places.get(&name) {
            Some(place) => self.columns[*place].1 = value_type,
            None => {
                self.places.insert(name.clone(), self.columns.len());
                self.columns.push((name, value_type));
            }
        }
    }

    /// Name and type of each column, as a cursor keeps them.
    pub fn types(&self) -> Vec<(String, String)> {
        let types = self.columns.iter();
        types
            .map(|(name, value_type)| (name.clone(), value_type.word()))
            .collect()
    }

    pub fn type_of(&self, name: &str) -> Option<ValueType> {
        self.places.get(name).map(|place| self.columns[*place].1)
    }

    /// As announced: the columns of the files, then the position.
    pub fn columns(&self) -> Vec<Column> {
        let columns = self.columns.iter().map(|(name, value_type)| Column {
            name: name.clone(),
            data_type: value_type.data_type(),
            nullable: true,
            native_type: value_type.word(),
        });
        columns.chain([position_column()]).collect()
    }

    /// Those that are asked for, in that order, then the position.
    ///
    /// # Errors
    /// `NotFound`, with the names that are like it.
    pub fn pick(&self, names: &[String]) -> Result<Vec<Column>, Error> {
        let mut all = self.columns();
        if names.is_empty() {
            return Ok(all);
        }
        let mut picked: Vec<Column> = Vec::new();
        for name in names.iter().filter(|name| !self.untold.contains(*name)) {
            if picked.iter().any(|column| column.name == *name) {
                let message = format!("column \"{name}\" is asked for twice");
                return Err(column_error(ErrorKind::InvalidRequest, name, message));
            }
            let place = all.iter().position(|column| column.name == *name);
            picked.push(all[place.ok_or_else(|| self.missing(name))?].clone());
        }
        if picked.iter().all(|column| column.name != POSITION) {
            picked.extend(all.pop());
        }
        Ok(picked)
    }

    fn missing(&self, name: &str) -> Error {
        let mut message = format!("the files have no column \"{name}\"");
        let similar = nearest(name, self.columns.iter().map(|(name, _)| name.as_str()));
        if !similar.is_empty() {
            message += &format!("; similar ones are {}", similar.join(", "));
        }
        column_error(ErrorKind::NotFound, name, message)
    }
}

fn position_column() -> Column {
    Column {
        name: POSITION.to_owned(),
        data_type: DataType::Text,
        nullable: false,
        native_type: "text".to_owned(),
    }
}

/// Columns as they are met, each with what its values say so far.
#[derive(Default)]
struct Found {
    names: Vec<(String, Option<ValueType>)>,
    places: HashMap<String, usize>,
    records: usize,
}

impl Found {
    fn place(&mut self, name: &str) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push((name.to_owned(), None));
        self.names.len() - 1
    }

    fn add(&mut self, name: &str, value_type: Option<ValueType>) {
        let place = self.place(name);
        let before = self.names[place].1;
        self.names[place].1 = match (before, value_type) {
            (Some(before), Some(value_type)) => Some(before.with(value_type)),
            (before, value_type) => before.or(value_type),
        };
    }
}

/// The first `known` columns are decided on: a sample does not change them.
fn sample(records: &mut Records, found: &mut Found, known: usize) -> Result<(), Error> {
    for name in records.header() {
        found.place(name);
    }
    let end = records.offset() + SAMPLE_BYTES;
    for _ in 0..SAMPLE_RECORDS {
        let next = records.next(|name: &str, cell: Cell<'_>| {
            if found.place(name) >= known {
                found.add(name, Some(ValueType::of(cell)));
            }
            Ok(())
        })?;
        if next.is_none() {
            break;
        }
        found.records += 1;
        if records.offset() >= end {
            break;
        }
    }
    Ok(())
}

/// Of the files that have something to read, as many as are looked into, from the first to the last.
fn sampled<'a>(table: &'a Table, progress: &Progress) -> Vec<&'a DataFile> {
    let has_more = |data: &&DataFile| {
        let read = progress.files.get(&data.path).map_or(0, |mark| mark.bytes);
        data.size > read && !progress.leaves_out(&data.path)
    };
    let files: Vec<_> = table.files.iter().filter(has_more).collect();
    let step = files.len().div_ceil(SAMPLED_FILES).max(1);
    let last = files.len().saturating_sub(1);
    let taken = files
        .into_iter()
        .enumerate()
        .filter(|(at, _)| at % step == 0 || *at == last);
    taken.map(|(_, data)| data).collect()
}
