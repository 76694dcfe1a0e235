//! One statement of a plugin, which is hostile text, on its thread: refused if it is not one that only reads, else run to
//! its end, or until nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::types::{Value as Bound, ValueRef};
use tokio::sync::mpsc;

use super::builder::Stored;
use super::watch::Watch;
use super::{classify, declared};
use crate::model::source::{Column, SourceError};
use crate::model::value::Value;

/// Handing over each row alone would cost more than the row.
const CHUNK_ROWS: usize = 512;
const CHUNK_BYTES: usize = 256 * 1024;
/// About what a value without a length of its own takes.
pub const FIXED_BYTES: usize = 8;

/// What comes from the thread: the columns, then rows, then an end.
pub enum Message {
    Columns(Arc<[Column]>),
    Rows(Vec<Vec<Stored>>),
    End(Result<(), SourceError>),
}

/// One statement on its thread.
pub struct Run<'a> {
    pub watch: &'a Watch,
    /// For each row; none: the statement has a time as a whole.
    pub each: Option<Duration>,
    pub out: &'a mpsc::Sender<Message>,
}

impl Run<'_> {
    /// Refuses what does not only read, and hands over the rows of everything else.
    pub fn statement(
        &self,
        connection: &Connection,
        sql: &str,
        params: &[Bound],
    ) -> Result<(), SourceError> {
        let said = |error: rusqlite::Error| classify::error(&error);
        let mut statement = connection.prepare(sql).map_err(said)?;
        if !statement.readonly() {
            return Err(classify::refused("it writes"));
        }
        if statement.column_count() == 0 {
            return Err(classify::refused("it answers no rows"));
        }
        let wanted = statement.parameter_count();
        if wanted != params.len() {
            let why = format!("it has {wanted} parameters and got {}", params.len());
            return Err(classify::refused(&why));
        }
        for (index, param) in params.iter().enumerate() {
            statement
                .raw_bind_parameter(index + 1, param)
                .map_err(said)?;
        }
        let columns: Arc<[Column]> = statement.columns().iter().map(column).collect();
        let width = columns.len();
        self.send(Message::Columns(columns))?;
        let (mut rows, mut chunk, mut bytes) = (statement.raw_query(), Vec::new(), 0);
        loop {
            if let Some(each) = self.each {
                self.watch.allow(each);
            }
            let Some(row) = rows.next().map_err(said)? else {
                return self.send(Message::Rows(chunk));
            };
            let row: Vec<Stored> = (0..width)
                .map(|index| row.get_ref(index).map(stored))
                .collect::<Result<_, _>>()
                .map_err(said)?;
            bytes += size_of(&row);
            chunk.push(row);
            if chunk.len() >= CHUNK_ROWS || bytes >= CHUNK_BYTES {
                self.send(Message::Rows(std::mem::take(&mut chunk)))?;
                bytes = 0;
            }
        }
    }

    /// Waits until there is room. What is not waited for any more ends the statement.
    fn send(&self, message: Message) -> Result<(), SourceError> {
        self.out
            .blocking_send(message)
            .map_err(|_| classify::lost())
    }
}

fn column(of: &rusqlite::Column<'_>) -> Column {
    Column {
        name: of.name().to_owned(),
        data_type: declared::data_type(of.decl_type()),
        nullable: true,
        native_type: of.decl_type().unwrap_or_default().to_owned(),
    }
}

fn stored(value: ValueRef<'_>) -> Stored {
    match value {
        ValueRef::Null => Stored::Null,
        ValueRef::Integer(value) => Stored::Int(value),
        ValueRef::Real(value) => Stored::Real(value),
        ValueRef::Text(value) => Stored::Text(value.to_vec()),
        ValueRef::Blob(value) => Stored::Blob(value.to_vec()),
    }
}

/// About how many bytes a row takes.
pub fn size_of(row: &[Stored]) -> usize {
    let sizes = row.iter().map(|value| match value {
        Stored::Text(value) | Stored::Blob(value) => FIXED_BYTES + value.len(),
        _ => FIXED_BYTES,
    });
    sizes.sum()
}

/// As SQLite stores such a value; what it has no kind for is bound as text.
pub fn bound(value: &Value) -> Bound {
    match value {
        Value::Null => Bound::Null,
        Value::Boolean(value) => Bound::Integer((*value).into()),
        Value::Int(value) => Bound::Integer(*value),
        Value::Float(value) => Bound::Real(*value),
        Value::Bytes(value) => Bound::Blob(value.clone()),
        other => other.to_text().map_or(Bound::Null, Bound::Text),
    }
}
