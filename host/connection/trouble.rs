//! A value that a server sent and its column cannot hold: why, and the sentence that names the column.

use crate::model::source::{Column, ErrorKind, SourceError};

/// Why a value could not be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Not a form that its type has.
    Malformed,
    /// NaN or infinity in a decimal.
    NotFinite,
    /// `infinity` or `-infinity` in a date or timestamp.
    Endless,
    /// Beyond what the landed type can hold.
    OutOfRange,
    /// More than one dimension.
    Dimensions,
    /// A value of another kind than its column says, where the database lets that be.
    OtherKind,
}

impl Trouble {
    /// The error that names the column.
    pub fn explain(self, column: &Column) -> SourceError {
        let name = &column.name;
        let message = match self {
            Self::Malformed => format!(
                "column \"{name}\" holds a value that is not a valid {}",
                column.native_type
            ),
            Self::NotFinite => format!(
                "column \"{name}\" holds NaN or infinity, which no decimal can hold: clean up the value or leave the column out"
            ),
            Self::Endless => format!(
                "column \"{name}\" holds infinity, which no date or timestamp can hold: clean up the value or leave the column out"
            ),
            Self::OutOfRange => format!(
                "column \"{name}\" holds a value beyond the range of what it lands as: clean up the value or leave the column out"
            ),
            Self::OtherKind => format!(
                "column \"{name}\" is declared {} and holds a value that is none: clean up the value, leave the column out, or read a query that makes it text: cast(\"{name}\" as text)",
                column.native_type
            ),
            Self::Dimensions => format!(
                "column \"{name}\" holds an array of several dimensions, only one can be landed: clean up the value or leave the column out"
            ),
        };
        SourceError::new(ErrorKind::Conversion, message).with_column(name)
    }
}
