//! Errors as SQL Server numbers and words them. They travel through SQLite as text, because a function of ours
//! that fails inside a statement can hand over nothing but its message.

use std::fmt;

/// An ERROR token: number, severity and text ([MS-TDS] 2.2.7.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    pub number: i32,
    /// 11 to 16 are the statement's fault, 20 and above end the session.
    pub class: u8,
    pub message: String,
}

/// Marks our errors among SQLite's.
const MARK: char = '\u{1}';

impl SqlError {
    pub fn new(number: i32, class: u8, message: impl Into<String>) -> SqlError {
        let message = message.into();
        SqlError {
            number,
            class,
            message,
        }
    }

    pub fn syntax(near: &str) -> SqlError {
        SqlError::new(102, 15, format!("Incorrect syntax near '{near}'."))
    }

    pub fn no_object(name: &str) -> SqlError {
        SqlError::new(208, 16, format!("Invalid object name '{name}'."))
    }

    pub fn no_column(name: &str) -> SqlError {
        SqlError::new(207, 16, format!("Invalid column name '{name}'."))
    }

    pub fn conversion(value: &str, from: &str, to: &str) -> SqlError {
        let message = format!(
            "Conversion failed when converting the {from} value '{value}' to data type {to}."
        );
        SqlError::new(245, 16, message)
    }

    pub fn date_conversion() -> SqlError {
        let message = "Conversion failed when converting date and/or time from character string.";
        SqlError::new(241, 16, message)
    }

    pub fn overflow(to: &str) -> SqlError {
        let message = format!("Arithmetic overflow error converting expression to data type {to}.");
        SqlError::new(8115, 16, message)
    }

    pub fn unsupported(what: impl fmt::Display) -> SqlError {
        SqlError::new(40000, 16, format!("The stand-in does not support {what}."))
    }

    /// What the server says itself for a number that a test asks for.
    pub fn numbered(number: i32) -> SqlError {
        let (class, message) = match number {
            1205 => (
                13,
                "Transaction (Process ID 51) was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.",
            ),
            1222 => (16, "Lock request time out period exceeded."),
            3960 => (
                16,
                "Snapshot isolation transaction aborted due to update conflict. Retry the transaction or change the isolation level for the update/delete statement.",
            ),
            8134 => (16, "Divide by zero error encountered."),
            10928 => (
                20,
                "Resource ID: 1. The request limit for the database is 60 and has been reached.",
            ),
            10929 => (
                20,
                "Resource ID: 1. The server is currently too busy to support requests greater than 60 for this database.",
            ),
            18452 => (
                14,
                "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.",
            ),
            40197 => (
                20,
                "The service has encountered an error processing your request. Please try again. Error code 40197.",
            ),
            40501 => (
                20,
                "The service is currently busy. Retry the request after 10 seconds.",
            ),
            40613 => (
                20,
                "Database on server is not currently available. Please retry the connection later.",
            ),
            49918 => (
                16,
                "Cannot process request. Not enough resources to process request.",
            ),
            601 => (
                12,
                "Could not continue scan with NOLOCK due to data movement.",
            ),
            _ => (16, "An error that a test asked for."),
        };
        SqlError::new(number, class, message)
    }

    pub fn login_failed(user: &str) -> SqlError {
        SqlError::new(18456, 14, format!("Login failed for user '{user}'."))
    }

    pub fn no_database(database: &str) -> SqlError {
        let message = format!(
            "Cannot open database \"{database}\" requested by the login. The login failed."
        );
        SqlError::new(4060, 11, message)
    }

    /// For a function of ours inside SQLite.
    pub fn into_sqlite(self) -> rusqlite::Error {
        let text = format!(
            "{MARK}{}{MARK}{}{MARK}{}",
            self.number, self.class, self.message
        );
        rusqlite::Error::UserFunctionError(text.into())
    }

    /// Our own error back out of SQLite's text.
    pub fn from_sqlite(text: &str) -> Option<SqlError> {
        let mut parts = text.split_once(MARK)?.1.splitn(3, MARK);
        let number = parts.next()?.parse().ok()?;
        let class = parts.next()?.parse().ok()?;
        Some(SqlError::new(number, class, parts.next()?))
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error {}: {}", self.number, self.message)
    }
}

impl std::error::Error for SqlError {}
