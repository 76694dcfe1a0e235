//! The DSN of this kind: the folder's path.

use std::path::{Path, PathBuf};

/// Which folder is lent.
pub struct Dsn {
    pub folder: PathBuf,
}

impl Dsn {
    /// A relative path starts at `base`. Whether the folder is there shows when a session is opened.
    ///
    /// # Errors
    /// What is wrong with the path, without naming it.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if text.is_empty() || text.contains('\0') {
            return Err("it is not the path of a folder, like /srv/exports".to_owned());
        }
        if text.contains("://") {
            return Err("it is a URL, not the path of a folder of this machine".to_owned());
        }
        Ok(Self {
            folder: base.join(text),
        })
    }
}
