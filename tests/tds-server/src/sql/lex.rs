//! Words, strings, numbers and symbols of T-SQL.

use crate::error::SqlError;
use crate::types::cast::unhex;

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Word(String),
    /// In brackets or double quotes.
    Quoted(String),
    Text {
        text: String,
        unicode: bool,
    },
    Number(String),
    Bytes(Vec<u8>),
    /// With its `@`.
    Variable(String),
    Symbol(&'static str),
    End,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Where it begins in the text.
    pub start: usize,
}

const SYMBOLS: [&str; 22] = [
    "<=", ">=", "<>", "!=", "(", ")", ",", ".", ";", "+", "-", "*", "/", "%", "=", "<", ">", "&",
    "|", "^", "~", ":",
];

pub fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blank();
        let start = lexer.at;
        let kind = lexer.next()?;
        let ended = kind == Kind::End;
        tokens.push(Token { kind, start });
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Blanks and comments; comments nest.
    fn skip_blank(&mut self) {
        loop {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start().len();
            if blank > 0 {
                self.at += blank;
            } else if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += comment_length(rest);
            } else {
                return;
            }
        }
    }

    fn next(&mut self) -> Result<Kind, SqlError> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return Ok(Kind::End);
        };
        if rest.starts_with("N'") || rest.starts_with("n'") {
            self.at += 1;
            let text = self.quoted('\'')?;
            return Ok(Kind::Text {
                text,
                unicode: true,
            });
        }
        match first {
            '\'' => self.quoted('\'').map(|text| Kind::Text {
                text,
                unicode: false,
            }),
            '[' => self.quoted(']').map(Kind::Quoted),
            '"' => self.quoted('"').map(Kind::Quoted),
            '0' if rest.starts_with("0x") || rest.starts_with("0X") => {
                let digits = self.while_matching(2, |c| c.is_ascii_hexdigit());
                let digits = if digits.len() % 2 == 1 {
                    digits.replacen("0x", "0x0", 1)
                } else {
                    digits.to_string()
                };
                unhex(&digits, true)
                    .map(Kind::Bytes)
                    .ok_or_else(|| SqlError::syntax(&digits))
            }
            '0'..='9' => Ok(self.number()),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => Ok(self.number()),
            '@' => Ok(Kind::Variable(self.while_matching(1, is_word).to_string())),
            c if is_word(c) => Ok(Kind::Word(self.while_matching(0, is_word).to_string())),
            c => {
                let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
                let symbol = symbol.ok_or_else(|| SqlError::syntax(&c.to_string()))?;
                self.at += symbol.len();
                Ok(Kind::Symbol(symbol))
            }
        }
    }

    fn number(&mut self) -> Kind {
        let rest = self.rest().as_bytes();
        let mut end = 0;
        while rest
            .get(end)
            .is_some_and(|c| c.is_ascii_digit() || *c == b'.')
        {
            end += 1;
        }
        if rest.get(end).is_some_and(|c| c.eq_ignore_ascii_case(&b'e')) {
            let signed = rest.get(end + 1).is_some_and(|c| *c == b'+' || *c == b'-');
            end += 1 + usize::from(signed);
            while rest.get(end).is_some_and(u8::is_ascii_digit) {
                end += 1;
            }
        }
        let number = self.rest()[..end].to_string();
        self.at += end;
        Kind::Number(number)
    }

    fn while_matching(&mut self, skip: usize, matches: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest[skip..]
            .find(|c| !matches(c))
            .unwrap_or(rest.len() - skip);
        self.at += skip + length;
        &rest[..skip + length]
    }

    /// Up to `end`; doubled, it stands for itself.
    fn quoted(&mut self, end: char) -> Result<String, SqlError> {
        let mut text = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != end {
                text.push(c);
            } else if chars.next_if(|(_, next)| *next == end).is_some() {
                text.push(end);
            } else {
                self.at += at + c.len_utf8();
                return Ok(text);
            }
        }
        let message = format!("Unclosed quotation mark after the character string '{text}'.");
        Err(SqlError::new(105, 15, message))
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$')
}

fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}
