//! Names of types: as T-SQL writes them, as the catalog prints them, and the numbers of `sys.types`.

use super::{MAX, Type};

/// Name, `system_type_id`, `user_type_id`, `max_length`, precision, scale of `sys.types`.
pub const SYSTEM_TYPES: [(&str, u8, i32, i16, u8, u8); 34] = [
    ("image", 34, 34, 16, 0, 0),
    ("text", 35, 35, 16, 0, 0),
    ("uniqueidentifier", 36, 36, 16, 0, 0),
    ("date", 40, 40, 3, 10, 0),
    ("time", 41, 41, 5, 16, 7),
    ("datetime2", 42, 42, 8, 27, 7),
    ("datetimeoffset", 43, 43, 10, 34, 7),
    ("tinyint", 48, 48, 1, 3, 0),
    ("smallint", 52, 52, 2, 5, 0),
    ("int", 56, 56, 4, 10, 0),
    ("smalldatetime", 58, 58, 4, 16, 0),
    ("real", 59, 59, 4, 24, 0),
    ("money", 60, 60, 8, 19, 4),
    ("datetime", 61, 61, 8, 23, 3),
    ("float", 62, 62, 8, 53, 0),
    ("sql_variant", 98, 98, 8016, 0, 0),
    ("ntext", 99, 99, 16, 0, 0),
    ("bit", 104, 104, 1, 1, 0),
    ("decimal", 106, 106, 17, 38, 38),
    ("numeric", 108, 108, 17, 38, 38),
    ("smallmoney", 122, 122, 4, 10, 4),
    ("bigint", 127, 127, 8, 19, 0),
    ("hierarchyid", 240, 128, 892, 0, 0),
    ("geometry", 240, 129, -1, 0, 0),
    ("geography", 240, 130, -1, 0, 0),
    ("varbinary", 165, 165, 8000, 0, 0),
    ("varchar", 167, 167, 8000, 0, 0),
    ("binary", 173, 173, 8000, 0, 0),
    ("char", 175, 175, 8000, 0, 0),
    ("timestamp", 189, 189, 8, 0, 0),
    ("nvarchar", 231, 231, 8000, 0, 0),
    ("nchar", 239, 239, 8000, 0, 0),
    ("xml", 241, 241, -1, 0, 0),
    ("sysname", 231, 256, 256, 0, 0),
];

impl Type {
    /// From a name and its arguments; a string type without a length has `length`: 1 in a column, 30 in a CAST.
    pub fn named(name: &str, args: &[u16], length: u16) -> Option<Type> {
        let length = args.first().copied().unwrap_or(length);
        let digits = args.first().map_or(7, |n| *n as u8);
        let precision = args.first().map_or(18, |n| *n as u8);
        let scale = args.get(1).map_or(0, |n| *n as u8);
        Some(match name.to_ascii_lowercase().as_str() {
            "bit" => Type::Bit,
            "tinyint" => Type::TinyInt,
            "smallint" => Type::SmallInt,
            "int" | "integer" => Type::Int,
            "bigint" => Type::BigInt,
            "real" => Type::Real,
            "float" if args.first().is_some_and(|bits| *bits <= 24) => Type::Real,
            "float" => Type::Float,
            "smallmoney" => Type::SmallMoney,
            "money" => Type::Money,
            "decimal" | "dec" => Type::Decimal(precision, scale),
            "numeric" => Type::Numeric(precision, scale),
            "date" => Type::Date,
            "time" => Type::Time(digits),
            "smalldatetime" => Type::SmallDateTime,
            "datetime" => Type::DateTime,
            "datetime2" => Type::DateTime2(digits),
            "datetimeoffset" => Type::DateTimeOffset(digits),
            "char" | "character" => Type::Char(length),
            "varchar" => Type::VarChar(length),
            "nchar" => Type::NChar(length),
            "nvarchar" => Type::NVarChar(length),
            "sysname" => Type::NVarChar(128),
            "text" => Type::Text,
            "ntext" => Type::NText,
            "image" => Type::Image,
            "binary" => Type::Binary(length),
            "varbinary" => Type::VarBinary(length),
            "rowversion" | "timestamp" => Type::RowVersion,
            "uniqueidentifier" => Type::Guid,
            "xml" => Type::Xml,
            "sql_variant" => Type::Variant,
            "hierarchyid" => Type::HierarchyId,
            "geography" => Type::Geography,
            "geometry" => Type::Geometry,
            _ => return None,
        })
    }

    /// The bare name, as in `sys.types`.
    pub fn base_name(self) -> &'static str {
        SYSTEM_TYPES[self.index()].0
    }

    /// The name with its arguments, as `system_type_name` prints it.
    pub fn full_name(self) -> String {
        let name = self.base_name();
        match self {
            Type::Decimal(p, s) | Type::Numeric(p, s) => format!("{name}({p},{s})"),
            Type::Time(s) | Type::DateTime2(s) | Type::DateTimeOffset(s) => format!("{name}({s})"),
            Type::RowVersion => name.to_string(),
            _ => match self.length() {
                Some(MAX) => format!("{name}(max)"),
                Some(length) => format!("{name}({length})"),
                None => name.to_string(),
            },
        }
    }

    pub fn system_type_id(self) -> u8 {
        SYSTEM_TYPES[self.index()].1
    }

    pub fn user_type_id(self) -> i32 {
        SYSTEM_TYPES[self.index()].2
    }

    /// `max_length`, `precision` and `scale` of `sys.columns`.
    pub fn measures(self) -> (i16, u8, u8) {
        let (_, _, _, length, precision, scale) = SYSTEM_TYPES[self.index()];
        let time_bytes = |s: u8| {
            if s < 3 {
                3
            } else if s < 5 {
                4
            } else {
                5
            }
        };
        let second = |whole: u8, s: u8| if s == 0 { whole } else { whole + 1 + s };
        match self {
            Type::Decimal(p, s) | Type::Numeric(p, s) => (i16::from(decimal_bytes(p)), p, s),
            Type::Time(s) => (time_bytes(s), second(8, s), s),
            Type::DateTime2(s) => (time_bytes(s) + 3, second(19, s), s),
            Type::DateTimeOffset(s) => (time_bytes(s) + 5, second(26, s), s),
            Type::NChar(n) | Type::NVarChar(n) if n != MAX => (n as i16 * 2, 0, 0),
            _ => match self.length() {
                Some(MAX) => (-1, 0, 0),
                Some(n) => (n as i16, 0, 0),
                None => (length, precision, scale),
            },
        }
    }

    fn index(self) -> usize {
        usize::from(self.parts().0)
    }

    /// The row of `SYSTEM_TYPES`, and the two arguments.
    pub(super) fn parts(self) -> (u8, u16, u8) {
        use Type::*;
        match self {
            Image => (0, 0, 0),
            Text => (1, 0, 0),
            Guid => (2, 0, 0),
            Date => (3, 0, 0),
            Time(s) => (4, 0, s),
            DateTime2(s) => (5, 0, s),
            DateTimeOffset(s) => (6, 0, s),
            TinyInt => (7, 0, 0),
            SmallInt => (8, 0, 0),
            Int => (9, 0, 0),
            SmallDateTime => (10, 0, 0),
            Real => (11, 0, 0),
            Money => (12, 0, 0),
            DateTime => (13, 0, 0),
            Float => (14, 0, 0),
            Variant => (15, 0, 0),
            NText => (16, 0, 0),
            Bit => (17, 0, 0),
            Decimal(p, s) => (18, u16::from(p), s),
            Numeric(p, s) => (19, u16::from(p), s),
            SmallMoney => (20, 0, 0),
            BigInt => (21, 0, 0),
            HierarchyId => (22, 0, 0),
            Geometry => (23, 0, 0),
            Geography => (24, 0, 0),
            VarBinary(n) => (25, n, 0),
            VarChar(n) => (26, n, 0),
            Binary(n) => (27, n, 0),
            Char(n) => (28, n, 0),
            RowVersion => (29, 0, 0),
            NVarChar(n) => (30, n, 0),
            NChar(n) => (31, n, 0),
            Xml => (32, 0, 0),
        }
    }

    pub(super) fn from_parts(kind: u8, a: u16, b: u8) -> Option<Type> {
        let (name, ..) = SYSTEM_TYPES.get(usize::from(kind))?;
        let args: &[u16] = match *name {
            "time" | "datetime2" | "datetimeoffset" => &[u16::from(b)],
            _ => &[a, u16::from(b)],
        };
        match *name {
            "float" => Some(Type::Float),
            name => Type::named(name, args, a),
        }
    }
}

/// Bytes of a decimal of that precision on the wire, the sign included ([MS-TDS] 2.2.5.5.1.6).
pub fn decimal_bytes(precision: u8) -> u8 {
    match precision {
        0..=9 => 5,
        10..=19 => 9,
        20..=28 => 13,
        _ => 17,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_survives_its_code() {
        let types = [
            Type::Decimal(38, 10),
            Type::Time(0),
            Type::DateTimeOffset(7),
            Type::NVarChar(MAX),
            Type::Float,
            Type::Geography,
            Type::RowVersion,
        ];
        for ty in types {
            assert_eq!(Type::from_code(ty.code()), Some(ty));
        }
    }
}
