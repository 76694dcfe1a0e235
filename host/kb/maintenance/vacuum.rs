//! Removes files that nobody can need: those that the log took out long enough ago for every reader of an older version to
//! be done, and those that no log names and whose writer is certainly dead. The log itself is `shortening`'s.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};

use futures::TryStreamExt;

use super::super::KbError;
use super::super::encoder::Place;
use super::super::files::live_files;
use super::super::log::run;
use super::super::staged::{Writers, writer_of};
use super::super::table::Tables;

/// Files of other tools and of processes that we know nothing of may be in the making for this long.
const FOREIGN: Duration = Duration::from_secs(7 * 24 * 3600);
/// An entry is linked within milliseconds after it was staged.
const STAGED_ENTRY: Duration = Duration::from_secs(3600);

/// Removes what can go. Who is dead was found before this call: those cannot commit after the look at the table.
pub(super) async fn vacuum(
    tables: &Tables,
    place: &Place,
    writers: &Writers,
) -> Result<(), KbError> {
    let trouble = |error| KbError::storage("read", &place.table, error);
    let (mut live, mut removed) = (HashSet::new(), HashMap::new());
    if let Some(table) = tables.current_at(place).await? {
        let files = live_files(&place.table, &table).await?;
        live.extend(files.into_iter().map(|file| file.name));
        let log_store = table.log_store();
        let state = table.snapshot().map_err(trouble)?;
        let tombstones = state.all_tombstones(log_store.as_ref());
        let tombstones: Vec<_> = tombstones.try_collect().await.map_err(trouble)?;
        removed.extend(tombstones.iter().map(|file| {
            let at = file.deletion_timestamp().unwrap_or_default();
            (file.path().into_owned(), at)
        }));
    }
    let known = Known {
        live,
        removed,
        writers: writers.clone(),
        keep_removed: tables.keep_removed,
        now: SystemTime::now(),
    };
    let place = place.clone();
    run(move || {
        sweep(&place, &known).map_err(|error| KbError::storage("clean up", &place.table, error))
    })
    .await
}

/// What decides about a file.
struct Known {
    live: HashSet<String>,
    /// When the log took a file out, in milliseconds.
    removed: HashMap<String, i64>,
    writers: Writers,
    keep_removed: Duration,
    now: SystemTime,
}

impl Known {
    /// Whether nobody can need a file that was last written at a time.
    fn is_garbage(&self, name: &str, modified: SystemTime) -> bool {
        let age = self.now.duration_since(modified).unwrap_or_default();
        if name.starts_with(".entry-") {
            return age > STAGED_ENTRY;
        }
        if !name.ends_with(".parquet") || self.live.contains(name) {
            return false;
        }
        if let Some(at) = self.removed.get(name) {
            let at = SystemTime::UNIX_EPOCH + Duration::from_millis((*at).try_into().unwrap_or(0));
            return self.now.duration_since(at).unwrap_or_default() > self.keep_removed;
        }
        match writer_of(name) {
            Some(writer) if self.writers.dead.contains(writer) => true,
            Some(writer) if self.writers.alive.contains(writer) => false,
            _ => age > FOREIGN,
        }
    }
}

fn sweep(place: &Place, known: &Known) -> io::Result<()> {
    let mut removed = 0;
    for entry in fs::read_dir(&place.folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let metadata = entry.metadata()?;
        if metadata.is_file() && known.is_garbage(&name, metadata.modified()?) {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    if removed > 0 {
        tracing::debug!(table = place.table, files = removed, "removed old files");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_goes_only_when_nobody_can_need_it() {
        let now = SystemTime::UNIX_EPOCH + 30 * FOREIGN;
        let ago = |secs| now - Duration::from_secs(secs);
        let millis = |at: SystemTime| {
            let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
            i64::try_from(since.as_millis()).unwrap()
        };
        let [dead, alive] = [1, 2].map(|n| format!("{n:032}"));
        let of = |writer: &str, n: u8| format!("part-{writer}-{n}.parquet");
        let known = Known {
            live: HashSet::from([of(&dead, 1), "foreign.parquet".into()]),
            removed: HashMap::from([
                (of(&alive, 2), millis(ago(99))),
                (of(&dead, 3), millis(ago(101))),
            ]),
            writers: Writers {
                alive: HashSet::from([alive.clone()]),
                dead: HashSet::from([dead.clone()]),
            },
            keep_removed: Duration::from_secs(100),
            now,
        };
        let week = FOREIGN.as_secs();
        for (name, age, goes) in [
            (of(&dead, 1), 2 * week, false),
            ("foreign.parquet".into(), 2 * week, false),
            (of(&alive, 2), 1000, false),
            (of(&dead, 3), 1000, true),
            (of(&dead, 4), 1, true),
            (of(&alive, 4), 2 * week, false),
            ("other.parquet".into(), week - 1, false),
            ("other.parquet".into(), week + 1, true),
            (".entry-1".into(), 10, false),
            (".entry-1".into(), 3601, true),
            ("notes.txt".into(), 2 * week, false),
        ] {
            assert_eq!(known.is_garbage(&name, ago(age)), goes, "{name} {age}");
        }
    }
}
