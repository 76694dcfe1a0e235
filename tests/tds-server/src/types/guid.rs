//! uniqueidentifier: held in the bytes' order of comparison, which is not the order of its text:
//! bytes 10 to 15 count first, then 8 and 9, then 6 and 7, 4 and 5, 0 to 3 as they travel on the wire.

const ORDER: [usize; 16] = [10, 11, 12, 13, 14, 15, 8, 9, 6, 7, 4, 5, 0, 1, 2, 3];

/// Wire bytes to held bytes.
pub fn hold(wire: [u8; 16]) -> Vec<u8> {
    ORDER.iter().map(|at| wire[*at]).collect()
}

/// Held bytes to wire bytes.
pub fn wire(held: &[u8]) -> Option<[u8; 16]> {
    let mut wire = [0; 16];
    for (byte, at) in held.iter().zip(ORDER) {
        wire[at] = *byte;
    }
    (held.len() == 16).then_some(wire)
}

pub fn parse(text: &str) -> Option<Vec<u8>> {
    let text = text.trim().trim_start_matches('{').trim_end_matches('}');
    let text = text.as_bytes().get(..36)?;
    let dashes = [8, 13, 18, 23];
    if dashes.iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let digits: Vec<u8> = text.iter().copied().filter(|c| *c != b'-').collect();
    let digits = str::from_utf8(&digits).ok()?;
    let mut bytes = [0; 16];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    swap(&mut bytes);
    Some(hold(bytes))
}

/// Upper case, as the server prints it.
pub fn text(held: &[u8]) -> Option<String> {
    let mut bytes = wire(held)?;
    swap(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let (a, b, c) = (&hex[..8], &hex[8..12], &hex[12..16]);
    Some(format!("{a}-{b}-{c}-{}-{}", &hex[16..20], &hex[20..]))
}

/// The first three groups travel little-endian.
fn swap(bytes: &mut [u8; 16]) {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_six_bytes_decide_first() {
        let low = parse("FFFFFFFF-FFFF-FFFF-FFFF-000000000001").unwrap();
        let high = parse("00000000-0000-0000-0000-000000000002").unwrap();
        assert!(low < high);
        assert_eq!(text(&low).unwrap(), "FFFFFFFF-FFFF-FFFF-FFFF-000000000001");
    }
}
