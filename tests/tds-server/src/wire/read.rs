//! Reads a request from front to back.

use std::fmt;

use crate::types::code_page;

/// A request that breaks the protocol; the session ends.
#[derive(Debug)]
pub struct Malformed(pub &'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Cursor<'a> {
        Cursor { rest: bytes }
    }

    /// Behind ALL_HEADERS, with which batches, RPCs and transaction requests begin ([MS-TDS] 2.2.5.3).
    pub fn behind_headers(bytes: &'a [u8]) -> Result<Cursor<'a>, Malformed> {
        let length = Cursor::new(bytes).u32()? as usize;
        let rest = bytes.get(length..).filter(|_| length >= 4);
        rest.map(Cursor::new)
            .ok_or(Malformed("ALL_HEADERS of a wrong length"))
    }

    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(Malformed("a request that ends early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn number(&mut self, width: usize) -> Result<u64, Malformed> {
        let bytes = self.take(width)?.iter().rev();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.number(1)? as u8)
    }

    pub fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(self.number(2)? as u16)
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(self.number(4)? as u32)
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        self.number(8)
    }

    pub fn utf16(&mut self, units: usize) -> Result<String, Malformed> {
        Ok(code_page::from_utf16(self.take(units * 2)?))
    }
}
