//! What each type of SQL Server means for a read: the form in which a column is selected, how a parameter becomes a
//! value of it, and which text of it is exact. Pure.

use plugin_sdk::kind;
use plugin_sdk::sql::column;

use crate::sql::{Operand, SqlServer};

/// A column's type below an alias, as it is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    /// `nvarchar`
    name: String,
    /// `(50)`, `(max)`, `(12,2)`, or nothing.
    arguments: String,
    /// Of texts.
    collation: Option<String>,
    /// Made of CLR code: its values come as bytes that only that code understands.
    is_clr: bool,
}

impl Type {
    /// Reads the server's own form, `nvarchar(50)`.
    pub fn declared_as(declared: &str, collation: Option<String>) -> Self {
        let (name, arguments) = match declared.find('(') {
            Some(at) => declared.split_at(at),
            None => (declared, ""),
        };
        Self {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            collation,
            is_clr: false,
        }
    }

    /// As the catalog keeps it; -1 is the length of what has none.
    pub fn stored(
        name: &str,
        max_length: i64,
        precision: i64,
        scale: i64,
        collation: Option<String>,
    ) -> Self {
        let length = |bytes_a_unit: i64| match max_length {
            ..0 => "(max)".to_owned(),
            bytes => format!("({})", bytes / bytes_a_unit),
        };
        let arguments = match name {
            "char" | "varchar" | "binary" | "varbinary" => length(1),
            "nchar" | "nvarchar" => length(2),
            "decimal" | "numeric" => format!("({precision},{scale})"),
            "time" | "datetime2" | "datetimeoffset" => format!("({scale})"),
            _ => String::new(),
        };
        Self {
            arguments,
            ..Self::declared_as(name, collation)
        }
    }

    pub fn clr(name: &str) -> Self {
        Self {
            is_clr: true,
            ..Self::declared_as(name, None)
        }
    }

    /// As declared: `nvarchar(50)`.
    pub fn declared(&self) -> String {
        format!("{}{}", self.name, self.arguments)
    }

    /// Whether its values are of rows in the order of their changes, and so can be bounded by the server.
    pub fn is_rowversion(&self) -> bool {
        self.name == "timestamp"
    }

    /// What stands around a parameter to make a value of this very type of it, so that an index serves a comparison with
    /// it. None: values cannot be ordered, or do not come back from a batch as something that can be bound again.
    fn cast(&self) -> Option<(String, String)> {
        let declared = self.declared();
        if self.is_clr || self.arguments == "(max)" {
            return None;
        }
        let (before, after) = match self.name.as_str() {
            "bit" | "tinyint" | "smallint" | "int" | "bigint" | "real" | "float" | "decimal"
            | "numeric" | "money" | "smallmoney" | "nchar" | "nvarchar" | "uniqueidentifier"
            | "date" | "time" | "datetime2" | "datetimeoffset" => {
                ("cast(".to_owned(), format!(" as {declared})"))
            }
            // Text becomes these by the rules of a language; a datetime2 by those of ISO 8601.
            "datetime" | "smalldatetime" => (
                "cast(cast(".to_owned(),
                format!(" as datetime2(7)) as {declared})"),
            ),
            // Else the letters go through the code page of the database, which may lack some of the column's.
            "char" | "varchar" => match &self.collation {
                Some(collation) if is_word(collation) => (
                    "cast(".to_owned(),
                    format!(" collate {collation} as {declared})"),
                ),
                _ => ("cast(".to_owned(), format!(" as {declared})")),
            },
            "binary" | "varbinary" => (format!("convert({declared}, "), ", 1)".to_owned()),
            "timestamp" => ("convert(binary(8), ".to_owned(), ", 1)".to_owned()),
            _ => return None,
        };
        Some((before, after))
    }

    /// A text that is another one for each other value.
    fn key_text(&self, column: &str) -> String {
        match self.name.as_str() {
            "real" | "float" => format!("convert(nvarchar(50), {column}, 3)"),
            "money" | "smallmoney" => {
                format!("convert(nvarchar(50), cast({column} as decimal(19, 4)))")
            }
            "date" | "time" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset" => {
                format!("convert(nvarchar(50), {column}, 121)")
            }
            // Bytes have no collation that could be in conflict with another one. No key is longer.
            "char" | "varchar" | "nchar" | "nvarchar" | "binary" | "varbinary" | "timestamp" => {
                format!("convert(nvarchar(4000), convert(varbinary(1700), {column}), 1)")
            }
            _ => format!("convert(nvarchar(50), {column})"),
        }
    }

    fn is_utf8(&self) -> bool {
        let collation = self.collation.as_deref();
        collation.is_some_and(|name| name.to_ascii_uppercase().ends_with("_UTF8"))
    }

    /// No text has more letters than bytes.
    fn unicode_length(&self) -> String {
        const MOST: u32 = 4000;
        let bytes = self.arguments.trim_matches(['(', ')']).parse::<u32>();
        match bytes {
            Ok(bytes) if bytes <= MOST => format!("({bytes})"),
            _ => "(max)".to_owned(),
        }
    }
}

impl kind::Type for Type {
    type Operand = Operand;

    fn selected(&self, column: &str) -> String {
        match self.name.as_str() {
            "geography" | "geometry" => format!(
                "case when {column} is not null then concat(N'SRID=', {column}.STSrid, N';', {column}.ToString()) end"
            ),
            _ if self.is_clr => format!("{column}.ToString()"),
            // Decoded as floats, these lose digits.
            "money" => format!("cast({column} as decimal(19, 4))"),
            "smallmoney" => format!("cast({column} as decimal(10, 4))"),
            "char" | "varchar" if self.is_utf8() => {
                format!("cast({column} as nvarchar{})", self.unicode_length())
            }
            "sql_variant" => variant(column),
            "bit" | "tinyint" | "smallint" | "int" | "bigint" | "real" | "float" | "decimal"
            | "numeric" | "char" | "varchar" | "nchar" | "nvarchar" | "text" | "ntext"
            | "image" | "binary" | "varbinary" | "timestamp" | "xml" | "uniqueidentifier"
            | "date" | "time" | "datetime" | "smalldatetime" | "datetime2" | "datetimeoffset" => {
                column.to_owned()
            }
            // A type that is newer than this plugin.
            _ => format!("cast({column} as nvarchar(max))"),
        }
    }

    /// Of one instant there is one text, whatever its offset.
    fn exact_text(&self, column: &str) -> Option<String> {
        match (self.name.as_str(), self.arguments.as_str()) {
            ("datetime2", "(7)") => Some(format!("convert(nvarchar(27), {column}, 121)")),
            ("datetimeoffset", _) => Some(format!(
                "convert(nvarchar(34), switchoffset({column}, N'+00:00'), 121)"
            )),
            _ => None,
        }
    }

    fn operand(&self, name: &str) -> Option<Operand> {
        Some(Operand {
            column: name.to_owned(),
            cast: self.cast()?,
            text: self.key_text(&column::<SqlServer>(name)),
        })
    }

    fn has_own_kind(&self) -> bool {
        true
    }

    /// Not texts, which are equal whatever blanks they end with, nor bytes of several lengths, where it is the zeros.
    fn equality_is_exact(&self) -> bool {
        !matches!(
            self.name.as_str(),
            "char" | "varchar" | "nchar" | "nvarchar" | "varbinary"
        )
    }
}

/// A collation is named without quotes.
fn is_word(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `int:5`. The plain cast of some base types loses digits, and of bytes makes letters.
fn variant(column: &str) -> String {
    let base = format!("cast(sql_variant_property({column}, 'BaseType') as nvarchar(128))");
    format!(
        "case when {column} is not null then concat({base}, N':', \
         case when {base} in (N'binary', N'varbinary') then convert(nvarchar(max), cast({column} as varbinary(8000)), 1) \
         when {base} in (N'real', N'float') then convert(nvarchar(50), cast({column} as float), 3) \
         when {base} in (N'datetime', N'smalldatetime') then convert(nvarchar(50), cast({column} as datetime), 121) \
         when {base} in (N'money', N'smallmoney') then convert(nvarchar(50), cast({column} as decimal(19, 4))) \
         else cast({column} as nvarchar(4000)) end) end"
    )
}

#[cfg(test)]
#[path = "column_type_tests.rs"]
mod tests;
