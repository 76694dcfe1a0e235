//! What a cursor keeps: the place of the row that was read last, and how far each file was read. Pure.
//!
//! Files come late, and old ones grow, so one place says too little. The cursor's value is the greatest place, for people;
//! its digest is all of [`Progress`], in JSON, with the types that were decided on. The oldest files leave it when it grows
//! too long: then they count as finished, and only their number and bytes are remembered, to be able to say so.

use std::collections::BTreeMap;

use plugin_sdk::prelude::*;
use serde::{Deserialize, Serialize};

use crate::place::Place;

/// The cursor column: `orders/2024-01.csv:000000000123`, the file and the byte where the row begins.
pub const POSITION: &str = "_position";

/// A digest stays below what the host takes of a cursor, 64 KiB.
const MAX_DIGEST_BYTES: usize = 48 * 1024;
/// Of one file in JSON, besides its path.
const MARK_BYTES: usize = 40;
/// Bytes before a mark by which a file is known again.
pub const TAIL_BYTES: u32 = 256;

/// How far one file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    #[serde(rename = "b")]
    pub bytes: u64,
    /// A hash of the bytes before; none where nobody has looked.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<u32>,
}

/// How far everything was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Columns and their types, in order.
    #[serde(default)]
    pub types: Vec<(String, String)>,
    /// By path.
    #[serde(default)]
    pub files: BTreeMap<String, Mark>,
    /// Files before this one that are not in `files` are not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Of those that left `files`: how many, and their bytes.
    #[serde(default)]
    pub finished: (u64, u64),
}

impl Progress {
    /// # Errors
    /// `invalid_cursor` for a digest that is not ours.
    pub fn of_digest(digest: &str) -> Result<Self, Error> {
        serde_json::from_str(digest).map_err(|_| {
            invalid_cursor(
                POSITION,
                "the cursor was not made by this version of the plugin: reset the sync",
            )
        })
    }

    /// Behind everything up to a place that somebody gave.
    pub fn behind(place: &Place) -> Self {
        let mark = Mark {
            bytes: place.offset,
            tail: None,
        };
        Self {
            files: [(place.path.clone(), mark)].into(),
            from: Some(place.path.clone()),
            ..Self::default()
        }
    }

    /// # Errors
    /// `LimitExceeded` where the columns alone are too many.
    pub fn digest(&mut self) -> Result<String, Error> {
        self.shorten();
        let digest = serde_json::to_string(self).unwrap_or_default();
        if digest.is_empty() || digest.len() > MAX_DIGEST_BYTES {
            let message = "the names and types of the columns are longer than a cursor may be: read fewer columns";
            return Err(error(ErrorKind::LimitExceeded, message));
        }
        Ok(digest)
    }

    /// The first files, in order, leave until the rest is short enough.
    fn shorten(&mut self) {
        let types = self
            .types
            .iter()
            .map(|(name, word)| name.len() + word.len() + 8);
        let mut room = MAX_DIGEST_BYTES.saturating_sub(types.sum::<usize>() + 1024);
        let mut kept = 0;
        for path in self.files.keys().rev() {
            // A letter may need an escape of six.
            let bytes =
                serde_json::to_string(path).map_or(path.len(), |path| path.len()) + MARK_BYTES;
            if bytes > room {
                break;
            }
            room -= bytes;
            kept += 1;
        }
        let leave = self.files.len() - kept.max(1).min(self.files.len());
        for _ in 0..leave {
            if let Some((_, mark)) = self.files.pop_first() {
                self.finished.0 += 1;
                self.finished.1 += mark.bytes;
            }
        }
        if leave > 0 {
            self.from = self.files.keys().next().cloned();
        }
    }

    /// Whether nothing more of this file is read, though it is there.
    pub fn leaves_out(&self, path: &str) -> bool {
        let is_before = self.from.as_deref().is_some_and(|from| path < from);
        is_before && !self.files.contains_key(path)
    }

    /// What is said when the files that are left out are other ones than those that were read.
    pub fn left_out_warning(&self, files: u64, bytes: u64) -> Option<String> {
        let (known, known_bytes) = self.finished;
        if files <= known && bytes <= known_bytes {
            return None;
        }
        let from = self.from.as_deref().unwrap_or_default();
        Some(format!(
            "{files} files with {bytes} bytes sort before {from}, of which {known} with {known_bytes} bytes were read: what came to \
             them since is not part of this read; give new files names that sort behind, or reset the sync to read everything"
        ))
    }
}

/// A short hash (FNV-1a) of the bytes before a mark.
pub fn tail(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(bytes: u64) -> Mark {
        Mark {
            bytes,
            tail: Some(7),
        }
    }

    #[test]
    fn progress_is_the_same_after_its_digest() {
        let mut progress = Progress {
            types: vec![("id".to_owned(), "int64".to_owned())],
            files: [("a.csv".to_owned(), mark(5))].into(),
            ..Progress::default()
        };
        let digest = progress.digest().expect("short");
        assert_eq!(Progress::of_digest(&digest).expect("ours"), progress);
        assert!(Progress::of_digest("12").is_err());
    }

    #[test]
    fn the_oldest_files_leave_and_are_counted() {
        let path = |number: u64| format!("orders/{number:06}.csv");
        let files = (0..10_000).map(|number| (path(number), mark(10)));
        let mut progress = Progress {
            files: files.collect(),
            ..Progress::default()
        };
        let digest = progress.digest().expect("shortened");
        assert!(digest.len() <= MAX_DIGEST_BYTES);
        let (left, kept) = (progress.finished.0, progress.files.len() as u64);
        assert!(kept > 500, "{kept}");
        assert_eq!((left + kept, progress.finished.1), (10_000, left * 10));
        assert!(progress.leaves_out(&path(0)) && !progress.leaves_out(&path(left)));
        assert!(!progress.leaves_out("z.csv"));
        assert_eq!(progress.left_out_warning(left, left * 10), None);
        let warning = progress
            .left_out_warning(left + 1, left * 10 + 5)
            .expect("said");
        assert!(warning.contains(&path(left)), "{warning}");
    }
}
