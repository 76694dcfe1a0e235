//! What the machine offers for a cluster: server programs, a user to run them as, a free port.

use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use super::error::{ClusterError, cannot};

pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Gives the folder to the user that the server runs as, if we are root.
pub fn server_user(folder: &Path) -> Result<Option<(u32, u32)>, ClusterError> {
    // A new folder belongs to whom this process runs as.
    if std::fs::metadata(folder)
        .map_err(cannot("make a folder"))?
        .uid()
        != 0
    {
        return Ok(None);
    }
    let accounts = std::fs::read_to_string("/etc/passwd").map_err(cannot("read /etc/passwd"))?;
    let user = account(&accounts, "postgres")
        .or_else(|| account(&accounts, "nobody"))
        .ok_or(ClusterError::NoUser)?;
    chown(folder, Some(user.0), Some(user.1)).map_err(cannot("hand over a folder"))?;
    Ok(Some(user))
}

/// Numbers of a user and its group.
fn account(accounts: &str, name: &str) -> Option<(u32, u32)> {
    let fields = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name)?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

/// The folder with `initdb` and `postgres`: on the PATH, else where packages put them, newest version first.
pub fn server_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(versions("/usr/lib/postgresql", "", "bin"));
    folders.extend(versions("/usr", "pgsql-", "bin"));
    folders.extend(versions("/opt/homebrew/opt", "postgresql@", "bin"));
    folders.extend(versions("/usr/local/opt", "postgresql@", "bin"));
    folders.into_iter().find(|folder| {
        ["initdb", "postgres", "pg_ctl"]
            .iter()
            .all(|name| folder.join(name).is_file())
    })
}

/// `<parent>/<prefix><version>/<child>` for every version there is, newest first.
fn versions(parent: &str, prefix: &str, child: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((
                name.strip_prefix(prefix)?.parse().ok()?,
                entry.path().join(child),
            ))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, folder)| folder).collect()
}
