//! Bytes of strings: Windows-1252 for char and varchar, UTF-16 for the Unicode types.

/// What 0x80 to 0x9f mean in Windows-1252; the five that mean nothing stay as they are.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A question mark for what the code page lacks, one for each UTF-16 unit, as the server does it.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match c as u32 {
            code @ (0..0x80 | 0xa0..0x100) => bytes.push(code as u8),
            _ => match HIGH.iter().position(|high| *high == c) {
                Some(at) => bytes.push(0x80 + at as u8),
                None => bytes.extend(vec![b'?'; c.len_utf16()]),
            },
        }
    }
    bytes
}

pub fn decode(bytes: &[u8]) -> String {
    let char = |byte: &u8| match byte {
        0x80..=0x9f => HIGH[usize::from(byte - 0x80)],
        _ => char::from(*byte),
    };
    bytes.iter().map(char).collect()
}

pub fn utf16(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2 * text.len());
    for unit in text.encode_utf16() {
        bytes.extend_from_slice(&unit.to_le_bytes());
    }
    bytes
}

pub fn from_utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}
