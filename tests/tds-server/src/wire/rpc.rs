//! RPC requests ([MS-TDS] 2.2.6.6): a procedure and its parameters.

use rusqlite::types::Value;

use super::read::{Cursor, Malformed};
use crate::types::{Type, param};

pub struct Call {
    pub procedure: String,
    pub parameters: Vec<Parameter>,
}

#[derive(Clone)]
pub struct Parameter {
    /// With its `@`, or empty.
    pub name: String,
    pub ty: Type,
    pub value: Value,
}

/// Instead of a name, a number is behind it.
const BY_NUMBER: u16 = 0xffff;
/// The tokens that part one call of a request from the next; only the first call is read.
const NEXT_CALL: [u8; 2] = [0xff, 0x80];

pub fn parse(payload: &[u8]) -> Result<Call, Malformed> {
    let mut cursor = Cursor::behind_headers(payload)?;
    let procedure = match cursor.u16()? {
        BY_NUMBER => well_known(cursor.u16()?).to_string(),
        units => cursor.utf16(units.into())?,
    };
    // OptionFlags.
    cursor.u16()?;
    let mut parameters = Vec::new();
    while cursor
        .rest()
        .first()
        .is_some_and(|token| !NEXT_CALL.contains(token))
    {
        let units = cursor.u8()?;
        let name = cursor.utf16(units.into())?;
        // StatusFlags.
        cursor.u8()?;
        let (ty, value) = param::read(&mut cursor)?;
        parameters.push(Parameter { name, ty, value });
    }
    Ok(Call {
        procedure,
        parameters,
    })
}

fn well_known(number: u16) -> &'static str {
    match number {
        10 => "sp_executesql",
        11 => "sp_prepare",
        12 => "sp_execute",
        13 => "sp_prepexec",
        15 => "sp_unprepare",
        _ => "a procedure known by its number",
    }
}
