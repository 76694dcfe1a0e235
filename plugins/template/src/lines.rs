//! Bytes to lines. Pure: it needs no host, so its tests run on any machine.

/// A line in a piece of a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Where it begins and where the next one does, in the piece.
    pub start: usize,
    pub end: usize,
    /// Without its line break.
    pub text: &'a [u8],
}

/// The first lines of a piece, at most so many. `with_unfinished`: what follows the last line break is a line, too.
pub fn split(piece: &[u8], most: usize, with_unfinished: bool) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    while lines.len() < most && start < piece.len() {
        let rest = &piece[start..];
        let (text, end) = match rest.iter().position(|byte| *byte == b'\n') {
            Some(length) => (&rest[..length], start + length + 1),
            None if with_unfinished => (rest, piece.len()),
            None => break,
        };
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        lines.push(Line { start, end, text });
        start = end;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(piece: &str, most: usize, with_unfinished: bool) -> Vec<&str> {
        let lines = split(piece.as_bytes(), most, with_unfinished);
        let texts = lines.iter().map(|line| std::str::from_utf8(line.text));
        texts.collect::<Result<_, _>>().expect("it was a text")
    }

    #[test]
    fn a_line_ends_at_its_break() {
        assert_eq!(texts("a\n\nb\r\nc", 9, true), ["a", "", "b", "c"]);
        assert_eq!(texts("a\n\nb\r\nc", 9, false), ["a", "", "b"]);
        assert_eq!(texts("a\nb\n", 1, true), ["a"]);
        assert_eq!(texts("", 9, true), [""; 0]);
    }

    #[test]
    fn each_line_begins_where_the_one_before_ends() {
        let lines = split(b"ab\nc\n", 9, false);
        assert_eq!((lines[0].start, lines[0].end), (0, 3));
        assert_eq!((lines[1].start, lines[1].end), (3, 5));
    }
}
