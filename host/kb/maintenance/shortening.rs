//! Removes what nobody can need of a log: the entries and log checkpoints below a *base*, a log checkpoint that has been there
//! for longer than anybody reads an older state. What it covers is in it; entries from it on stay, so every reader finds a
//! whole log there.
//!
//! Two kinds of old entries stay. The newest one of each stream holds the stream's checkpoint: the log is the truth. The
//! first one says that there is a table, and keeps its version from being given again.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::super::KbError;
use super::super::entry::Entry;
use super::super::log::{KEPT_CHECKPOINTS, Log};

/// The newest number of each stream, as the state of the table at some version has it.
type Streams = HashMap<String, i64>;

/// Removes what can go. Blocking.
pub(super) fn shorten(log: &Log, table: &str, keep_removed: Duration) -> Result<(), KbError> {
    let trouble = |error: io::Error| KbError::storage("shorten the log of", table, error);
    let listed = log.listed()?;
    let Some((base, written)) = base(&listed.checkpoints, keep_removed, SystemTime::now()) else {
        return Ok(());
    };
    if base > log.checkpointed() {
        // Readers begin at an older one.
        return Ok(());
    }
    log.sync_checkpoint(base).map_err(trouble)?;
    let streams = streams(log, base)
        .map_err(|error| KbError::storage("read a log checkpoint of", table, error))?;
    let mut removed = 0;
    for version in listed.entries.into_iter().filter(|v| (1..base).contains(v)) {
        let Some(entry) = log.read_blocking(version)? else {
            continue;
        };
        if !is_newest_of_a_stream(&entry, &streams) {
            remove(&log.entry_path(version), written).map_err(trouble)?;
            removed += 1;
        }
    }
    for (version, _) in listed.checkpoints.into_iter().filter(|(v, _)| *v < base) {
        remove(&log.checkpoint_path(version), written).map_err(trouble)?;
    }
    if removed > 0 {
        tracing::debug!(table, entries = removed, base, "shortened a log");
    }
    Ok(())
}

/// Removes a file that was there at a time; a younger one is of a table that was made under the name since.
fn remove(file: &Path, written: SystemTime) -> io::Result<()> {
    let removed = fs::metadata(file).and_then(|metadata| {
        if metadata.modified()? > written {
            return Ok(());
        }
        fs::remove_file(file)
    });
    match removed {
        // Another process tidies up as well.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Who began to read before it was there is done.
fn base(
    checkpoints: &[(u64, SystemTime)],
    keep_removed: Duration,
    now: SystemTime,
) -> Option<(u64, SystemTime)> {
    let candidates = checkpoints.len().saturating_sub(KEPT_CHECKPOINTS - 1);
    let older = checkpoints[..candidates].iter().rev().copied();
    let age = |written| now.duration_since(written).unwrap_or_default();
    older
        .into_iter()
        .find(|(_, written)| age(*written) > keep_removed)
}

/// Also if the state does not know the stream, or not as far: whoever put such an entry, we do not judge it.
fn is_newest_of_a_stream(entry: &Entry, streams: &Streams) -> bool {
    entry
        .transactions()
        .any(|(stream, seq)| streams.get(stream).is_none_or(|newest| seq >= *newest))
}

/// The streams that a log checkpoint knows.
fn streams(log: &Log, version: u64) -> Result<Streams, ArrowError> {
    let file = File::open(log.checkpoint_path(version))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), ["txn.appId", "txn.version"]);
    let mut streams = Streams::new();
    for rows in builder.with_projection(mask).build()? {
        note(&rows?, &mut streams)?;
    }
    Ok(streams)
}

fn note(rows: &RecordBatch, streams: &mut Streams) -> Result<(), ArrowError> {
    let txn = rows.column_by_name("txn").and_then(|c| c.as_struct_opt());
    let field = |name, data_type| {
        let column = txn.and_then(|txn| txn.column_by_name(name));
        column.map(|column| cast(column, &data_type)).transpose()
    };
    let (Some(ids), Some(seqs)) = (
        field("appId", DataType::Utf8)?,
        field("version", DataType::Int64)?,
    ) else {
        return Ok(());
    };
    let (ids, seqs) = (ids.as_string::<i32>(), seqs.as_primitive::<Int64Type>());
    for row in (0..rows.num_rows()).filter(|row| ids.is_valid(*row) && seqs.is_valid(*row)) {
        streams.insert(ids.value(row).to_owned(), seqs.value(row));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_is_old_enough_and_not_the_newest() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let written = |version, ago| (version, now - Duration::from_secs(ago));
        for (checkpoints, expected) in [
            (vec![], None),
            (vec![(100, 500)], None),
            (vec![(100, 500), (200, 400)], Some(100)),
            (vec![(100, 500), (200, 90), (300, 80)], Some(100)),
            (vec![(100, 500), (200, 101), (300, 0)], Some(200)),
            (vec![(100, 99), (200, 50), (300, 0)], None),
        ] {
            let times: Vec<_> = checkpoints
                .iter()
                .map(|(v, ago)| written(*v, *ago))
                .collect();
            let found = base(&times, Duration::from_secs(100), now);
            assert_eq!(
                found.map(|(version, _)| version),
                expected,
                "{checkpoints:?}"
            );
        }
    }

    #[test]
    fn an_entry_stays_while_it_may_be_the_newest_of_one_of_its_streams() {
        let streams = Streams::from([("a".into(), 5), ("b".into(), 2)]);
        for (transactions, stays) in [
            (&[][..], false),
            (&[("a", 4)], false),
            (&[("a", 5)], true),
            (&[("a", 6)], true),
            (&[("a", 4), ("b", 2)], true),
            (&[("unknown", 1)], true),
        ] {
            let lines = transactions.iter().map(|(stream, seq)| {
                serde_json::json!({ "txn": { "appId": stream, "version": seq } }).to_string()
            });
            let entry = Entry::parse(lines.collect::<String>().as_bytes()).unwrap();
            assert_eq!(
                is_newest_of_a_stream(&entry, &streams),
                stays,
                "{transactions:?}"
            );
        }
    }

    #[test]
    fn a_file_of_a_table_that_was_made_since_stays() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let modified = fs::metadata(file.path()).unwrap().modified().unwrap();
        remove(file.path(), modified - Duration::from_secs(1)).unwrap();
        assert!(file.path().exists());
        remove(file.path(), modified).unwrap();
        assert!(!file.path().exists());
        remove(file.path(), modified).unwrap();
    }
}
