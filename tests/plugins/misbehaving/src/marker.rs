//! What the tests write into the compiled file: kind, version and, for functions that are given no table's name, a wish.

/// Found by its first word and overwritten, at the same length. Words are separated by blanks.
static MARKER: [u8; 128] =
    *b"describe: misbehaving 0.1.0 none                                                                                                ";

/// A word of the marker. Read as bytes that the compiler cannot know.
fn word(index: usize) -> String {
    // SAFETY: a static of this type.
    let marker = unsafe { std::ptr::read_volatile(&raw const MARKER) };
    let text = String::from_utf8_lossy(&marker).into_owned();
    text.split_whitespace()
        .nth(index)
        .unwrap_or_default()
        .into()
}

pub fn kind() -> String {
    word(1)
}

pub fn version() -> String {
    word(2)
}

/// `tables:trap`
pub fn wish() -> String {
    word(3)
}
