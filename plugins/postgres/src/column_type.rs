//! A column's type as PostgreSQL's catalog tells it: in which form it is selected, and how it orders.
//! Pure; `catalog` fills it.

use plugin_sdk::kind;

use crate::sql::{Form, Operand};

/// A column's type below all domains.
#[derive(Debug, Clone)]
pub struct Type {
    pub oid: i64,
    pub schema: String,
    pub name: String,
    pub shape: Shape,
    /// Whether texts are equal only if they are the same.
    pub deterministic: bool,
    /// Schema of the type's ordering operators, if it has them.
    pub operators: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Plain,
    Enum,
    Composite,
    /// Dimensions as declared; 0 when the server does not know, as in a view.
    Array {
        dimensions: i64,
    },
}

/// Types that the host decodes from the binary protocol. OIDs of built-in types never change.
const NATIVE: [i64; 20] = [
    16, 17, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
    3802,
];
/// Arrays of bool, bytea, int2, int4, text, varchar, int8, float4, float8, timestamp, date, timestamptz, uuid.
const NATIVE_ARRAYS: [i64; 13] = [
    1000, 1001, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 2951,
];
/// Types whose values are equal exactly if what the batch holds is: bool, bytea, "char", name, int8, int2, int4, text,
/// oid, float4, float8, varchar, date, time, timestamp, timestamptz, uuid. Not numeric (1.0 = 1.00), char(n), interval, …
const EXACT: [i64; 17] = [
    16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 2950,
];

/// When a value is taken, compared with when its transaction begins and commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// At the insert, as from a sequence: the writer holds its lock on the table already.
    Insert,
    /// At the beginning of the transaction or later, as by `now()`.
    Stamp(Stamp),
    /// Any time before the commit.
    Unknown,
}

/// How precise a stamp is, and in which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    Date,
    Timestamp,
    Timestamptz,
}

impl Type {
    fn form(&self) -> Form {
        match self.shape {
            Shape::Array { dimensions } if NATIVE_ARRAYS.contains(&self.oid) => {
                if dimensions <= 1 {
                    Form::Native
                } else {
                    Form::Json
                }
            }
            Shape::Plain if NATIVE.contains(&self.oid) => Form::Native,
            _ => Form::Text,
        }
    }

    /// How its values come about, as far as the type tells.
    pub fn origin(&self) -> Origin {
        match self.oid {
            // int8, int2, int4
            20 | 21 | 23 => Origin::Insert,
            1082 => Origin::Stamp(Stamp::Date),
            1114 => Origin::Stamp(Stamp::Timestamp),
            1184 => Origin::Stamp(Stamp::Timestamptz),
            _ => Origin::Unknown,
        }
    }
}

impl kind::Type for Type {
    type Operand = Operand;

    fn selected(&self, column: &str) -> String {
        self.form().of(column)
    }

    /// What lands has every digit.
    fn exact_text(&self, _column: &str) -> Option<String> {
        None
    }

    /// Arrays and composite values can be ordered, but do not come back from a batch as something that can be bound again.
    fn operand(&self, name: &str) -> Option<Operand> {
        if matches!(self.shape, Shape::Array { .. } | Shape::Composite) {
            return None;
        }
        Some(Operand {
            column: name.to_owned(),
            type_name: (self.schema.clone(), self.name.clone()),
            operators: self.operators.clone()?,
        })
    }

    /// A type that is selected as text takes any text that the server accepts, and a numeric without a scale has no kind
    /// of its own.
    fn has_own_kind(&self) -> bool {
        const NUMERIC: i64 = 1700;
        self.form() == Form::Native && self.oid != NUMERIC
    }

    fn equality_is_exact(&self) -> bool {
        self.deterministic && (self.shape == Shape::Enum || EXACT.contains(&self.oid))
    }
}

#[cfg(test)]
#[path = "column_type_tests.rs"]
mod tests;
