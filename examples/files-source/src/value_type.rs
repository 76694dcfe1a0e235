//! Types of columns: how they are written, what a value says of its column, and how a value goes into it. Pure.

use plugin_sdk::prelude::*;

use crate::json;

/// A value as its file writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// A field of CSV that is not empty, or was quoted.
    Field(&'a str),
    /// A value of JSON that is not null.
    Json(&'a str),
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    Boolean,
    Int64,
    Float64,
    /// Never guessed, only written down.
    Decimal(u8, i8),
    Date,
    Timestamp,
    Timestamptz,
    Text,
    Json,
}

const WORDS: [(&str, ValueType); 8] = [
    ("boolean", ValueType::Boolean),
    ("int64", ValueType::Int64),
    ("float64", ValueType::Float64),
    ("date", ValueType::Date),
    ("timestamp", ValueType::Timestamp),
    ("timestamptz", ValueType::Timestamptz),
    ("text", ValueType::Text),
    ("json", ValueType::Json),
];

impl ValueType {
    /// The type that a word means: `text`, `decimal(12,2)`.
    pub fn of_word(word: &str) -> Option<Self> {
        if let Some((_, known)) = WORDS.iter().find(|(name, _)| *name == word) {
            return Some(*known);
        }
        let places = word.strip_prefix("decimal(")?.strip_suffix(')')?;
        let (precision, scale) = places.split_once(',')?;
        let (precision, scale): (u8, i8) =
            (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
        let fits = (1..=38).contains(&precision) && scale >= 0 && scale <= precision as i8;
        fits.then_some(Self::Decimal(precision, scale))
    }

    pub fn word(self) -> String {
        match self {
            Self::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
            other => {
                let known = WORDS.iter().find(|(_, known)| *known == other);
                known.map_or_else(String::new, |(word, _)| (*word).to_owned())
            }
        }
    }

    /// Every word, for advice.
    pub fn words() -> String {
        let words = WORDS.map(|(word, _)| word).join(", ");
        format!("{words} or decimal(12,2)")
    }

    pub fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int64 => DataType::Int64,
            Self::Float64 => DataType::Float64,
            Self::Decimal(precision, scale) => DataType::Decimal((precision, scale)),
            Self::Date => DataType::Date,
            Self::Timestamp => DataType::Timestamp,
            Self::Timestamptz => DataType::Timestamptz,
            Self::Text => DataType::Text,
            Self::Json => DataType::Json,
        }
    }

    /// What one value says of its column.
    pub fn of(cell: Cell<'_>) -> Self {
        match cell {
            Cell::Field(text) => Self::of_number(text).unwrap_or_else(|| Self::of_text(text)),
            Cell::Json(raw) => match raw.as_bytes().first() {
                Some(b'"') => Self::of_text(&json::string(raw).unwrap_or_default()),
                Some(b'{' | b'[') => Self::Json,
                _ => Self::of_number(raw).unwrap_or(Self::Text),
            },
        }
    }

    fn of_number(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false") {
            Some(Self::Boolean)
        } else if number::int(text).is_some() {
            Some(Self::Int64)
        } else {
            number::float(text).map(|_| Self::Float64)
        }
    }

    fn of_text(text: &str) -> Self {
        if moment::date(text).is_some() {
            Self::Date
        } else if moment::timestamp(text).is_some() {
            Self::Timestamp
        } else if moment::timestamptz(text).is_some() {
            Self::Timestamptz
        } else {
            Self::Text
        }
    }

    /// The type that holds the values of both.
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::Int64 | Self::Float64, Self::Int64 | Self::Float64) => Self::Float64,
            (Self::Json, _) | (_, Self::Json) => Self::Json,
            _ => Self::Text,
        }
    }

    /// Puts a value into a column of this type.
    pub fn add(self, cell: Cell<'_>, column: &mut ColumnBuilder) -> Result<(), Misfit> {
        match (self, cell) {
            (Self::Json, Cell::Json(raw)) => column.text(raw),
            (Self::Json, Cell::Field(text)) if json::is_json(text) => column.text(text),
            (Self::Json, Cell::Field(_)) => Err(Misfit),
            (_, Cell::Field(text)) => column.parse(text),
            (_, Cell::Json(raw)) => match json::string(raw) {
                Some(text) => column.parse(&text),
                // A string that is none: an escape of half a letter.
                None if raw.starts_with('"') => Err(Misfit),
                None => column.parse(raw),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_says_its_type_if_nothing_of_it_is_lost() {
        for (text, word) in [
            ("5", "int64"),
            ("-3", "int64"),
            ("007", "text"),
            ("0.10", "float64"),
            ("0.12345678901234567890", "text"),
            ("TRUE", "boolean"),
            ("2024-02-29", "date"),
            ("2024-02-29T10:00:00", "timestamp"),
            ("2024-02-29 10:00:00Z", "timestamptz"),
            ("", "text"),
            ("n/a", "text"),
        ] {
            assert_eq!(ValueType::of(Cell::Field(text)).word(), word, "{text}");
        }
        for (raw, word) in [
            ("5", "int64"),
            ("1e3", "float64"),
            ("99999999999999999999", "text"),
            ("true", "boolean"),
            ("\"5\"", "text"),
            ("\"2024-02-29\"", "date"),
            ("[1]", "json"),
            ("{}", "json"),
        ] {
            assert_eq!(ValueType::of(Cell::Json(raw)).word(), word, "{raw}");
        }
    }

    #[test]
    fn a_wider_type_holds_both() {
        use ValueType as T;
        for (a, b, both) in [
            (T::Int64, T::Float64, T::Float64),
            (T::Int64, T::Text, T::Text),
            (T::Date, T::Timestamp, T::Text),
            (T::Text, T::Json, T::Json),
        ] {
            assert_eq!((a.with(b), b.with(a)), (both, both));
        }
    }

    #[test]
    fn a_word_is_the_type_that_it_came_from() {
        for (word, _) in WORDS
            .into_iter()
            .chain([("decimal(12,2)", ValueType::Decimal(12, 2))])
        {
            assert_eq!(ValueType::of_word(word).expect("known").word(), word);
        }
        for word in [
            "int",
            "decimal",
            "decimal(39,0)",
            "decimal(5,6)",
            "decimal(5,-1)",
            "",
        ] {
            assert_eq!(ValueType::of_word(word), None, "{word}");
        }
    }
}
