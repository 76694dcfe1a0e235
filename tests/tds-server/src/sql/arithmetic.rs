//! Arithmetic with the result types of T-SQL. Decimals are added and multiplied as text, exactly.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::bind::{Binder, Bound};
use crate::error::SqlError;
use crate::types::{Held, MAX, Type, decimal};

/// `left operator right`.
pub fn apply(
    binder: &Binder,
    operator: &str,
    left: Bound,
    right: Bound,
) -> Result<Bound, SqlError> {
    let high = if left.ty().rank() >= right.ty().rank() {
        left.ty()
    } else {
        right.ty()
    };
    let nullable = left.sent.nullable || right.sent.nullable;
    let mut bound = match high.held() {
        Held::Text if operator == "+" => {
            let lengths = [left.ty(), right.ty()].map(|ty| ty.length().unwrap_or(MAX));
            let length = if lengths.contains(&MAX) {
                MAX
            } else {
                (lengths[0] + lengths[1]).min(8000)
            };
            let ty = if high.is_unicode() {
                Type::NVarChar(if length == MAX { MAX } else { length.min(4000) })
            } else {
                Type::VarChar(length)
            };
            let collation = left.sent.collation.clone().or(right.sent.collation.clone());
            let mut bound = Bound::new(format!("({} || {})", left.sql, right.sql), ty);
            bound.sent.collation = collation;
            bound
        }
        Held::Integer | Held::Money | Held::Real => {
            let (left, right) = (binder.cast(left, high).sql, binder.cast(right, high).sql);
            let sql = match operator {
                "/" if high.held() == Held::Money => format!("ms_divide({left} * 10000, {right})"),
                "*" if high.held() == Held::Money => format!("({left} * {right} / 10000)"),
                "/" => format!("ms_divide({left}, {right})"),
                "%" => format!("ms_modulo({left}, {right})"),
                "^" => format!("(({left} | {right}) - ({left} & {right}))"),
                operator => format!("({left} {operator} {right})"),
            };
            Bound::new(sql, if high == Type::Bit { Type::Int } else { high })
        }
        Held::Decimal => decimals(binder, operator, left, right)?,
        // A number of days.
        Held::Ticks if left.ty() == Type::DateTime => {
            let days = binder.cast(right, Type::Int).sql;
            Bound::new(
                format!(
                    "({} {operator} {days} * {})",
                    left.sql,
                    crate::types::ticks::DAY
                ),
                Type::DateTime,
            )
        }
        _ => {
            let message = format!(
                "The data types {} and {} are incompatible in the operator.",
                left.ty().base_name(),
                right.ty().base_name()
            );
            return Err(SqlError::new(402, 16, message));
        }
    };
    bound.sent.nullable = nullable;
    Ok(bound)
}

fn decimals(binder: &Binder, operator: &str, left: Bound, right: Bound) -> Result<Bound, SqlError> {
    let measure = |bound: &Bound| bound.ty().as_decimal().unwrap_or((38, 0));
    let ((p1, s1), (p2, s2)) = (measure(&left), measure(&right));
    // "Precision, scale, and length" of the T-SQL reference.
    let (precision, scale) = match operator {
        "+" | "-" => (s1.max(s2) + (p1 - s1).max(p2 - s2) + 1, s1.max(s2)),
        "*" => (p1 + p2 + 1, s1 + s2),
        "/" => (p1 - s1 + s2 + 6u8.max(s1 + p2 + 1), 6u8.max(s1 + p2 + 1)),
        "%" => ((p1 - s1).min(p2 - s2) + s1.max(s2), s1.max(s2)),
        _ => return Err(SqlError::syntax(operator)),
    };
    let scale = if precision > 38 {
        scale.saturating_sub(precision - 38).max(scale.min(6))
    } else {
        scale
    };
    let to = Type::Numeric(precision.min(38), scale);
    let left = binder.cast(left, Type::Numeric(p1, s1)).sql;
    let right = binder.cast(right, Type::Numeric(p2, s2)).sql;
    Ok(Bound::new(
        format!("ms_decimal('{operator}', {left}, {right}, {scale})"),
        to,
    ))
}

pub fn register(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("ms_decimal", 4, flags, |context| {
        let (left, right): (Option<String>, Option<String>) = (context.get(1)?, context.get(2)?);
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(None);
        };
        let operator: String = context.get(0)?;
        let scale: u8 = context.get(3)?;
        exact(&operator, &left, &right, scale)
            .map(Some)
            .map_err(SqlError::into_sqlite)
    })?;
    db.create_scalar_function("ms_divide", 2, flags, |context| {
        divide(context, |a, b| a / b, |a, b| a / b)
    })?;
    db.create_scalar_function("ms_modulo", 2, flags, |context| {
        divide(context, |a, b| a % b, |a, b| a % b)
    })
}

fn divide(
    context: &Context<'_>,
    whole: impl Fn(i64, i64) -> i64,
    real: impl Fn(f64, f64) -> f64,
) -> rusqlite::Result<rusqlite::types::Value> {
    use rusqlite::types::Value;
    let by_zero = || SqlError::numbered(8134).into_sqlite();
    Ok(match (context.get(0)?, context.get(1)?) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (_, Value::Integer(0)) => return Err(by_zero()),
        (Value::Integer(a), Value::Integer(b)) => Value::Integer(whole(a, b)),
        (a, b) => {
            let float = |value: Value| match value {
                Value::Integer(number) => number as f64,
                Value::Real(number) => number,
                _ => 0.0,
            };
            let (a, b) = (float(a), float(b));
            if b == 0.0 {
                return Err(by_zero());
            }
            Value::Real(real(a, b))
        }
    })
}

/// Through integers of 128 bits, which hold the 38 digits of a decimal.
fn exact(operator: &str, left: &str, right: &str, scale: u8) -> Result<String, SqlError> {
    let digits = |text: &str| {
        text.split_once('.')
            .map_or(0, |(_, fraction)| fraction.len()) as u8
    };
    let overflow = || SqlError::overflow("numeric");
    let scales = (digits(left), digits(right));
    let common = scales.0.max(scales.1);
    let at = |text: &str, scale: u8| decimal::mantissa(text, scale).ok_or_else(overflow);
    let (result, result_scale) = match operator {
        "+" => (at(left, common)?.checked_add(at(right, common)?), common),
        "-" => (at(left, common)?.checked_sub(at(right, common)?), common),
        "*" => (
            at(left, scales.0)?.checked_mul(at(right, scales.1)?),
            scales.0 + scales.1,
        ),
        _ => {
            let by = at(right, common)?;
            if by == 0 {
                return Err(SqlError::numbered(8134));
            }
            if operator == "%" {
                (at(left, common)?.checked_rem(by), common)
            } else {
                let more = 10i128.checked_pow(scale.into()).ok_or_else(overflow)?;
                (
                    at(left, common)?.checked_mul(more).map(|left| left / by),
                    scale,
                )
            }
        }
    };
    let text = decimal::from_mantissa(result.ok_or_else(overflow)?, result_scale);
    decimal::rescale(&text, scale).ok_or_else(overflow)
}
