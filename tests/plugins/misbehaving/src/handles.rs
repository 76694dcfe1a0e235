//! Handles and indices that are not the guest's to use.

use crate::exports::sluice::source::source::{Batch, Connection, Done, Error, Step};
use crate::rows;
use crate::sluice::source::database::Statement;

/// A batch that nobody gave.
pub fn unknown() -> Batch {
    // SAFETY: none; the host has to see it.
    unsafe { Batch::from_handle(9_999) }
}

/// The number of a handle of another type.
pub fn of_a_connection(session: &Connection) -> Batch {
    // SAFETY: as above.
    unsafe { Batch::from_handle(session.handle()) }
}

/// A batch that was given away before.
pub fn dropped() -> Result<Batch, Error> {
    let batch = rows::by_columns(1, 1)?;
    let number = batch.handle();
    drop(batch);
    // SAFETY: as above.
    Ok(unsafe { Batch::from_handle(number) })
}

/// Every index is wrong; every answer has to be an error value.
pub fn out_of_range() -> Result<Step, Error> {
    let batch = rows::by_columns(1, 3)?;
    let columns = batch.columns().len() as u32;
    let answers = [
        batch.values(3, &[0]).is_err(),
        batch.values(u32::MAX, &[]).is_err(),
        batch.values(0, &[columns]).is_err(),
        batch.values(0, &[0; 5_000]).is_err(),
        batch.column(columns).is_err(),
        batch.column(u32::MAX).is_err(),
        batch.slice(0, 4).is_err(),
        batch.slice(u32::MAX, u32::MAX).is_err(),
        batch.project(&[columns]).is_err(),
        batch.project(&[u32::MAX]).is_err(),
        batch.project(&[0; 5_000]).is_err(),
        batch.slice(3, 0).is_ok_and(|empty| empty.len() == 0),
        batch.slice(1, 2).is_ok_and(|rest| rest.len() == 2),
        batch.rounded().is_empty(),
    ];
    Ok(Step::Done(Done {
        warnings: vec![format!("{answers:?}")],
    }))
}

/// Five million indices: each list of them longer than any batch is wide.
pub fn many_indices() -> Result<Step, Error> {
    let batch = rows::by_columns(1, 3)?;
    let indices = vec![0; 5_000_000];
    let refused = [
        batch.values(0, &indices).is_err(),
        batch.project(&indices).is_err(),
    ];
    Ok(Step::Done(Done {
        warnings: vec![format!("{refused:?}")],
    }))
}

/// Statements beyond every bound.
pub fn huge_statements(session: &Connection) -> Result<Step, Error> {
    let ask = |sql: String, params: usize| {
        let params = vec![crate::exports::sluice::source::source::Value::Null; params];
        let answer = session.query(&Statement { sql, params });
        answer.map_or_else(|error| format!("{:?}", error.kind), |_| "answered".into())
    };
    Ok(Step::Done(Done {
        warnings: vec![ask("x".repeat(10 << 20), 0), ask("select 1".into(), 70_000)],
    }))
}
