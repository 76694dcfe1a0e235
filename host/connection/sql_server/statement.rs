//! One statement of a plugin, which is hostile text. SQL Server has no transaction that cannot write: the text is
//! checked before it is sent, and the login stays the boundary.

use futures::{FutureExt, StreamExt};
use tiberius::{QueryItem, QueryStream, Row};

use super::super::decode::Decoder;
use super::super::link::{End, Limit, Statement};
use super::builder::Builder;
use super::link::{Link, Wait};
use super::value::value;
use super::{check, classify, params};
use crate::model::batch::Batch;
use crate::model::source::{Column, ErrorKind, SourceError};
use crate::model::value::Value;

/// About what a value without a length of its own takes.
const FIXED_BYTES: usize = 8;

/// A statement whose rows arrive.
pub struct Reading<'a> {
    rows: Rows<'a>,
    pub decoder: Decoder<Builder>,
}

impl<'a> Reading<'a> {
    /// Starts a statement. After an error the link tells by `running` whether it can go on.
    pub async fn start(link: &'a mut Link, of: &Statement<'_>) -> Result<Self, SourceError> {
        check::only_reads(of.sql)?;
        let wait = Wait::of(of);
        let params = params::texts(of.params);
        let columns = link.describe(of.sql, &params, wait).await?;
        let rows = link.ask(of.sql, &params, wait).await?;
        let builders = columns
            .iter()
            .map(|column| Builder::new(&column.data_type))
            .collect();
        Ok(Self {
            rows: Rows { rows, wait },
            decoder: Decoder::new(columns, builders),
        })
    }

    /// Decodes the next row. False after the last, and only then.
    pub async fn next(&mut self) -> Result<bool, End> {
        // Whatever the error, the client may be in the middle of an answer.
        let Some(row) = self
            .rows
            .next(self.decoder.columns())
            .await
            .map_err(End::Ours)?
        else {
            return Ok(false);
        };
        if row.len() != self.decoder.builders().len() {
            return Err(End::Ours(changed()));
        }
        let size = row.len() * FIXED_BYTES;
        self.decoder
            .append(size, row.into_iter(), Builder::append)
            .map_err(End::Ours)?;
        Ok(true)
    }

    /// The rows since the last batch.
    pub fn finish(&mut self) -> Result<Batch, SourceError> {
        let builders = self.decoder.builders().iter().enumerate();
        let rounded = builders
            .filter(|(_, builder)| builder.has_rounded())
            .map(|(index, _)| index)
            .collect();
        Ok(Batch {
            rounded,
            ..self.decoder.finish(Builder::finish)?
        })
    }
}

/// A small answer. Its values are taken as they come, without asking for their columns first.
pub async fn values(
    link: &mut Link,
    of: &Statement<'_>,
    limit: Limit,
) -> Result<Vec<Vec<Value>>, End> {
    check::only_reads(of.sql).map_err(End::Server)?;
    let wait = Wait::of(of);
    let params = params::texts(of.params);
    let rows = link.ask(of.sql, &params, wait).await.map_err(End::Server)?;
    let mut rows = Rows { rows, wait };
    let (mut answer, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next(&[]).await.map_err(End::Ours)? {
        let values = taken(row).map_err(End::Ours)?;
        bytes += values.iter().map(size_of).sum::<usize>();
        answer.push(values);
        limit.check(answer.len(), bytes).map_err(End::Ours)?;
    }
    Ok(answer)
}

fn taken(row: Row) -> Result<Vec<Value>, SourceError> {
    let names: Vec<String> = row
        .columns()
        .iter()
        .map(|column| column.name().to_owned())
        .collect();
    let cells = row.into_iter().zip(names);
    cells
        .map(|(cell, name)| {
            value(cell).map_err(|_| {
                let message = format!("column \"{name}\" holds a value that is not valid");
                SourceError::new(ErrorKind::Conversion, message).with_column(name)
            })
        })
        .collect()
}

fn size_of(value: &Value) -> usize {
    FIXED_BYTES
        + match value {
            Value::Text(text) | Value::Decimal(text) => text.len(),
            Value::Bytes(bytes) => bytes.len(),
            Value::Native { text, .. } => text.len(),
            _ => 0,
        }
}

/// Rows as they arrive.
struct Rows<'a> {
    rows: QueryStream<'a>,
    wait: Wait,
}

impl Rows<'_> {
    /// The next row; none after the last, and only then. `columns` are those that the answer should have, if known.
    async fn next(&mut self, columns: &[Column]) -> Result<Option<Row>, SourceError> {
        loop {
            // Rows mostly are there already: a timer for each would cost more than the row.
            let next = match self.rows.next().now_or_never() {
                Some(next) => next,
                None => self.wait.answer(self.rows.next()).await?,
            };
            match next.transpose() {
                Ok(Some(QueryItem::Row(row))) => return Ok(Some(row)),
                Ok(Some(QueryItem::Metadata(answer))) if answer.result_index() > 0 => {
                    let message = "the statement was refused: it has more than one answer";
                    return Err(SourceError::new(ErrorKind::InvalidRequest, message));
                }
                Ok(Some(QueryItem::Metadata(answer))) => {
                    let names = answer.columns().iter().map(tiberius::Column::name);
                    if !columns.is_empty() && names.ne(columns.iter().map(|column| &*column.name)) {
                        return Err(changed());
                    }
                }
                Ok(None) => return Ok(None),
                Err(error) => return Err(classify::answer_error(&error, columns)),
            }
        }
    }
}

/// The description of a statement may be older than a change of its table.
fn changed() -> SourceError {
    let message = "the columns of the table changed while it was read; it is tried again";
    SourceError::new(ErrorKind::Conflict, message)
}
