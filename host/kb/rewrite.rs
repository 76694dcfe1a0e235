//! What a commit does to the files that are there: writes them again where columns got a wider type. Copy on write, one file
//! at a time, in bounded memory. Follows the table: what was done for a file stays good until that file is gone.

use std::collections::{HashMap, HashSet};
use std::fs;

use serde_json::Value;

use super::KbError;
use super::encoder::{Encoder, Place, StagedFile};
use super::entry::add_line;
use super::files::{LiveFile, Rows, TableFile};
use super::schema::Fit;

/// The files of a table, on their way into one log entry.
pub(super) struct Rewrite {
    place: Place,
    fit: Fit,
    done: HashMap<String, Vec<StagedFile>>,
    handed_over: bool,
}

impl Rewrite {
    pub(super) fn new(place: Place, fit: Fit) -> Self {
        Self {
            place,
            fit,
            done: HashMap::new(),
            handed_over: false,
        }
    }

    /// Does for these files, all that the table has now, what was not done yet. The lines that say so. Blocking.
    pub(super) fn follow(&mut self, files: &[LiveFile]) -> Result<Vec<Value>, KbError> {
        let live: HashSet<_> = files.iter().map(|file| file.name.as_str()).collect();
        let place = &self.place;
        self.done.retain(|name, staged| {
            let stays = live.contains(name.as_str());
            if !stays {
                remove_staged(place, staged);
            }
            stays
        });
        let mut lines = Vec::new();
        for file in files {
            if !self.done.contains_key(&file.name) {
                let staged = self.rewritten(file)?;
                self.done.insert(file.name.clone(), staged);
            }
            lines.push(file.removal(Rows::Stay));
            let staged = self.done[&file.name].iter();
            lines.extend(staged.map(|new| add_line(new, file.modified, Rows::Stay)));
        }
        Ok(lines)
    }

    fn rewritten(&self, file: &LiveFile) -> Result<Vec<StagedFile>, KbError> {
        let table = &self.place.table;
        if !file.is_plain() {
            return Err(KbError::Unsupported {
                table: table.clone(),
                problem: "another tool has marked rows of its files as deleted; let it rewrite them first".to_owned(),
            });
        }
        let mut encoder = Encoder::new(self.place.clone(), self.fit.clone());
        let opened = TableFile::open(table, &self.place.folder, &file.name)?;
        for rows in opened.read(table, &self.fit.physical)? {
            encoder.write(&rows?)?;
        }
        encoder.seal()?;
        Ok(encoder.take())
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
            for staged in self.done.values() {
                remove_staged(&self.place, staged);
            }
        }
    }
}

fn remove_staged(place: &Place, staged: &[StagedFile]) {
    for file in staged {
        // Best effort: what stays behind is in no log, so no reader ever sees it.
        fs::remove_file(place.folder.join(&file.name)).ok();
    }
}
