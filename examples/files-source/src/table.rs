//! Which files are which table. A table is named by the first part of its files' paths, without the extension:
//! `customers.csv`, `orders/2024-01.csv` and `orders/2024/02.ndjson` are one file of `customers` and two of `orders`.

use std::collections::BTreeSet;

use plugin_sdk::prelude::*;

/// How the lines of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Ndjson,
}

impl Format {
    fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// A file of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    pub path: String,
    /// When it was listed.
    pub size: u64,
    pub format: Format,
}

/// A table and its files.
#[derive(Debug, Default)]
pub struct Table {
    pub name: String,
    /// In the order of their paths.
    pub files: Vec<DataFile>,
    /// Files among them whose extension says nothing.
    pub others: Vec<String>,
}

impl Table {
    /// # Errors
    /// `NotFound`, with the names that are like it, where there is no file.
    pub fn find(listed: &[FileEntry], schema: Option<&str>, name: &str) -> Result<Self, Error> {
        let table = Self::now(listed, schema, name)?;
        if table.files.is_empty() {
            return Err(missing(name, &names(listed)));
        }
        Ok(table)
    }

    /// The same, also without files: those that were read may have been moved away.
    pub fn now(listed: &[FileEntry], schema: Option<&str>, name: &str) -> Result<Self, Error> {
        if let Some(schema) = schema.filter(|schema| !schema.is_empty()) {
            let message = format!("a folder has no schemas: leave out \"{schema}\"");
            return Err(error(ErrorKind::NotFound, message));
        }
        let mut table = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        for entry in listed {
            match Format::of(&entry.path) {
                Some(format) if name_of(&entry.path) == name => table.files.push(DataFile {
                    path: entry.path.clone(),
                    size: entry.size,
                    format,
                }),
                None if is_inside(&entry.path, name) => table.others.push(entry.path.clone()),
                _ => {}
            }
        }
        Ok(table)
    }

    /// Where the types of its columns may be written down.
    pub fn types_file(&self) -> String {
        format!("{}.types.json", self.name)
    }
}

/// The tables, in order.
pub fn names(listed: &[FileEntry]) -> BTreeSet<&str> {
    let data = listed
        .iter()
        .filter(|entry| Format::of(&entry.path).is_some());
    data.map(|entry| name_of(&entry.path)).collect()
}

fn name_of(path: &str) -> &str {
    match path.split_once('/') {
        Some((folder, _)) => folder,
        None => path.rsplit_once('.').map_or(path, |(stem, _)| stem),
    }
}

fn is_inside(path: &str, folder: &str) -> bool {
    path.split_once('/')
        .is_some_and(|(first, _)| first == folder)
}

fn missing(name: &str, names: &BTreeSet<&str>) -> Error {
    let mut message = format!(
        "there is no file {name}.csv or {name}.ndjson, and no folder {name} with such files"
    );
    let similar = nearest(name, names.iter().copied());
    if !similar.is_empty() {
        message += &format!("; similar tables are {}", similar.join(", "));
    }
    error(ErrorKind::NotFound, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(paths: &[&str]) -> Vec<FileEntry> {
        let entry = |path: &&str| FileEntry {
            path: (*path).to_owned(),
            size: 1,
        };
        paths.iter().map(entry).collect()
    }

    #[test]
    fn a_table_is_the_first_part_of_the_path() {
        let files = listed(&[
            "README.md",
            "a.b.csv",
            "customers.CSV",
            "customers.jsonl",
            "customers.types.json",
            "orders/2024/01.ndjson",
            "orders/notes.txt",
        ]);
        let names: Vec<_> = names(&files).into_iter().collect();
        assert_eq!(names, ["a.b", "customers", "orders"]);
        let customers = Table::find(&files, None, "customers").expect("is there");
        assert_eq!(customers.files.len(), 2);
        assert_eq!(customers.files[0].format, Format::Csv);
        let orders = Table::find(&files, Some(""), "orders").expect("is there");
        assert_eq!(orders.others, ["orders/notes.txt"]);
    }

    #[test]
    fn a_missing_table_names_its_like() {
        let files = listed(&["orders/a.csv"]);
        let error = Table::find(&files, None, "order").expect_err("is not there");
        assert!(
            error.message.contains("similar tables are orders"),
            "{}",
            error.message
        );
        assert!(Table::find(&files, Some("public"), "orders").is_err());
    }
}
