//! What a soak ends with.

use std::fmt;
use std::path::Path;

/// Enough for a message; there may be thousands.
const SHOWN: usize = 10;

/// What was there to compare.
#[derive(Debug)]
pub struct Outcome {
    pub rows: usize,
    pub commits: u64,
    pub transactions: u64,
    pub differences: Vec<String>,
}

impl Outcome {
    /// # Panics
    /// There are differences.
    pub fn assert_exact(&self) {
        let shown = &self.differences[..SHOWN.min(self.differences.len())];
        assert!(
            shown.is_empty(),
            "{} differences: {shown:#?}",
            self.differences.len()
        );
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows,
            commits,
            transactions,
            differences,
        } = self;
        write!(
            f,
            "{transactions} transactions, {commits} commits, {rows} rows, {} differences",
            differences.len()
        )
    }
}

/// Entries of the logs of all tables of the only knowledge base; a log's numbers go on when old entries are cleaned away.
pub fn commits(lake: &Path) -> u64 {
    let folders = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<_>>()
    };
    let tables = folders(lake)
        .iter()
        .flat_map(|kb| folders(kb))
        .collect::<Vec<_>>();
    let entries = tables.iter().filter_map(|table| {
        let names = folders(&table.join("_delta_log"));
        let numbers = names
            .iter()
            .filter_map(|path| path.file_stem()?.to_str()?.parse::<u64>().ok());
        Some(numbers.max()? + 1)
    });
    entries.sum()
}
