//! Rows from SQLite to the client, one by one ([MS-TDS] 2.2.7.19, 2.2.7.15).

use rusqlite::types::{Value, ValueRef};
use rusqlite::{ErrorCode, Row, Statement};

use super::{Session, Stop};
use crate::error::SqlError;
use crate::faults::Effect;
use crate::sql::bind::{BoundQuery, Output};
use crate::types::collation;
use crate::wire::rpc::Parameter;
use crate::wire::tokens;

/// Behind how many rows a query with ties may stop, and the order of its hidden columns.
pub type Ties<'a> = Option<(u64, &'a [Option<&'static str>])>;

/// Sends all rows; their number.
pub fn send(
    session: &mut Session,
    query: &BoundQuery,
    ties: Ties<'_>,
    parameters: &[Parameter],
    effect: Option<Effect>,
) -> Result<u64, Stop> {
    let columns = query
        .columns
        .iter()
        .map(|column| (column.name.as_str(), &column.sent));
    tokens::columns(&mut session.reply.tokens, columns);
    let db = session.db.clone();
    let mut statement = db.prepare(&query.sql).map_err(stop)?;
    bind(&mut statement, parameters).map_err(stop)?;
    let mut rows = statement.raw_query();
    let mut count = 0;
    let mut last_key: Vec<Value> = Vec::new();
    loop {
        session.strike(effect.as_ref(), count)?;
        let Some(row) = rows.next().map_err(stop)? else {
            return Ok(count);
        };
        if session.cancel.is_set() {
            return Err(Stop::Cancelled);
        }
        if let Some((wanted, orders)) = ties {
            if count >= wanted
                && !(wanted > 0 && same_key(row, query.columns.len(), &last_key, orders)?)
            {
                return Ok(count);
            }
            if count + 1 == wanted {
                last_key = key(row, query.columns.len(), orders.len())?;
            }
        }
        encode(row, &query.columns, &mut session.reply.tokens)?;
        count += 1;
        session.reply.spill()?;
    }
}

fn key(row: &Row<'_>, from: usize, length: usize) -> Result<Vec<Value>, Stop> {
    (from..from + length)
        .map(|at| row.get(at))
        .collect::<rusqlite::Result<_>>()
        .map_err(stop)
}

fn same_key(
    row: &Row<'_>,
    from: usize,
    last: &[Value],
    orders: &[Option<&'static str>],
) -> Result<bool, Stop> {
    let key = key(row, from, last.len())?;
    let same = |((a, b), order): ((&Value, &Value), &Option<&'static str>)| match (a, b, order) {
        (Value::Text(a), Value::Text(b), Some(order)) => collation::compare(order, a, b).is_eq(),
        (a, b, _) => a == b,
    };
    Ok(key.iter().zip(last).zip(orders).all(same))
}

/// With a quarter or more of NULLs, they are told by a bitmap in front, as the server does it.
fn encode(row: &Row<'_>, columns: &[Output], out: &mut Vec<u8>) -> Result<(), Stop> {
    let value = |at: usize| row.get_ref(at).map_err(stop);
    let mut nulls = vec![0u8; columns.len().div_ceil(8)];
    let mut null_count = 0;
    for at in 0..columns.len() {
        if value(at)? == ValueRef::Null {
            nulls[at / 8] |= 1 << (at % 8);
            null_count += 1;
        }
    }
    let compressed = null_count > 0 && null_count * 4 >= columns.len();
    out.push(if compressed {
        tokens::NULL_COMPRESSED_ROW
    } else {
        tokens::ROW
    });
    if compressed {
        out.extend(nulls);
    }
    for (at, column) in columns.iter().enumerate() {
        let value = value(at)?;
        if !(compressed && value == ValueRef::Null) {
            column.sent.value(value, out)?;
        }
    }
    Ok(())
}

pub fn bind(statement: &mut Statement<'_>, parameters: &[Parameter]) -> rusqlite::Result<()> {
    for parameter in parameters {
        let name = parameter.name.to_lowercase();
        if let Some(at) = statement.parameter_index(&name)? {
            statement.raw_bind_parameter(at, &parameter.value)?;
        }
    }
    Ok(())
}

impl Session {
    /// What the fault does behind so many rows.
    pub fn strike(&mut self, effect: Option<&Effect>, rows: u64) -> Result<(), Stop> {
        match effect {
            Some(Effect::Hangup { rows: at }) if *at == rows => {
                self.reply.flush()?;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into())
            }
            Some(Effect::Truncate { rows: at }) if *at == rows => {
                self.reply.truncate()?;
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into())
            }
            Some(Effect::Error { rows: at, error }) if *at == rows => Err(error.clone().into()),
            Some(Effect::Delay { every, pause })
                if *every > 0 && rows > 0 && rows.is_multiple_of(*every) =>
            {
                self.pause(*pause)
            }
            _ => Ok(()),
        }
    }
}

pub fn stop(error: rusqlite::Error) -> Stop {
    match error.sqlite_error_code() {
        Some(ErrorCode::OperationInterrupted) => Stop::Cancelled,
        _ => Stop::Error(sql_error(error)),
    }
}

/// An error of SQLite in the server's words; one that is not foreseen is a fault of the stand-in, and says so.
pub fn sql_error(error: rusqlite::Error) -> SqlError {
    let text = error.to_string();
    if let Some(own) = SqlError::from_sqlite(&text) {
        return own;
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqlError::numbered(1205),
        _ if text.contains("integer overflow") => SqlError::overflow("bigint"),
        _ => SqlError::new(40000, 16, format!("The stand-in's SQLite says: {text}")),
    }
}
