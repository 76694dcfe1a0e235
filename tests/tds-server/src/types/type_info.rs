//! TYPE_INFO of a column ([MS-TDS] 2.2.5.6): NOT NULL columns have the fixed-length forms.

use super::{MAX, Type, collation, name::decimal_bytes};
use crate::wire::put;

/// A type as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub ty: Type,
    pub nullable: bool,
    /// Of a string.
    pub collation: Option<String>,
}

impl Sent {
    pub fn nullable(ty: Type) -> Sent {
        Sent {
            ty,
            nullable: true,
            collation: None,
        }
    }

    pub fn collation(&self) -> &str {
        self.collation.as_deref().unwrap_or(collation::DEFAULT)
    }

    pub fn is_utf8(&self) -> bool {
        self.collation.as_deref().is_some_and(collation::is_utf8)
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        use Type::*;
        match self.ty {
            Bit => self.fixed(out, 0x32, 0x68, 1),
            TinyInt => self.fixed(out, 0x30, 0x26, 1),
            SmallInt => self.fixed(out, 0x34, 0x26, 2),
            Int => self.fixed(out, 0x38, 0x26, 4),
            BigInt => self.fixed(out, 0x7f, 0x26, 8),
            Real => self.fixed(out, 0x3b, 0x6d, 4),
            Float => self.fixed(out, 0x3e, 0x6d, 8),
            SmallMoney => self.fixed(out, 0x7a, 0x6e, 4),
            Money => self.fixed(out, 0x3c, 0x6e, 8),
            SmallDateTime => self.fixed(out, 0x3a, 0x6f, 4),
            DateTime => self.fixed(out, 0x3d, 0x6f, 8),
            Decimal(p, s) => out.extend([0x6a, decimal_bytes(p), p, s]),
            Numeric(p, s) => out.extend([0x6c, decimal_bytes(p), p, s]),
            Date => out.push(0x28),
            Time(s) => out.extend([0x29, s]),
            DateTime2(s) => out.extend([0x2a, s]),
            DateTimeOffset(s) => out.extend([0x2b, s]),
            Char(n) => self.variable(out, 0xaf, n),
            VarChar(n) => self.variable(out, 0xa7, n),
            NChar(n) => self.variable(out, 0xef, n * 2),
            NVarChar(MAX) => self.variable(out, 0xe7, MAX),
            NVarChar(n) => self.variable(out, 0xe7, n * 2),
            Binary(n) => self.variable(out, 0xad, n),
            RowVersion => self.variable(out, 0xad, 8),
            VarBinary(n) => self.variable(out, 0xa5, n),
            Text => self.long(out, 0x23),
            NText => self.long(out, 0x63),
            Image => self.long(out, 0x22),
            Guid => out.extend([0x24, 16]),
            // No schema.
            Xml => out.extend([0xf1, 0]),
            Variant => {
                out.push(0x62);
                out.extend(8009u32.to_le_bytes());
            }
            HierarchyId | Geography | Geometry => self.udt(out),
        }
    }

    fn fixed(&self, out: &mut Vec<u8>, not_null: u8, nullable: u8, length: u8) {
        if self.nullable {
            out.extend([nullable, length]);
        } else {
            out.push(not_null);
        }
    }

    fn variable(&self, out: &mut Vec<u8>, token: u8, bytes: u16) {
        out.push(token);
        out.extend(bytes.to_le_bytes());
        if self.ty.is_character() {
            out.extend(collation::wire(self.collation()));
        }
    }

    /// text, ntext, image: with the name of a table, which nobody reads.
    fn long(&self, out: &mut Vec<u8>, token: u8) {
        out.push(token);
        out.extend(i32::MAX.to_le_bytes());
        if self.ty.is_character() {
            out.extend(collation::wire(self.collation()));
        }
        out.push(1);
        put::us_varchar(out, "t");
    }

    fn udt(&self, out: &mut Vec<u8>) {
        let name = self.ty.base_name();
        out.push(0xf0);
        out.extend(MAX.to_le_bytes());
        put::b_varchar(out, "master");
        put::b_varchar(out, "sys");
        put::b_varchar(out, name);
        let class = format!("Microsoft.SqlServer.Types.Sql{name}, Microsoft.SqlServer.Types");
        put::us_varchar(out, &class);
    }
}
