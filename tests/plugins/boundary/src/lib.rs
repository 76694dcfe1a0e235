//! A guest whose pages cost nothing but their way across the boundary. The table's name says which way: `handle`, `column`,
//! `by-columns` or `by-rows`. Its rows never end. Never shipped.

// Exported names of the contract cannot be linked for other machines.
#![cfg(target_arch = "wasm32")]

mod rows;

wit_bindgen::generate!({ path: "../../../wit", world: "source-plugin" });

use std::cell::Cell;

use exports::sluice::source::source::{
    Batch, Column, ColumnEntry, Connection, Cursor, Description, Error, Guest, GuestReader, Page,
    Reader, Request, Step, TableEntry, Value,
};

struct Boundary;

impl Guest for Boundary {
    type Reader = Read;

    fn describe() -> Description {
        Description {
            kind: "boundary".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            connection_kinds: vec!["files".into()],
            default_schema: String::new(),
            capabilities: Vec::new(),
        }
    }

    fn check(_: &Connection) -> Result<String, Error> {
        Ok(String::new())
    }

    fn tables(_: &Connection) -> Result<Vec<TableEntry>, Error> {
        Ok(Vec::new())
    }

    fn columns(_: &Connection, _: Option<String>, _: String) -> Result<Vec<ColumnEntry>, Error> {
        Ok(Vec::new())
    }
}

struct Read {
    way: String,
    /// What the ways that build nothing hand out again and again.
    batch: Batch,
    pages: Cell<i64>,
}

impl GuestReader for Read {
    fn open(_: Connection, request: Request) -> Result<Reader, Error> {
        Ok(Reader::new(Read {
            way: request.table,
            batch: rows::by_columns()?,
            pages: Cell::new(0),
        }))
    }

    fn columns(&self) -> Vec<Column> {
        rows::columns()
    }

    fn key(&self) -> Vec<u32> {
        vec![0]
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    fn next(&self, _: u32) -> Result<Step, Error> {
        let batch = match self.way.as_str() {
            "by-columns" => rows::by_columns()?,
            "by-rows" => rows::by_rows()?,
            way => {
                if way == "column" {
                    std::hint::black_box(self.batch.column(0)?);
                }
                self.batch.slice(0, rows::ROWS)?
            }
        };
        // As every plugin over SQL does: the cursor comes from the last row.
        std::hint::black_box(batch.values(rows::ROWS - 1, &[0])?);
        self.pages.set(self.pages.get() + 1);
        let cursor = Cursor {
            value: Value::Int(self.pages.get()),
            tie: Vec::new(),
            landed: None,
            digest: None,
        };
        Ok(Step::Rows(Page {
            batch,
            cursor: Some(cursor),
            boundary: false,
        }))
    }
}

export!(Boundary);
