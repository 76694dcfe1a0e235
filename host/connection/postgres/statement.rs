//! One statement of a plugin, which is hostile text, in a transaction that cannot write.
//!
//! The transaction is opened together with a query of ours: after a query, `set transaction read write` is
//! impossible. The text then goes through the extended protocol, where a second statement is impossible, and
//! must be a query that returns columns, so it cannot end the transaction either. The login stays the boundary.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::BytesMut;
use futures::{FutureExt, StreamExt, TryStreamExt, future};
use tokio_postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Row, RowStream};

use super::super::decode::Decoder;
use super::super::link::{End, Span, Statement};
use super::builder::Builder;
use super::classify;
use super::columns;
use super::decode;
use super::link::Link;
use crate::model::batch::Batch;
use crate::model::source::{ErrorKind, SourceError};

const BEGIN: &str = "begin isolation level repeatable read read only; select 1";
/// A stream may run for hours; it is bounded by the wait for its next row instead.
const BEGIN_STREAM: &str =
    "begin isolation level repeatable read read only; set local statement_timeout = 0; select 1";

/// A roll back, so that not even a setting outlives the statement.
const END: &str = "rollback";

/// What the server's own timeouts get before we stop waiting for its answer.
const GRACE: Duration = Duration::from_secs(5);

/// A statement whose rows arrive. Its transaction ends on the server with the last of them; [`finish`] waits for that.
pub struct Reading {
    rows: Pin<Box<RowStream>>,
    wait: Duration,
    pub decoder: Decoder<Builder>,
}

impl Reading {
    /// Decodes the next row. False after the last, and only then.
    pub async fn next(&mut self) -> Result<bool, End> {
        let Some(row) = self.row().await.map_err(End::Server)? else {
            return Ok(false);
        };
        decode::append(&mut self.decoder, &row).map_err(End::Ours)?;
        Ok(true)
    }

    /// The rows since the last batch.
    pub fn finish(&mut self) -> Result<Batch, SourceError> {
        self.decoder.finish(Builder::finish)
    }

    async fn row(&mut self) -> Result<Option<Row>, SourceError> {
        // Rows mostly are there already: a timer for each would cost more than the row.
        let next = match self.rows.next().now_or_never() {
            Some(next) => next,
            None => tokio::time::timeout(self.wait, self.rows.next())
                .await
                .map_err(|_| classify::silence())?,
        };
        next.transpose()
            .map_err(|error| classify::session_error(&error))
    }

    /// Starts a statement. After an error [`finish`] tells whether the link can go on.
    pub async fn start(link: &mut Link, of: &Statement<'_>) -> Result<Self, SourceError> {
        let (sql, params) = (of.sql, of.params);
        check_first_word(sql)?;
        let wait = of.timeout + GRACE;
        link.running = true;
        let client = link.client();
        let begin = if of.span == Span::Stream {
            BEGIN_STREAM
        } else {
            BEGIN
        };
        // Sent together, in this order, for one round trip.
        let (begun, prepared) = answered(wait, async {
            Ok(futures::join!(
                client.batch_execute(begin),
                client.prepare(sql)
            ))
        })
        .await?;
        begun.map_err(|error| classify::session_error(&error))?;
        let statement = prepared.map_err(|error| classify::session_error(&error))?;
        if statement.columns().is_empty() {
            return Err(refused("it returns no columns"));
        }
        if statement.params().len() != params.len() {
            let message = format!(
                "the statement takes {} parameters, not {}",
                statement.params().len(),
                params.len()
            );
            return Err(SourceError::new(ErrorKind::InvalidRequest, message));
        }
        let decoder = decode::decoder(&statement, columns::describe(&statement)?);
        let params: Vec<TextParam> = params
            .iter()
            .map(|value| TextParam(value.to_text()))
            .collect();
        // The server ends the transaction by itself after the last row, not when we have read it.
        let (rows, ending) = answered(wait, async {
            Ok(futures::join!(
                client.query_raw(&statement, params),
                client.simple_query_raw(END)
            ))
        })
        .await?;
        link.ending = ending.ok().map(Box::pin);
        let rows = rows.map_err(|error| classify::session_error(&error))?;
        Ok(Self {
            rows: Box::pin(rows),
            wait,
            decoder,
        })
    }
}

/// Waits until the transaction has ended.
pub async fn finish(link: &mut Link) -> Result<(), SourceError> {
    match link.ending.take() {
        Some(ending) => answered(GRACE, ending.try_for_each(|_| future::ok(()))).await?,
        // The statement was not even started.
        None => answered(GRACE, link.client().batch_execute(END)).await?,
    }
    link.running = false;
    Ok(())
}

async fn answered<T>(
    wait: Duration,
    request: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, SourceError> {
    match tokio::time::timeout(wait, request).await {
        Ok(answer) => answer.map_err(|error| classify::session_error(&error)),
        Err(_) => Err(classify::silence()),
    }
}

fn refused(why: &str) -> SourceError {
    let message = format!("the statement was refused: {why}; connections take queries only");
    SourceError::new(ErrorKind::InvalidRequest, message)
}

/// `explain analyze`, `show` and `fetch` return columns too.
fn check_first_word(sql: &str) -> Result<(), SourceError> {
    let word = first_word(sql).to_ascii_lowercase();
    match word.as_str() {
        "select" | "with" | "values" | "table" => Ok(()),
        _ => Err(refused(
            "it does not start with SELECT, WITH, VALUES or TABLE",
        )),
    }
}

/// What follows white space, comments and opening parentheses.
fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest =
            rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace() || letter == '(');
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find(['\n', '\r']).map_or("", |end| &comment[end..]);
        } else if rest.starts_with("/*") {
            rest = after_block_comment(rest);
        } else {
            let end = rest
                .find(|letter: char| !letter.is_ascii_alphabetic())
                .unwrap_or(rest.len());
            return &rest[..end];
        }
    }
}

/// Block comments nest in PostgreSQL.
fn after_block_comment(sql: &str) -> &str {
    let (mut depth, mut at) = (0_usize, 0);
    let bytes = sql.as_bytes();
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return &sql[at..];
        }
    }
    ""
}

/// A parameter in text form: the server parses it, losslessly, as the type that the statement gives it.
struct TextParam(Option<String>);

/// tokio-postgres logs parameters by this.
impl std::fmt::Debug for TextParam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("_")
    }
}

impl ToSql for TextParam {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Some(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_is_behind_comments_and_parentheses() {
        assert_eq!(first_word(" -- a\n /* b /* c */ d */ ((select 1"), "select");
        assert_eq!(first_word("With(x) as"), "With");
        assert_eq!(first_word("/* select"), "");
        assert_eq!(first_word("-- select"), "");
        assert_eq!(first_word("*/ select"), "");
        assert!(check_first_word("explain analyze select 1").is_err());
        assert!(check_first_word("TABLE t").is_ok());
    }

    #[test]
    fn a_logged_parameter_shows_nothing() {
        assert_eq!(format!("{:?}", TextParam(Some("canary".into()))), "_");
    }
}
