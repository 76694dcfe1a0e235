//! Packets ([MS-TDS] 2.2.3.1): an eight-byte header, its length big-endian, the last packet of a message marked.

use std::io;

pub const BATCH: u8 = 0x01;
pub const RPC: u8 = 0x03;
pub const REPLY: u8 = 0x04;
pub const ATTENTION: u8 = 0x06;
pub const TRANSACTION: u8 = 0x0e;
pub const LOGIN7: u8 = 0x10;
pub const PRELOGIN: u8 = 0x12;

pub const HEADER: usize = 8;
/// The size until the login has agreed on another.
pub const FIRST_SIZE: usize = 4096;
/// Status: end of message.
const EOM: u8 = 1;

/// Where a packet stands in its message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Last,
    Inner,
}

pub fn header(kind: u8, place: Place, number: u8, payload: usize) -> [u8; HEADER] {
    let [high, low] = ((payload + HEADER) as u16).to_be_bytes();
    // The session id of the header is for monitors only.
    [
        kind,
        u8::from(place == Place::Last),
        high,
        low,
        0,
        51,
        number,
        0,
    ]
}

/// Kind, place and length of the payload.
pub fn parse(header: [u8; HEADER]) -> io::Result<(u8, Place, usize)> {
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let place = if header[1] & EOM != 0 {
        Place::Last
    } else {
        Place::Inner
    };
    let payload = length
        .checked_sub(HEADER)
        .ok_or(io::ErrorKind::InvalidData)?;
    Ok((header[0], place, payload))
}

/// One message in packets of the first size.
pub fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    let room = FIRST_SIZE - HEADER;
    let mut out = Vec::with_capacity(payload.len() + HEADER);
    let count = payload.len().div_ceil(room);
    for (i, chunk) in payload.chunks(room).enumerate() {
        let place = if i + 1 == count {
            Place::Last
        } else {
            Place::Inner
        };
        out.extend(header(kind, place, i as u8 + 1, chunk.len()));
        out.extend(chunk);
    }
    out
}
