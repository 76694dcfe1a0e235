//! Where a read begins: how far each file was read, what is left of it, and what is said of the rest.

use plugin_sdk::prelude::*;

use crate::place::Place;
use crate::progress::{POSITION, Progress};
use crate::records::{LastLine, Records};
use crate::table::{DataFile, Table};

/// More would hide the first ones.
const NAMED_FILES: usize = 5;

/// How far everything was read, and the greatest place.
pub fn resumed(
    folder: &Folder,
    table: &Table,
    resume: Option<&Cursor>,
    last_line: LastLine,
) -> Result<(Progress, Option<Place>), Error> {
    let Some(resume) = resume else {
        return Ok((Progress::default(), None));
    };
    let place = Place::of_text(cursor::text(resume, POSITION)?).ok_or_else(|| {
        invalid_cursor(
            POSITION,
            "the cursor is not a place like \"orders/2024-01.csv:000000000123\"",
        )
    })?;
    if let Some(digest) = &resume.digest {
        return Ok((Progress::of_digest(digest)?, Some(place)));
    }
    // Somebody gave it. Without a digest nothing is known of other files.
    let data = table.files.iter().find(|data| data.path == place.path);
    let data = data.ok_or_else(|| {
        invalid_cursor(
            POSITION,
            format!(
                "the cursor names {}, which is no file of {}",
                place.path, table.name
            ),
        )
    })?;
    let mut records = Records::open(folder, data, place.offset, last_line)?;
    if place.offset > data.size || !records.begins_line(place.offset)? {
        let message = format!(
            "the cursor names a byte of {} where no line begins",
            place.path
        );
        return Err(invalid_cursor(POSITION, message));
    }
    if !cursor::is_start(resume) {
        records.next(|_, _| Ok(()))?;
    }
    let behind = Place {
        offset: records.offset(),
        ..place.clone()
    };
    Ok((Progress::behind(&behind), Some(place)))
}

/// What has rows to read, the first last.
pub fn unread(table: &Table, progress: &Progress) -> Result<Vec<DataFile>, Error> {
    let mut files = Vec::new();
    for data in table.files.iter().rev() {
        let read = progress.files.get(&data.path).map_or(0, |mark| mark.bytes);
        if data.size < read {
            return Err(replaced(
                &data.path,
                &format!("has {} bytes, of which {read} were read", data.size),
            ));
        }
        if data.size > read && !progress.leaves_out(&data.path) {
            files.push(data.clone());
        }
    }
    Ok(files)
}

/// Of a file that is not the one that was read.
pub fn replaced(path: &str, what: &str) -> Error {
    let message = format!(
        "{path} {what}: it was cut or replaced. Put the new content into a file of another name, or reset the sync to read \
         everything again"
    );
    invalid_cursor(POSITION, message)
}

/// What is said of files that are there and not read.
pub fn left_out(table: &Table, progress: &Progress) -> Option<String> {
    let files = table
        .files
        .iter()
        .filter(|data| progress.leaves_out(&data.path));
    let (files, bytes) = files.fold((0, 0), |(files, bytes), data| {
        (files + 1, bytes + data.size)
    });
    progress.left_out_warning(files, bytes)
}

/// What is said of files that are no data.
pub fn passed_over(table: &Table) -> Option<String> {
    let others = &table.others;
    if others.is_empty() {
        return None;
    }
    let named = others.iter().take(NAMED_FILES).cloned().collect::<Vec<_>>();
    let count = others.len();
    Some(format!(
        "{count} files of {} are neither .csv nor .ndjson or .jsonl and are not read, such as {}",
        table.name,
        named.join(", ")
    ))
}
