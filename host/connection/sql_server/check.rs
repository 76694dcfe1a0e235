//! What a statement of a plugin may not say. The login is the boundary; this is the early, friendly refusal.
//!
//! In T-SQL a second statement needs no `;` before it, so every word that begins one is refused wherever it stands
//! outside strings, comments, [brackets] and "quotes". All of them are reserved: no unquoted name can be one.

use std::iter::Peekable;
use std::str::Chars;

use crate::model::source::{ErrorKind, SourceError};

/// Words that write, execute, change the session or wait.
const REFUSED: [&str; 50] = [
    "ALTER",
    "BACKUP",
    "BEGIN",
    "BULK",
    "CHECKPOINT",
    "COMMIT",
    "CREATE",
    "DBCC",
    "DECLARE",
    "DELETE",
    "DENY",
    "DROP",
    "DUMP",
    "EXEC",
    "EXECUTE",
    "GOTO",
    "GRANT",
    "IF",
    "INSERT",
    "INTO",
    "KILL",
    "LOAD",
    "MERGE",
    "OPENDATASOURCE",
    "OPENQUERY",
    "OPENROWSET",
    "PRINT",
    "RAISERROR",
    "READTEXT",
    "RECONFIGURE",
    "RESTORE",
    "RETURN",
    "REVERT",
    "REVOKE",
    "ROLLBACK",
    "SAVE",
    "SECURITYAUDIT",
    "SET",
    "SETUSER",
    "SHUTDOWN",
    "TRAN",
    "TRANSACTION",
    "TRUNCATE",
    "UPDATE",
    "UPDATETEXT",
    "USE",
    "VALUE FOR",
    "WAITFOR",
    "WHILE",
    "WRITETEXT",
];

/// # Errors
/// `InvalidRequest` for anything but one statement that starts with SELECT or WITH and has no refused word.
pub fn only_reads(sql: &str) -> Result<(), SourceError> {
    let mut tokens = Tokens(sql.chars().peekable());
    let (mut first, mut ended, mut last) = (true, false, String::new());
    while let Some(token) = tokens.next()? {
        let word = match token {
            Token::Semicolon => {
                ended = true;
                continue;
            }
            _ if ended => return Err(refused("a \";\" stands before its end")),
            Token::Opening if first => continue,
            Token::Opening | Token::Other => String::new(),
            Token::Word(word) => word,
        };
        if first && word != "SELECT" && word != "WITH" {
            return Err(refused("it does not start with SELECT or WITH"));
        }
        first = false;
        let with_last = format!("{last} {word}");
        if let Some(found) = REFUSED
            .iter()
            .find(|refused| **refused == word || **refused == with_last)
        {
            return Err(refused(&format!("it says {found}")));
        }
        last = word;
    }
    if first {
        return Err(refused("it does not start with SELECT or WITH"));
    }
    Ok(())
}

fn refused(why: &str) -> SourceError {
    let message = format!("the statement was refused: {why}; connections take queries only");
    SourceError::new(ErrorKind::InvalidRequest, message)
}

enum Token {
    /// Outside all quotes, in capital letters.
    Word(String),
    Semicolon,
    Opening,
    Other,
}

struct Tokens<'a>(Peekable<Chars<'a>>);

impl Tokens<'_> {
    fn next(&mut self) -> Result<Option<Token>, SourceError> {
        loop {
            let Some(letter) = self.0.next() else {
                return Ok(None);
            };
            return Ok(Some(match letter {
                letter if letter.is_whitespace() => continue,
                '-' if self.skip('-') => {
                    self.line_comment()?;
                    continue;
                }
                '/' if self.skip('*') => {
                    self.block_comment()?;
                    continue;
                }
                '\'' | '"' => self.quoted(letter)?,
                '[' => self.quoted(']')?,
                ';' => Token::Semicolon,
                '(' => Token::Opening,
                '0'..='9' => self.number(letter),
                letter if is_word(letter) => Token::Word(self.word(letter)),
                _ => Token::Other,
            }));
        }
    }

    fn skip(&mut self, letter: char) -> bool {
        self.0.next_if_eq(&letter).is_some()
    }

    fn word(&mut self, first: char) -> String {
        let mut word = String::from(first);
        while let Some(letter) = self.0.next_if(|letter| is_word(*letter) || *letter == '$') {
            word.push(letter);
        }
        word.to_ascii_uppercase()
    }

    /// A word may follow at once: `select 1drop table t` are two statements.
    fn number(&mut self, first: char) -> Token {
        let is_hex = first == '0' && (self.skip('x') || self.skip('X'));
        while self
            .0
            .next_if(|letter| letter.is_ascii_digit() || is_hex && letter.is_ascii_hexdigit())
            .is_some()
        {}
        if !is_hex && (self.skip('e') || self.skip('E')) {
            let _sign = self.skip('+') || self.skip('-');
        }
        Token::Other
    }

    fn quoted(&mut self, end: char) -> Result<Token, SourceError> {
        while let Some(letter) = self.0.next() {
            // Doubled it stands for itself.
            if letter == end && !self.skip(end) {
                return Ok(Token::Other);
            }
        }
        Err(refused("a quote in it does not end"))
    }

    /// Only where all agree on the end of the line: what follows would else be text for one and comment for the other.
    fn line_comment(&mut self) -> Result<(), SourceError> {
        while let Some(letter) = self.0.next() {
            match letter {
                '\n' => return Ok(()),
                '\t' => {}
                '\r' if self.0.peek() == Some(&'\n') => {}
                '\u{2028}' | '\u{2029}' => return Err(refused("a comment in it has odd letters")),
                letter if letter.is_control() => {
                    return Err(refused("a comment in it has odd letters"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Block comments nest.
    fn block_comment(&mut self) -> Result<(), SourceError> {
        let mut depth = 1;
        while let Some(letter) = self.0.next() {
            match letter {
                '/' if self.skip('*') => depth += 1,
                '*' if self.skip('/') => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(refused("a comment in it does not end"))
    }
}

/// What may stand in an unquoted name. Variables and temporary tables are words of their own.
fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '@' | '#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_pass() {
        let queries = [
            "select 1",
            "SELECT 1;",
            "select 1 ; -- end\n /* ; */ ",
            "(select 1)",
            "/* drop /* table */ x */ with a as (select 1 as b) select b from a",
            "select 'drop table t; exec x', N'it''s set', [set], [a]]b], \"exec\", @set, #set from t",
            "select offset_, preset, iif(1 = 1, 1, 2), next, value from t -- drop table t",
            "select 1e-5, 0xdec0, 1.5e, $1, replace(a, 'b', 'c') from t order by 1 offset 5 rows option (maxdop 1)",
            "select a - -1, a / *, 4 - 3 from t",
        ];
        for sql in queries {
            assert_eq!(only_reads(sql), Ok(()), "{sql}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let statements = [
            "",
            ";",
            "(((",
            "-- select 1",
            "update t set a = 1",
            "exec sp_who",
            "sp_who",
            ";select 1",
            "select 1; select 2",
            "select 1; drop table t",
            "select 1 drop table t",
            "select 1drop table t",
            "select 1.5drop table t",
            "select 1e5drop table t",
            "select 1e set nocount on",
            "select 1e+set nocount on",
            "select 0x1set nocount on",
            "select $1set nocount on",
            "select 'a'drop table t",
            "select [a]drop table t",
            "select @a into #t",
            "select * into t from u",
            "with a as (select 1) delete from t",
            "with a as (select 1 b) insert t select b from a",
            "select next value for s",
            "select next/**/value\nfor s",
            "select * from openrowset('a', 'b', 'c')",
            "select * from openquery(l, 'delete t')",
            "select 1 waitfor delay '1:00'",
            "select 1 WaitFor delay '1:00'",
            "select 1 -- \r drop table t",
            "select 1 -- \u{2028} drop table t",
            "select 1 -- \u{b} ' \n drop table t -- '",
            "select 1 /* /* */ drop table t",
            "select 'it",
            "select [it",
            "select 1 if 1 = 1 select 2",
            "select 1 begin tran",
            "select 1 dbcc checkdb",
            "select 1 use master",
            "select 1 revert",
            "values (1)",
            "set transaction isolation level read uncommitted",
        ];
        for sql in statements {
            let error = only_reads(sql).expect_err(sql);
            assert_eq!(error.kind, ErrorKind::InvalidRequest);
            assert!(error.message.contains("refused"), "{error}");
        }
    }
}
