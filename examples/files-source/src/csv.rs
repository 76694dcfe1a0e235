//! One record of CSV as RFC 4180 has it, with line breaks of either kind. Strict where a lenient reader would guess: text
//! behind a closing quote is a mistake. Pure.

/// A field in the text of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    start: usize,
    end: usize,
    /// An empty field without quotes is no value; with quotes it is an empty text.
    pub is_quoted: bool,
}

/// The fields of one record, and room for the next one.
#[derive(Debug, Default)]
pub struct Record {
    text: Vec<u8>,
    fields: Vec<Field>,
}

/// What the beginning of some bytes is.
#[derive(Debug, PartialEq, Eq)]
pub enum Split {
    /// A record of so many bytes, its line break included.
    Record(usize),
    /// It goes on behind these bytes.
    Unfinished,
    Malformed(&'static str),
}

impl Field {
    /// Its part of the record's text.
    pub fn of(self, text: &str) -> &str {
        // Fields begin and end at letters of ASCII.
        &text[self.start..self.end]
    }
}

impl Record {
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The text of all fields; none if it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.text).ok()
    }

    /// Splits off the record that begins here. `is_all`: nothing follows these bytes.
    pub fn split(&mut self, input: &[u8], is_all: bool) -> Split {
        self.text.clear();
        self.fields.clear();
        let mut at = 0;
        loop {
            let start = self.text.len();
            let is_quoted = input.get(at) == Some(&b'"');
            if is_quoted {
                let Some(closed) = self.unquoted(input, at + 1) else {
                    return match is_all {
                        true => Split::Malformed("a quoted field has no end"),
                        false => Split::Unfinished,
                    };
                };
                at = closed;
            }
            let length = input[at..]
                .iter()
                .position(|byte| matches!(byte, b',' | b'\n'));
            let (plain, end) = match length {
                Some(length) => (&input[at..at + length], input[at + length]),
                None if is_all => (&input[at..], b'\n'),
                None => return Split::Unfinished,
            };
            at += plain.len();
            let plain = match end {
                b'\n' => plain.strip_suffix(b"\r").unwrap_or(plain),
                _ => plain,
            };
            if is_quoted && !plain.is_empty() {
                return Split::Malformed("text follows the end of a quoted field");
            }
            self.text.extend_from_slice(plain);
            self.fields.push(Field {
                start,
                end: self.text.len(),
                is_quoted,
            });
            at = (at + 1).min(input.len());
            if end == b'\n' {
                return Split::Record(at);
            }
        }
    }

    /// Takes what is inside of quotes, and answers what is behind the closing one. None: there is none yet.
    fn unquoted(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let length = input[at..].iter().position(|byte| *byte == b'"')?;
            self.text.extend_from_slice(&input[at..at + length]);
            at += length + 1;
            // A quote at the end of the bytes may be the first of two: what follows it decides, in `split`.
            if input.get(at) != Some(&b'"') {
                return Some(at);
            }
            self.text.push(b'"');
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields, and what is left of the input.
    fn split(input: &str) -> (Vec<String>, &str) {
        let mut record = Record::default();
        let Split::Record(length) = record.split(input.as_bytes(), true) else {
            panic!("{input:?} is no record")
        };
        let text = |field: &Field| {
            let text = field.of(record.text().expect("UTF-8")).to_owned();
            if field.is_quoted {
                format!("'{text}'")
            } else {
                text
            }
        };
        (record.fields().iter().map(text).collect(), &input[length..])
    }

    #[test]
    fn fields_end_at_commas_and_records_at_line_breaks() {
        for (input, fields, rest) in [
            ("a,b\nc", vec!["a", "b"], "c"),
            ("a,b\r\nc", vec!["a", "b"], "c"),
            ("a,b", vec!["a", "b"], ""),
            ("a,\n", vec!["a", ""], ""),
            (",", vec!["", ""], ""),
            ("a\rb\n", vec!["a\rb"], ""),
            ("5\" disk,x\n", vec!["5\" disk", "x"], ""),
        ] {
            let (found, left) = split(input);
            assert_eq!(
                (
                    found
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .as_slice(),
                    left
                ),
                (fields.as_slice(), rest),
                "{input:?}"
            );
        }
    }

    #[test]
    fn quotes_hold_commas_line_breaks_and_quotes() {
        let (fields, rest) = split("\"a,\r\nb\",\"\",\"say \"\"hi\"\"\"\r\nx");
        assert_eq!(fields, ["'a,\r\nb'", "''", "'say \"hi\"'"]);
        assert_eq!(rest, "x");
    }

    #[test]
    fn every_cut_of_a_record_is_unfinished() {
        let whole = "a,\"b\"\"\nc\",\"\"\r\n";
        for cut in 0..whole.len() {
            let mut record = Record::default();
            let split = record.split(&whole.as_bytes()[..cut], false);
            assert_eq!(split, Split::Unfinished, "{:?}", &whole[..cut]);
        }
        assert_eq!(split(whole).1, "");
    }

    #[test]
    fn what_a_reader_would_have_to_guess_is_malformed() {
        for input in ["\"a\" b,c\n", "\"a\nb", "\"a\"\"", "\"a\"\"\n"] {
            let split = Record::default().split(input.as_bytes(), true);
            assert!(matches!(split, Split::Malformed(_)), "{input:?}");
        }
    }
}
