//! Where a row begins, as a cursor says it, and as a person finds it.

use plugin_sdk::prelude::*;

/// To name a line, those before it are counted; beyond this the byte has to do.
const MAX_COUNTED_BYTES: u64 = 256 * 1024 * 1024;
/// Asked of the host at once.
const CHUNK_BYTES: u64 = 256 * 1024;

/// Where a row begins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub path: String,
    pub offset: u64,
}

impl Place {
    pub fn text(&self) -> String {
        format!("{}:{:012}", self.path, self.offset)
    }

    pub fn of_text(text: &str) -> Option<Self> {
        let (path, offset) = text.rsplit_once(':')?;
        let offset = offset.parse().ok()?;
        (!path.is_empty()).then(|| Self {
            path: path.to_owned(),
            offset,
        })
    }
}

/// The number of the line that holds a byte, from 1; none where counting takes too long, or fails.
pub fn line_of(file: &File, offset: u64) -> Option<u64> {
    if offset > MAX_COUNTED_BYTES {
        return None;
    }
    let (mut line, mut at) = (1, 0);
    while at < offset {
        let bytes = file.read(at, (offset - at).min(CHUNK_BYTES) as u32).ok()?;
        if bytes.is_empty() {
            break;
        }
        line += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        at += bytes.len() as u64;
    }
    Some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_same_after_its_text() {
        let place = Place {
            path: "a:b/c.csv".to_owned(),
            offset: 123,
        };
        assert_eq!(place.text(), "a:b/c.csv:000000000123");
        assert_eq!(Place::of_text(&place.text()), Some(place));
        for text in ["", "a.csv", ":1", "a.csv:x", "a.csv:-1"] {
            assert_eq!(Place::of_text(text), None, "{text}");
        }
    }
}
