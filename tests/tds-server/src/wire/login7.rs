//! LOGIN7 ([MS-TDS] 2.2.6.4): a table of offsets, and strings behind it.

use super::packet::FIRST_SIZE;
use super::read::{Cursor, Malformed};
use crate::types::code_page;

pub struct Login7 {
    pub host: String,
    pub user: String,
    pub password: String,
    pub program: String,
    pub server: String,
    pub database: String,
    pub packet_size: usize,
    /// fReadOnlyIntent.
    pub read_only: bool,
}

/// TypeFlags, bit fReadOnlyIntent.
const READ_ONLY: u8 = 0x20;

pub fn parse(payload: &[u8]) -> Result<Login7, Malformed> {
    let at = |offset: usize| {
        payload
            .get(offset..)
            .map(Cursor::new)
            .ok_or(Malformed("a login that ends early"))
    };
    let bytes = |offset: usize| -> Result<&[u8], Malformed> {
        let mut cursor = at(offset)?;
        let (start, units) = (cursor.u16()?, cursor.u16()?);
        at(start.into())?.take(usize::from(units) * 2)
    };
    let text = |offset| bytes(offset).map(code_page::from_utf16);
    let size = at(8)?.u32()? as usize;
    // Every byte of the password has its halves swapped and is XORed with A5.
    let password: Vec<u8> = bytes(44)?
        .iter()
        .map(|byte| (byte ^ 0xa5).rotate_right(4))
        .collect();
    Ok(Login7 {
        host: text(36)?,
        user: text(40)?,
        password: code_page::from_utf16(&password),
        program: text(48)?,
        server: text(52)?,
        database: text(68)?,
        packet_size: if size == 0 {
            FIRST_SIZE
        } else {
            size.clamp(512, 32_767)
        },
        read_only: at(26)?.u8()? & READ_ONLY != 0,
    })
}
