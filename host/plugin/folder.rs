//! What lies in the plugins folder: names, sizes and times of change. A file is read only once it has settled, and only when
//! it is another one than before. Polled, because no notification reaches across a network mount.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

use super::gate;
use super::limits::MAX_FILE_BYTES;

/// A file as a look found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    File {
        bytes: u64,
        /// None where the file system keeps no times.
        modified: Option<SystemTime>,
    },
    /// It cannot be taken, and why.
    Unusable(String),
}

/// What is to be done about a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It is as it was when it was taken.
    Leave,
    /// It may still be written.
    Wait,
    Take,
}

/// A file is taken when two looks in a row saw the same: a copy in progress grows. Whoever writes between the second look
/// and the reading is seen by its time of change, which is later than the looks are apart.
pub fn step(seen: Option<&Found>, taken: Option<&Found>, found: &Found) -> Step {
    if taken == Some(found) {
        Step::Leave
    } else if seen == Some(found) {
        Step::Take
    } else {
        Step::Wait
    }
}

/// Every `*.wasm` by name, without those that a copy in progress hides behind a dot. A missing folder is an empty one.
pub fn look(folder: &Path) -> io::Result<BTreeMap<OsString, Found>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut files = BTreeMap::new();
    for entry in entries {
        let name = entry?.file_name();
        if is_component(Path::new(&name))
            && let Some(found) = find(&folder.join(&name))
        {
            files.insert(name, found);
        }
    }
    Ok(files)
}

fn is_component(name: &Path) -> bool {
    !name.as_os_str().as_encoded_bytes().starts_with(b".")
        && name
            .extension()
            .is_some_and(|extension| extension == "wasm")
}

/// None: it is gone.
fn find(path: &Path) -> Option<Found> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => return None,
        Err(error) => return Some(Found::Unusable(format!("cannot be read: {error}"))),
    };
    Some(if !metadata.is_file() {
        Found::Unusable("is not a file".into())
    } else if metadata.len() > MAX_FILE_BYTES {
        Found::Unusable(gate::too_large(metadata.len()))
    } else {
        Found::File {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        }
    })
}

/// The bytes of a file that was found so; none if it has changed since.
///
/// # Errors
/// Why it cannot be taken.
pub fn read(path: &Path, found: &Found) -> Result<Option<Vec<u8>>, String> {
    if let Found::Unusable(problem) = found {
        return Err(problem.clone());
    }
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    Ok((find(path).as_ref() == Some(found)).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: u64) -> Found {
        Found::File {
            bytes,
            modified: None,
        }
    }

    #[test]
    fn a_file_is_taken_when_it_was_seen_twice_the_same() {
        let (half, whole) = (file(1), file(2));
        for (seen, taken, found, expected) in [
            (None, None, &half, Step::Wait),
            (Some(&half), None, &whole, Step::Wait),
            (Some(&whole), None, &whole, Step::Take),
            (Some(&whole), Some(&whole), &whole, Step::Leave),
            (Some(&half), Some(&half), &whole, Step::Wait),
            (Some(&whole), Some(&half), &whole, Step::Take),
            // It was overwritten and put back between two looks at it.
            (Some(&half), Some(&whole), &whole, Step::Leave),
        ] {
            assert_eq!(step(seen, taken, found), expected, "{seen:?} {taken:?}");
        }
    }

    #[test]
    fn only_files_for_the_host_are_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs::write(folder.path().join(name), "12345").unwrap();
        for name in ["b.wasm", ".c.wasm", "d.wasm.part", "wasm", "a.wasm"] {
            write(name);
        }
        fs::create_dir(folder.path().join("e.wasm")).unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("f.wasm")).unwrap();
        let found = look(folder.path()).unwrap();
        assert_eq!(
            found
                .keys()
                .map(|name| name.to_str().unwrap())
                .collect::<Vec<_>>(),
            ["a.wasm", "b.wasm", "e.wasm", "f.wasm"]
        );
        assert!(matches!(
            &found[&OsString::from("a.wasm")],
            Found::File { bytes: 5, .. }
        ));
        for unusable in ["e.wasm", "f.wasm"] {
            assert!(matches!(
                &found[&OsString::from(unusable)],
                Found::Unusable(_)
            ));
        }
        assert!(look(&folder.path().join("none")).unwrap().is_empty());
    }

    #[test]
    fn what_changes_while_it_is_read_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wasm");
        fs::write(&path, "12345").unwrap();
        let found = find(&path).unwrap();
        assert_eq!(read(&path, &found), Ok(Some(b"12345".to_vec())));
        fs::write(&path, "123456").unwrap();
        assert_eq!(read(&path, &found), Ok(None));
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path, &found), Ok(None));
        assert!(read(&path, &Found::Unusable("is not a file".into())).is_err());
    }
}
