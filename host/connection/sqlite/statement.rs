//! One statement of a plugin, as its rows arrive from the thread where it runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::super::decode::Decoder;
use super::super::link::{End, Limit, Span, Statement};
use super::super::trouble::Trouble;
use super::builder::{Builder, Stored, utf8};
use super::classify;
use super::link::Link;
use super::run::{FIXED_BYTES, Message, Run, bound, size_of};
use crate::model::batch::Batch;
use crate::model::source::{Column, SourceError};
use crate::model::value::Value;

/// The thread ends a statement itself; this is for a file system that does not answer it.
const GRACE: Duration = Duration::from_secs(10);

/// A statement whose rows arrive.
pub struct Reading {
    rows: Rows,
    pub decoder: Decoder<Builder>,
}

/// Rows as they arrive.
struct Rows {
    chunk: std::vec::IntoIter<Vec<Stored>>,
    messages: mpsc::Receiver<Message>,
    patience: Duration,
}

impl Reading {
    /// Starts a statement. After an error `Link::settle` tells whether another one can follow.
    pub async fn start(link: &mut Link, of: &Statement<'_>) -> Result<Self, SourceError> {
        let (columns, rows) = start(link, of).await?;
        let builders = columns
            .iter()
            .map(|column| Builder::new(&column.data_type))
            .collect();
        Ok(Self {
            rows,
            decoder: Decoder::new(columns, builders),
        })
    }

    /// Decodes the next row. False after the last, and only then.
    pub async fn next(&mut self) -> Result<bool, End> {
        let Some(row) = self.rows.next().await? else {
            return Ok(false);
        };
        let size = row.len() * FIXED_BYTES;
        self.decoder
            .append(size, row.into_iter(), Builder::append)
            .map_err(End::Ours)?;
        Ok(true)
    }

    /// The rows since the last batch.
    pub fn finish(&mut self) -> Result<Batch, SourceError> {
        self.decoder.finish(Builder::finish)
    }
}

/// A small answer. Its values are taken as they are stored, whatever their columns say.
pub async fn values(
    link: &mut Link,
    of: &Statement<'_>,
    limit: Limit,
) -> Result<Vec<Vec<Value>>, End> {
    let (columns, mut rows) = start(link, of).await.map_err(End::Server)?;
    let (mut answer, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().await? {
        bytes += size_of(&row);
        let row = row
            .into_iter()
            .zip(columns.iter())
            .map(|(stored, column)| value(stored).map_err(|trouble| trouble.explain(column)));
        answer.push(row.collect::<Result<_, _>>().map_err(End::Ours)?);
        limit.check(answer.len(), bytes).map_err(End::Ours)?;
    }
    Ok(answer)
}

fn value(stored: Stored) -> Result<Value, Trouble> {
    Ok(match stored {
        Stored::Null => Value::Null,
        Stored::Int(value) => Value::Int(value),
        Stored::Real(value) => Value::Float(value),
        Stored::Text(value) => Value::Text(utf8(&value)?.to_owned()),
        Stored::Blob(value) => Value::Bytes(value),
    })
}

async fn start(link: &mut Link, of: &Statement<'_>) -> Result<(Arc<[Column]>, Rows), SourceError> {
    let (out, messages) = mpsc::channel(1);
    let (sql, span, timeout) = (of.sql.to_owned(), of.span, of.timeout);
    let params: Vec<_> = of.params.iter().map(bound).collect();
    link.run(move |connection, watch| {
        watch.allow(timeout);
        let run = Run {
            watch,
            each: (span == Span::Stream).then_some(timeout),
            out: &out,
        };
        let end = run.statement(connection, &sql, &params);
        // A reader that is gone does not care.
        let _ = out.blocking_send(Message::End(end));
    })?;
    let mut rows = Rows {
        chunk: Vec::new().into_iter(),
        messages,
        patience: timeout.saturating_add(GRACE),
    };
    match rows.message().await? {
        Message::Columns(columns) => Ok((columns, rows)),
        Message::End(Err(error)) => Err(error),
        _ => Err(classify::lost()),
    }
}

impl Rows {
    async fn message(&mut self) -> Result<Message, SourceError> {
        match tokio::time::timeout(self.patience, self.messages.recv()).await {
            Ok(message) => message.ok_or_else(classify::lost),
            Err(_) => Err(classify::too_long()),
        }
    }

    /// The next row; none after the last, and only then.
    async fn next(&mut self) -> Result<Option<Vec<Stored>>, End> {
        loop {
            if let Some(row) = self.chunk.next() {
                return Ok(Some(row));
            }
            match self.message().await.map_err(End::Ours)? {
                Message::Rows(rows) => self.chunk = rows.into_iter(),
                Message::End(end) => return end.map(|()| None).map_err(End::Server),
                Message::Columns(_) => return Err(End::Ours(classify::lost())),
            }
        }
    }
}
