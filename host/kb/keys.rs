//! Keys of rows: which of the staged rows is the last one with its key, and which rows of a table have the key of one of them.
//!
//! A key is remembered as a hash (see `row_hash`).

use std::collections::HashSet;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow::row::{RowConverter, SortField};

use super::KbError;
use super::encoder::{Place, StagedFile};
use super::files::{TableFile, as_type};
use super::rewrite::copy;
use super::row_hash::{RowHasher, Secrets};
use super::schema::{Fit, Layout, text};

type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// The key columns of a table, as its files have them.
#[derive(Debug, Clone)]
pub(super) struct Key {
    schema: SchemaRef,
    secrets: Secrets,
}

impl Key {
    /// # Errors
    /// There is no key, or a column of it is not in the table or not read.
    pub(super) fn new(
        table: &str,
        names: &[String],
        layout: &Layout,
        fit: &Fit,
    ) -> Result<Self, KbError> {
        if names.is_empty() {
            return Err(KbError::Unsupported {
                table: table.to_owned(),
                problem: "no key columns are named, by which rows could be merged".to_owned(),
            });
        }
        let mut columns = Vec::with_capacity(names.len());
        for name in names {
            let place = layout.fields.iter().position(|f| text(&f["name"]) == name);
            match place.map(|place| (place, fit.sources[place])) {
                Some((place, Some(_))) => columns.push(place),
                Some((_, None)) => {
                    let problem = "is a key column, but is not read";
                    return Err(KbError::column(table, name, problem));
                }
                None => {
                    let problem = "is a key column, but is neither read nor in the table";
                    return Err(KbError::column(table, name, problem));
                }
            }
        }
        let schema = fit.physical.project(&columns);
        Ok(Self {
            schema: Arc::new(schema.map_err(|error| KbError::storage("read", table, error))?),
            secrets: Secrets::new(),
        })
    }

    /// Goes through the keys of a file: batches of key columns, and the hash of each row.
    fn read(
        &self,
        place: &Place,
        file: TableFile,
        groups: Option<Vec<usize>>,
        mut each: impl FnMut(&RecordBatch, &mut dyn Iterator<Item = u128>) -> Result<(), Trouble>,
    ) -> Result<(), KbError> {
        let trouble = |error| KbError::storage("merge into", &place.table, error);
        let types = self.schema.fields().iter().map(|field| field.data_type());
        let hasher = RowHasher::new(types, self.secrets.clone());
        let hasher = hasher.map_err(|error| trouble(error.into()))?;
        for batch in file.read(place, &self.schema, groups)? {
            let batch = batch?;
            let hashes = hasher.hashes(batch.columns());
            let hashes = hashes.map_err(|error| trouble(error.into()))?;
            each(&batch, &mut hashes.into_iter()).map_err(trouble)?;
        }
        Ok(())
    }
}

/// The staged files without the rows whose key a later row has, and the keys of all. Files that lose rows are written anew.
/// Blocking.
pub(super) fn last_of_each(
    key: Key,
    place: &Place,
    fit: &Fit,
    files: &[StagedFile],
) -> Result<(Vec<StagedFile>, KeySet), KbError> {
    let (keys, stays) = KeySet::of(key, place, files)?;
    let mut last = Vec::with_capacity(files.len());
    let mut replaced = Vec::new();
    for (file, stay) in files.iter().zip(stays) {
        match stay {
            None => last.push(file.clone()),
            Some(stay) => {
                last.extend(copy(place, fit, &file.name, Some(&stay))?);
                replaced.push(file);
            }
        }
    }
    for file in replaced {
        // Best effort: what stays behind is in no log, so no reader ever sees it.
        fs::remove_file(place.folder.join(&file.name)).ok();
    }
    Ok((last, keys))
}

/// The keys of all rows of a commit.
pub(super) struct KeySet {
    key: Key,
    hashes: HashSet<u128, HashedAlready>,
    /// For each key column the least and the greatest value, so that parts of files can be left unread.
    ranges: Vec<Range>,
}

/// Values of one column in a form whose bytes order as they do.
struct Range {
    converter: RowConverter,
    bounds: Option<(Vec<u8>, Vec<u8>)>,
}

impl KeySet {
    /// Of the rows of staged files, in order. For each file which rows stay: those that no later row has the key of.
    /// None: all. Blocking.
    pub(super) fn of(
        key: Key,
        place: &Place,
        files: &[StagedFile],
    ) -> Result<(Self, Vec<Option<BooleanArray>>), KbError> {
        let trouble = |error| KbError::storage("merge into", &place.table, error);
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let columns = 0..key.schema.fields().len();
        let ranges = columns.map(|column| Range::of(&key, column));
        let mut set = Self {
            hashes: HashSet::with_capacity_and_hasher(rows as usize, HashedAlready),
            ranges: ranges.collect::<Result<_, _>>().map_err(trouble)?,
            key,
        };
        let mut stays = Vec::new();
        for file in files.iter().rev() {
            let mut hashes = Vec::with_capacity(file.rows as usize);
            let (ranges, opened) = (&mut set.ranges, TableFile::open(place, &file.name)?);
            set.key.read(place, opened, None, |rows, batch_hashes| {
                hashes.extend(batch_hashes);
                let mut columns = ranges.iter_mut().zip(rows.columns());
                columns.try_for_each(|(range, column)| range.widen(column))
            })?;
            let mut stay: Vec<bool> = hashes.iter().rev().map(|h| set.hashes.insert(*h)).collect();
            stay.reverse();
            stays.push(stay.contains(&false).then(|| BooleanArray::from(stay)));
        }
        stays.reverse();
        Ok((set, stays))
    }

    /// Which rows of a file stay because their keys are not in the set. None: all. Blocking.
    pub(super) fn stay(&self, place: &Place, name: &str) -> Result<Option<BooleanArray>, KbError> {
        let opened = TableFile::open(place, name)?;
        let groups = self.may_have(&opened);
        let groups = groups.map_err(|error| KbError::storage("merge into", &place.table, error))?;
        let read = (0..groups.len()).filter(|group| groups[*group].1);
        let read = Some(read.collect());
        // Not the hashes themselves: a file may have many more rows than a commit.
        let mut new = Vec::new();
        self.key.read(place, opened, read, |_, hashes| {
            new.extend(hashes.map(|hash| !self.hashes.contains(&hash)));
            Ok(())
        })?;
        let (mut new, mut stay) = (new.into_iter(), Vec::new());
        for (rows, may_have) in groups {
            if may_have {
                stay.extend(new.by_ref().take(rows));
            } else {
                stay.resize(stay.len() + rows, true);
            }
        }
        Ok(stay.contains(&false).then(|| BooleanArray::from(stay)))
    }

    /// The row groups of a file: how many rows, and whether one of them may have a key of the set.
    fn may_have(&self, file: &TableFile) -> Result<Vec<(usize, bool)>, Trouble> {
        let mut groups: Vec<_> = file.row_groups().map(|rows| (rows, true)).collect();
        for (range, field) in self.ranges.iter().zip(self.key.schema.fields()) {
            // Not everybody counts the same values into the statistics, and floats have a NaN that nobody counts.
            if !file.is_ours() || field.data_type().is_floating() {
                continue;
            }
            let Some(statistics) = file.statistics(field.name())? else {
                continue;
            };
            let bounds = [&statistics.least, &statistics.greatest];
            let bounds = bounds.map(|values| as_type(values, field.data_type()));
            let [least, greatest] = bounds;
            let least = range.converter.convert_columns(&[least?])?;
            let greatest = range.converter.convert_columns(&[greatest?])?;
            for (index, group) in groups.iter_mut().enumerate() {
                let is_known = statistics.least.is_valid(index)
                    && statistics.greatest.is_valid(index)
                    && statistics.nulls.is_valid(index)
                    && statistics.nulls.value(index) == 0;
                if is_known && !range.meets(least.row(index).as_ref(), greatest.row(index).as_ref())
                {
                    group.1 = false;
                }
            }
        }
        Ok(groups)
    }
}

impl Range {
    fn of(key: &Key, column: usize) -> Result<Self, Trouble> {
        let data_type = key.schema.field(column).data_type();
        Ok(Self {
            converter: RowConverter::new(vec![SortField::new(data_type.clone())])?,
            bounds: None,
        })
    }

    fn widen(&mut self, column: &ArrayRef) -> Result<(), Trouble> {
        let rows = self
            .converter
            .convert_columns(std::slice::from_ref(column))?;
        for row in rows.iter() {
            let row = row.as_ref();
            let (least, greatest) = self
                .bounds
                .get_or_insert_with(|| (row.to_vec(), row.to_vec()));
            if row < least.as_slice() {
                *least = row.to_vec();
            } else if row > greatest.as_slice() {
                *greatest = row.to_vec();
            }
        }
        Ok(())
    }

    fn meets(&self, least: &[u8], greatest: &[u8]) -> bool {
        let bounds = self.bounds.as_ref();
        bounds.is_some_and(|(from, to)| from.as_slice() <= greatest && least <= to.as_slice())
    }
}

/// Takes a hash as it is.
#[derive(Clone, Copy, Default)]
struct HashedAlready;

impl BuildHasher for HashedAlready {
    type Hasher = Low64;

    fn build_hasher(&self) -> Low64 {
        Low64(0)
    }
}

struct Low64(u64);

impl Hasher for Low64 {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0 << 8 | u64::from(*byte);
        }
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
