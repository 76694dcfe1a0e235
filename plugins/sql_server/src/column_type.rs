//! What each type of SQL Server means for a read: the form in which a column is selected, how a parameter becomes a
//! value of it, and which text of it is exact. Pure.

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
    pub fn built_in(declared: &str, collation: Option<String>) -> Self {
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

    pub fn clr(name: &str) -> Self {
        Self {
            is_clr: true,
            ..Self::built_in(name, None)
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

    /// What is selected of a column: itself where the host decodes it, else a form that loses nothing.
    pub fn selected(&self, column: &str) -> String {
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

    /// The text from which a value can be made again, where what lands has fewer digits. Equal values have equal ones.
    pub fn exact_text(&self, column: &str) -> Option<String> {
        match (self.name.as_str(), self.arguments.as_str()) {
            ("datetime2", "(7)") => Some(format!("convert(nvarchar(27), {column}, 121)")),
            ("datetimeoffset", _) => Some(format!(
                "convert(nvarchar(34), switchoffset({column}, N'+00:00'), 121)"
            )),
            _ => None,
        }
    }

    /// The parameter of this number as a value of this very type, so that an index serves a comparison with it. None:
    /// values cannot be ordered, or do not come back from a batch as something that can be bound again.
    pub fn parameter(&self, number: usize) -> Option<String> {
        let declared = self.declared();
        if self.is_clr || self.arguments == "(max)" {
            return None;
        }
        Some(match self.name.as_str() {
            "bit" | "tinyint" | "smallint" | "int" | "bigint" | "real" | "float" | "decimal"
            | "numeric" | "money" | "smallmoney" | "nchar" | "nvarchar" | "uniqueidentifier"
            | "date" | "time" | "datetime2" | "datetimeoffset" => {
                format!("cast(@P{number} as {declared})")
            }
            // Text becomes these by the rules of a language; a datetime2 by those of ISO 8601.
            "datetime" | "smalldatetime" => {
                format!("cast(cast(@P{number} as datetime2(7)) as {declared})")
            }
            // Else the letters go through the code page of the database, which may lack some of the column's.
            "char" | "varchar" => match &self.collation {
                Some(collation) if is_word(collation) => {
                    format!("cast(@P{number} collate {collation} as {declared})")
                }
                _ => format!("cast(@P{number} as {declared})"),
            },
            "binary" | "varbinary" => format!("convert({declared}, @P{number}, 1)"),
            "timestamp" => format!("convert(binary(8), @P{number}, 1)"),
            _ => return None,
        })
    }

    /// A text that is another one for each other value.
    pub fn key_text(&self, column: &str) -> String {
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

    /// Whether values are equal exactly if what a batch, or else the exact text, holds is. Not texts, which are equal
    /// whatever blanks they end with, nor bytes of several lengths, where it is the zeros.
    pub fn equality_is_exact(&self) -> bool {
        !matches!(
            self.name.as_str(),
            "char" | "varchar" | "nchar" | "nvarchar" | "varbinary"
        )
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
