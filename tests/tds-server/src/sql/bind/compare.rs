//! Operands brought to one form: of two types the lower-ranked is converted, unless SQLite holds both alike.

use super::{Binder, Bound, Result};
use crate::error::SqlError;
use crate::types::{Held, MAX, Type};

/// What CAST or an assignment does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    Cast {
        style: i64,
    },
    /// NULL instead of an error.
    Try {
        style: i64,
    },
    Assign,
}

impl Binder {
    pub fn convert(&self, value: Bound, to: Type, conversion: Conversion) -> Bound {
        let from = value.ty();
        let mut sent = value.sent.clone();
        sent.ty = to;
        if !to.is_character() || !from.is_character() {
            sent.collation = None;
        }
        if conversion != Conversion::Assign {
            // A conversion may fail, so its result counts as nullable.
            sent.nullable = true;
        }
        let styled = matches!(conversion, Conversion::Cast { style } | Conversion::Try { style } if style != 0);
        if holds_same(from, to) && !(styled && from.held() != to.held()) {
            return Bound {
                sql: value.sql,
                sent,
                plain: value.plain,
            };
        }
        let (function, style) = match conversion {
            Conversion::Cast { style } => ("ms_cast", style),
            Conversion::Try { style } => ("ms_try_cast", style),
            Conversion::Assign => ("ms_assign", 0),
        };
        let sql = format!(
            "{function}({}, {}, {}, {style})",
            value.sql,
            from.code(),
            to.code()
        );
        Bound {
            sql,
            sent,
            plain: false,
        }
    }

    pub fn cast(&self, value: Bound, to: Type) -> Bound {
        self.convert(value, to, Conversion::Cast { style: 0 })
    }

    /// Both sides of a comparison in one form, and the collation on the left where it is needed.
    pub fn compare(&self, operator: &str, left: Bound, right: Bound) -> Result<String> {
        let (left, right) = self.alike(left, right);
        let order = self.common_order(&left, &right)?;
        let left_sql = match order {
            Some(name) if !(left.plain && left.order() == order) => {
                format!("{} COLLATE {name}", left.sql)
            }
            _ => left.sql,
        };
        Ok(format!("({left_sql} {operator} {})", right.sql))
    }

    pub fn alike(&self, left: Bound, right: Bound) -> (Bound, Bound) {
        let (l, r) = (left.ty(), right.ty());
        if compares(l, r) {
            return (left, right);
        }
        if l.rank() >= r.rank() {
            let to = comparable(l, r);
            (left, self.cast(right, to))
        } else {
            let to = comparable(r, l);
            (self.cast(left, to), right)
        }
    }

    /// A column's collation wins over that of a literal or a parameter; two columns have to agree.
    fn common_order(&self, left: &Bound, right: &Bound) -> Result<Option<&'static str>> {
        let (a, b) = (&left.sent.collation, &right.sent.collation);
        match (a, b) {
            (Some(a), Some(b)) if !a.eq_ignore_ascii_case(b) => {
                let message = format!(
                    "Cannot resolve the collation conflict between \"{b}\" and \"{a}\" in the comparison operation."
                );
                Err(SqlError::new(468, 16, message))
            }
            (None, Some(_)) => Ok(right.order()),
            _ => Ok(left.order().or(right.order())),
        }
    }
}

/// The type that the lower-ranked operand gets: a whole number beside a decimal keeps its own digits.
fn comparable(high: Type, low: Type) -> Type {
    match (high.held(), low.as_decimal()) {
        (Held::Decimal, Some((precision, scale))) => Type::Decimal(precision, scale),
        // A text may be longer than the column that it is compared with.
        _ => match high {
            Type::VarBinary(_) | Type::Binary(_) => Type::VarBinary(MAX),
            _ => high,
        },
    }
}

/// Whether SQLite's comparison of the two held forms is the server's.
fn compares(a: Type, b: Type) -> bool {
    let number = |ty: Type| matches!(ty.held(), Held::Integer | Held::Real);
    let clock = |ty: Type| matches!(ty, Type::Time(_));
    match (a.held(), b.held()) {
        (Held::Ticks, Held::Ticks) => clock(a) == clock(b),
        (Held::Any, _) | (_, Held::Any) => true,
        (x, y) => x == y || (number(a) && number(b)),
    }
}

/// Whether a conversion changes nothing of any value.
fn holds_same(from: Type, to: Type) -> bool {
    use Type::*;
    let rank = |ty: Type| ty.rank();
    match (from, to) {
        (from, to) if from == to => true,
        (from, to) if from.held() == Held::Integer && to.held() == Held::Integer => {
            to != Bit && rank(to) >= rank(from)
        }
        (Real, Float) => true,
        (SmallMoney, Money) => true,
        (Decimal(p, s) | Numeric(p, s), Decimal(q, t) | Numeric(q, t)) => s == t && q >= p,
        (Date | SmallDateTime | DateTime, DateTime2(7)) => true,
        (Date, DateTime2(_) | DateTime | SmallDateTime) => true,
        (DateTime2(a), DateTime2(b)) | (Time(a), Time(b)) => b >= a,
        (DateTimeOffset(a), DateTimeOffset(b)) => b >= a,
        (VarBinary(a) | Binary(a), VarBinary(b)) => b >= a,
        (RowVersion, Binary(8) | VarBinary(8..)) => true,
        (Xml | NText | Text, NVarChar(MAX) | VarChar(MAX)) => true,
        (NVarChar(a) | VarChar(a) | NChar(a) | Char(a), NVarChar(b) | VarChar(b)) => b >= a,
        (from, NText | Text | Xml) => from.is_character(),
        (NVarChar(_) | VarChar(_), HierarchyId | Geography | Geometry) => true,
        _ => false,
    }
}
