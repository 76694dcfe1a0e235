//! What a commit does to the files that are there: writes them again without the rows that it replaces, or with wider types.
//! Copy on write, one file at a time, in bounded memory. Follows the table: what was done for a file stays good until that file is gone.

use std::collections::{HashMap, HashSet};
use std::fs;

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use serde_json::Value;

use super::KbError;
use super::encoder::{Encoder, Place, StagedFile};
use super::entry::add_line;
use super::files::{LiveFile, Rows, TableFile};
use super::keys::KeySet;
use super::schema::Fit;

/// The files of a table, on their way into one log entry.
pub(super) struct Rewrite {
    place: Place,
    fit: Fit,
    change: Change,
    /// By the name of the file that was looked at.
    done: HashMap<String, Outcome>,
    handed_over: bool,
}

/// Why files are written again.
pub(super) enum Change {
    /// Every file, in the types that the table has now.
    Types,
    /// Those with rows whose keys are in the commit, without them.
    Keys(KeySet),
    Both(KeySet),
}

enum Outcome {
    Stays,
    Replaced { by: Vec<StagedFile>, rows: Rows },
}

impl Rewrite {
    /// `schema` is that of all files of the table once the commit has landed.
    pub(super) fn new(place: Place, schema: SchemaRef, change: Change) -> Self {
        Self {
            place,
            fit: Fit::identity(schema),
            change,
            done: HashMap::new(),
            handed_over: false,
        }
    }

    /// Does for these files, all that the table has now, what was not done yet. The lines that say so. Blocking.
    pub(super) fn follow(&mut self, files: &[LiveFile]) -> Result<Vec<Value>, KbError> {
        let live: HashSet<_> = files.iter().map(|file| file.name.as_str()).collect();
        let place = &self.place;
        self.done.retain(|name, outcome| {
            let stays = live.contains(name.as_str());
            if !stays {
                remove_staged(place, outcome);
            }
            stays
        });
        let mut lines = Vec::new();
        for file in files {
            if !self.done.contains_key(&file.name) {
                let outcome = self.outcome(file)?;
                self.done.insert(file.name.clone(), outcome);
            }
            if let Outcome::Replaced { by, rows } = &self.done[&file.name] {
                lines.push(file.removal(*rows));
                lines.extend(by.iter().map(|new| add_line(new, file.modified, *rows)));
            }
        }
        Ok(lines)
    }

    fn outcome(&self, file: &LiveFile) -> Result<Outcome, KbError> {
        let stay = match &self.change {
            Change::Types => None,
            Change::Keys(keys) | Change::Both(keys) => keys.stay(&self.place, &file.name)?,
        };
        if stay.is_none() && matches!(self.change, Change::Keys(_)) {
            return Ok(Outcome::Stays);
        }
        if !file.is_plain() {
            return Err(KbError::Unsupported {
                table: self.place.table.clone(),
                problem: "another tool has marked rows of its files as deleted; let it rewrite them first".to_owned(),
            });
        }
        let rows = if stay.is_some() {
            Rows::Change
        } else {
            Rows::Stay
        };
        let by = copy(&self.place, &self.fit, &file.name, stay.as_ref())?;
        Ok(Outcome::Replaced { by, rows })
    }

    /// An entry that names the new files is on its way: they are not ours to remove.
    pub(super) fn hand_over(&mut self) {
        self.handed_over = true;
    }

    /// The entry is certainly not in the log.
    pub(super) fn take_back(&mut self) {
        self.handed_over = false;
    }
}

impl Drop for Rewrite {
    fn drop(&mut self) {
        if !self.handed_over {
            for outcome in self.done.values() {
                remove_staged(&self.place, outcome);
            }
        }
    }
}

/// Writes the rows of a file that stay, or all, into new ones. Blocking.
pub(super) fn copy(
    place: &Place,
    fit: &Fit,
    name: &str,
    stay: Option<&BooleanArray>,
) -> Result<Vec<StagedFile>, KbError> {
    let mut encoder = Encoder::new(place.clone(), fit.clone());
    let mut from = 0;
    for rows in TableFile::open(place, name)?.read(place, &fit.physical, None)? {
        let rows = rows?;
        let count = rows.num_rows();
        let rows = match stay {
            None => rows,
            Some(stay) => filter_record_batch(&rows, &stay.slice(from, count))
                .map_err(|error| KbError::storage("write", &place.table, error))?,
        };
        from += count;
        encoder.write(&rows)?;
    }
    encoder.seal()?;
    Ok(encoder.take())
}

fn remove_staged(place: &Place, outcome: &Outcome) {
    if let Outcome::Replaced { by, .. } = outcome {
        for file in by {
            // Best effort: what stays behind is in no log, so no reader ever sees it.
            fs::remove_file(place.folder.join(&file.name)).ok();
        }
    }
}
