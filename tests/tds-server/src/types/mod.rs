//! The types of SQL Server, and how SQLite holds their values so that `=`, `<` and `order by` mean the same:
//!
//! | type | in SQLite |
//! |---|---|
//! | bit and the integers | INTEGER |
//! | real, float | REAL |
//! | money, smallmoney | INTEGER, ten-thousandths |
//! | date, time, smalldatetime, datetime, datetime2 | INTEGER, ticks of 100 ns since midnight or 0001-01-01 |
//! | datetimeoffset | TEXT, UTC ticks and the offset, compared by the ticks (collation `MSDTO`) |
//! | decimal, numeric | TEXT with all digits of the scale, collation `MSDEC` |
//! | uniqueidentifier | BLOB in the server's order of bytes |
//! | binary kinds, rowversion, image | BLOB |
//! | strings, xml, hierarchyid (its path), geography (its text) | TEXT under a collation of ours |
//! | sql_variant | whatever the value is |

pub mod cast;
pub mod code_page;
pub mod collation;
pub mod decimal;
pub mod encode;
pub mod guid;
pub mod name;
pub mod param;
pub mod ticks;
pub mod type_info;

/// A length that means `(max)`.
pub const MAX: u16 = 0xffff;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Bit,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Real,
    Float,
    SmallMoney,
    Money,
    /// Precision and scale.
    Decimal(u8, u8),
    Numeric(u8, u8),
    Date,
    /// Digits of the second, as for the next but two.
    Time(u8),
    SmallDateTime,
    DateTime,
    DateTime2(u8),
    DateTimeOffset(u8),
    /// Length in bytes.
    Char(u16),
    VarChar(u16),
    /// Length in UTF-16 units.
    NChar(u16),
    NVarChar(u16),
    Text,
    NText,
    Image,
    Binary(u16),
    VarBinary(u16),
    RowVersion,
    Guid,
    Xml,
    Variant,
    HierarchyId,
    Geography,
    Geometry,
}

/// How SQLite holds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    Integer,
    Real,
    /// Ten-thousandths.
    Money,
    Decimal,
    Ticks,
    Offset,
    Text,
    Blob,
    Guid,
    Any,
}

impl Type {
    pub fn held(self) -> Held {
        use Type::*;
        match self {
            Bit | TinyInt | SmallInt | Int | BigInt => Held::Integer,
            Real | Float => Held::Real,
            SmallMoney | Money => Held::Money,
            Decimal(..) | Numeric(..) => Held::Decimal,
            Date | Time(_) | SmallDateTime | DateTime | DateTime2(_) => Held::Ticks,
            DateTimeOffset(_) => Held::Offset,
            Char(_) | VarChar(_) | NChar(_) | NVarChar(_) | Text | NText | Xml => Held::Text,
            HierarchyId | Geography | Geometry => Held::Text,
            Image | Binary(_) | VarBinary(_) | RowVersion => Held::Blob,
            Guid => Held::Guid,
            Variant => Held::Any,
        }
    }

    /// The type of a SQLite column.
    pub fn affinity(self) -> &'static str {
        match self.held() {
            Held::Integer | Held::Money | Held::Ticks => "INT",
            Held::Real => "REAL",
            Held::Decimal | Held::Offset | Held::Text => "TEXT",
            Held::Blob | Held::Guid | Held::Any => "BLOB",
        }
    }

    pub fn is_character(self) -> bool {
        use Type::*;
        matches!(
            self,
            Char(_) | VarChar(_) | NChar(_) | NVarChar(_) | Text | NText
        )
    }

    pub fn is_unicode(self) -> bool {
        matches!(self, Type::NChar(_) | Type::NVarChar(_) | Type::NText)
    }

    pub fn is_udt(self) -> bool {
        matches!(self, Type::HierarchyId | Type::Geography | Type::Geometry)
    }

    /// Sent in chunks, of unknown length ([MS-TDS] 2.2.5.2.3).
    pub fn is_plp(self) -> bool {
        use Type::*;
        matches!(self, VarChar(MAX) | NVarChar(MAX) | VarBinary(MAX) | Xml) || self.is_udt()
    }

    /// Of two operands the one of lower rank is converted to the other's type ("Data type precedence" of T-SQL).
    pub fn rank(self) -> u8 {
        use Type::*;
        match self {
            HierarchyId | Geography | Geometry => 30,
            Variant => 29,
            Xml => 28,
            DateTimeOffset(_) => 27,
            DateTime2(_) => 26,
            DateTime => 25,
            SmallDateTime => 24,
            Date => 23,
            Time(_) => 22,
            Float => 21,
            Real => 20,
            Decimal(..) | Numeric(..) => 19,
            Money => 18,
            SmallMoney => 17,
            BigInt => 16,
            Int => 15,
            SmallInt => 14,
            TinyInt => 13,
            Bit => 12,
            NText => 11,
            Text => 10,
            Image => 9,
            RowVersion => 8,
            Guid => 7,
            NVarChar(_) => 6,
            NChar(_) => 5,
            VarChar(_) => 4,
            Char(_) => 3,
            VarBinary(_) => 2,
            Binary(_) => 1,
        }
    }

    /// Precision and scale as a decimal, for the types that widen into one.
    pub fn as_decimal(self) -> Option<(u8, u8)> {
        use Type::*;
        Some(match self {
            Bit | TinyInt => (3, 0),
            SmallInt => (5, 0),
            Int => (10, 0),
            BigInt => (19, 0),
            SmallMoney => (10, 4),
            Money => (19, 4),
            Decimal(p, s) | Numeric(p, s) => (p, s),
            _ => return None,
        })
    }

    /// Declared length: characters for Unicode, bytes otherwise.
    pub fn length(self) -> Option<u16> {
        use Type::*;
        match self {
            Char(n) | VarChar(n) | NChar(n) | NVarChar(n) | Binary(n) | VarBinary(n) => Some(n),
            RowVersion => Some(8),
            _ => None,
        }
    }

    /// The type that holds the values of both, as of CASE, COALESCE and UNION.
    pub fn common(self, other: Type) -> Type {
        use Type::*;
        let (high, low) = if self.rank() >= other.rank() {
            (self, other)
        } else {
            (other, self)
        };
        let longer = |a: u16, b: u16| a.max(b);
        match high {
            Decimal(..) | Numeric(..) => match (high.as_decimal(), low.as_decimal()) {
                (Some((p1, s1)), Some((p2, s2))) => {
                    let scale = s1.max(s2);
                    let whole = (p1 - s1).max(p2 - s2);
                    Numeric((whole + scale).min(38), scale)
                }
                _ => high,
            },
            NVarChar(n) => NVarChar(longer(n, low.length().unwrap_or(40))),
            NChar(n) => match low {
                NChar(m) | Char(m) => NChar(longer(n, m)),
                _ => NVarChar(longer(n, low.length().unwrap_or(40))),
            },
            VarChar(n) => VarChar(longer(n, low.length().unwrap_or(40))),
            Char(n) => match low {
                Char(m) => Char(longer(n, m)),
                _ => VarChar(longer(n, low.length().unwrap_or(40))),
            },
            VarBinary(n) => VarBinary(longer(n, low.length().unwrap_or(8))),
            DateTime2(s) => match low {
                DateTime2(t) | Time(t) => DateTime2(s.max(t)),
                DateTime => DateTime2(s.max(3)),
                _ => high,
            },
            DateTimeOffset(s) => match low {
                DateTimeOffset(t) | DateTime2(t) | Time(t) => DateTimeOffset(s.max(t)),
                DateTime => DateTimeOffset(s.max(3)),
                _ => high,
            },
            _ => high,
        }
    }

    /// One number for a type, so that a SQL function can be told it.
    pub fn code(self) -> i64 {
        let (kind, a, b) = self.parts();
        i64::from(kind) << 32 | i64::from(a) << 8 | i64::from(b)
    }

    pub fn from_code(code: i64) -> Option<Type> {
        let b = (code & 0xff) as u8;
        let a = (code >> 8 & 0xffff) as u16;
        Type::from_parts((code >> 32) as u8, a, b)
    }
}
