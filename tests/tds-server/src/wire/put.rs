//! The ways a string or a long value is written ([MS-TDS] 2.2.5.1.2, 2.2.5.2).

use crate::types::code_page::utf16;

/// A length of one byte, in UTF-16 units.
pub fn b_varchar(out: &mut Vec<u8>, text: &str) {
    let bytes = utf16(text);
    out.push((bytes.len() / 2) as u8);
    out.extend(bytes);
}

/// A length of two bytes, in UTF-16 units.
pub fn us_varchar(out: &mut Vec<u8>, text: &str) {
    let bytes = utf16(text);
    out.extend(((bytes.len() / 2) as u16).to_le_bytes());
    out.extend(bytes);
}

/// The whole length, chunks, and an empty chunk as the end.
pub fn plp(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_le_bytes());
    for chunk in bytes.chunks(8000) {
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend(chunk);
    }
    out.extend(0u32.to_le_bytes());
}
