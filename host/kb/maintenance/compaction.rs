//! Small files become large ones: neighbours in the order of their rows, in one log entry that changes no row.
//! Gives way to everybody: when another entry took one of its files, nothing is done.

use std::fs;
use std::ops::Range;

use super::super::KbError;
use super::super::encoder::{Encoder, Place, StagedFile};
use super::super::entry::{add_line, upkeep_entry};
use super::super::files::{LiveFile, Rows, TableFile, live_files};
use super::super::log::{Log, Put, run};
use super::super::schema::{Fit, Layout};
use super::super::table::Tables;
use super::gently;

/// A file of this size is read well as it is.
const LARGE: u64 = 16 << 20;
/// Below this it costs more to think than to write again.
const TINY: u64 = 64 << 10;
/// Fewer are not worth an entry.
const FEWEST: usize = 8;

/// Merges what is worth it, a file of at most 128 MiB at a time. Leaves the rest to the next look if one waits already:
/// where commits come fast there is always more to merge, and other tables and log checkpoints wait for their turn.
pub(super) async fn compact(tables: &Tables, place: &Place) -> Result<(), KbError> {
    while gently(merge(tables, place)).await? == Merge::Done && !tables.is_look_queued(place) {}
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Merge {
    Done,
    /// Nothing is worth it, or another entry took one of the files.
    Nothing,
}

async fn merge(tables: &Tables, place: &Place) -> Result<Merge, KbError> {
    let Some(table) = tables.current_at(place).await? else {
        return Ok(Merge::Nothing);
    };
    let layout =
        Layout::of(&table).map_err(|error| KbError::storage("read", &place.table, error))?;
    if layout.check_writable(&place.table).is_err() {
        return Ok(Merge::Nothing);
    }
    let files = live_files(&place.table, &table).await?;
    let sizes: Vec<_> = files
        .iter()
        .map(|file| if file.is_plain() { file.bytes } else { LARGE })
        .collect();
    let Some(range) = worth_merging(&sizes) else {
        return Ok(Merge::Nothing);
    };
    let old = files[range].to_vec();
    let (new, old) = {
        let (place, fit) = (place.clone(), Fit::identity(layout.file_schema()));
        run(move || merged(&place, fit, &old).map(|new| (new, old))).await?
    };
    let version = table.version().unwrap_or_default() + 1;
    let merge = swap(tables, place, version, &old, &new).await?;
    if merge == Merge::Done {
        tracing::debug!(
            table = place.table,
            from = old.len(),
            to = new.len(),
            "merged files"
        );
    }
    Ok(merge)
}

/// Neighbours of which each older one is not larger than all newer ones together, so that a row is written again only
/// when the files around it have doubled: logarithmically often.
fn worth_merging(sizes: &[u64]) -> Option<Range<usize>> {
    let mut end = sizes.len();
    while end > 0 {
        let mut start = end - 1;
        let mut total = sizes[start];
        while start > 0 && total < LARGE {
            let older = sizes[start - 1];
            if older >= LARGE || older > total.max(TINY) {
                break;
            }
            total += older;
            start -= 1;
        }
        if end - start >= FEWEST {
            return Some(start..end);
        }
        end = start;
    }
    None
}

/// The rows of all files in new ones. Blocking.
fn merged(place: &Place, fit: Fit, old: &[LiveFile]) -> Result<Vec<StagedFile>, KbError> {
    let schema = fit.physical.clone();
    let mut encoder = Encoder::new(place.clone(), fit);
    for file in old {
        for rows in TableFile::open(place, &file.name)?.read(place, &schema, None)? {
            encoder.write(&rows?)?;
        }
    }
    encoder.seal()?;
    Ok(encoder.take())
}

/// Puts the entry at the first free version.
async fn swap(
    tables: &Tables,
    place: &Place,
    version: u64,
    old: &[LiveFile],
    new: &[StagedFile],
) -> Result<Merge, KbError> {
    let modified = old.last().map_or(0, |file| file.modified);
    let mut lines: Vec<_> = old.iter().map(|file| file.removal(Rows::Stay)).collect();
    lines.extend(new.iter().map(|file| add_line(file, modified, Rows::Stay)));
    let entry = upkeep_entry("OPTIMIZE", lines);
    match put(&tables.log_at(place), version, &entry, old).await {
        Ok(Some(Put::Landed)) => Ok(Merge::Done),
        // It is visible: a power cut may take it back, and the old files are all there.
        Ok(Some(Put::InDoubt(error))) => Err(error),
        Ok(Some(Put::Taken) | None) => {
            discard(place, new);
            Ok(Merge::Nothing)
        }
        Err(error) => {
            discard(place, new);
            Err(error)
        }
    }
}

/// None: an entry that came first took one of the files.
async fn put(
    log: &Log,
    mut version: u64,
    entry: &[u8],
    old: &[LiveFile],
) -> Result<Option<Put>, KbError> {
    loop {
        match log.put(version, entry.to_vec()).await? {
            Put::Taken => {}
            put => return Ok(Some(put)),
        }
        let winner = log.read(version).await?;
        if winner.is_none_or(|entry| entry.conflicts_with(old.iter().map(|f| f.name.as_str()))) {
            return Ok(None);
        }
        version += 1;
    }
}

fn discard(place: &Place, files: &[StagedFile]) {
    for file in files {
        // Best effort: what stays behind is in no log, so no reader ever sees it.
        fs::remove_file(place.folder.join(&file.name)).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::encoder::FILE_BYTES;
    use super::*;

    #[test]
    fn few_or_large_files_stay_as_they_are() {
        for sizes in [vec![], vec![10], vec![10; FEWEST - 1], vec![LARGE; 50]] {
            assert_eq!(worth_merging(&sizes), None, "{sizes:?}");
        }
        assert_eq!(worth_merging(&[10; FEWEST]), Some(0..FEWEST));
    }

    #[test]
    fn only_neighbours_are_merged_and_large_ones_part_them() {
        let mut sizes = vec![10; 20];
        sizes[5] = LARGE;
        sizes[15] = 2 * LARGE;
        assert_eq!(worth_merging(&sizes), Some(6..15));
    }

    #[test]
    fn a_merged_file_stays_below_the_largest_size() {
        let range = worth_merging(&[LARGE - 1; 100]);
        assert_eq!(range, None, "two of them are large together");
        let sizes = [LARGE / 8; 100];
        let range = worth_merging(&sizes).unwrap();
        let total: u64 = sizes[range].iter().sum();
        assert!((LARGE..FILE_BYTES as u64).contains(&total));
    }

    /// 10,000 rounds of 100 files: how often a byte is written again.
    #[test]
    fn a_row_is_written_again_logarithmically_often() {
        let (mut sizes, mut written) = (Vec::new(), 0_u64);
        for _ in 0..10_000 {
            sizes.extend([1000; 100]);
            while let Some(range) = worth_merging(&sizes) {
                let total: u64 = sizes[range.clone()].iter().sum();
                written += total;
                sizes.splice(range, [total]);
            }
        }
        let all: u64 = sizes.iter().sum();
        assert!(written < 12 * all, "{} times", written / all);
        assert!(sizes.len() < 100, "{} files", sizes.len());
    }
}
