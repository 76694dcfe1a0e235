//! The DSN of this kind: the file's path.

use std::path::{Path, PathBuf};

/// Which file is read.
pub struct Dsn {
    pub file: PathBuf,
}

impl Dsn {
    /// A relative path starts at `base`. Whether the file is there shows when a session is opened.
    ///
    /// # Errors
    /// What is wrong with the path, without naming it.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if text.is_empty() || text.contains('\0') {
            return Err("it is not the path of a database file, like /srv/app.db".to_owned());
        }
        if text.contains(':') && !text.starts_with('/') {
            return Err(
                "it is a URL or a name with a meaning of its own, not the path of a database file"
                    .to_owned(),
            );
        }
        Ok(Self {
            file: base.join(text),
        })
    }
}
