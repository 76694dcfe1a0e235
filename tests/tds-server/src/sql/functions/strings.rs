//! Functions of strings and bytes.

use crate::sql::bind::{Binder, Bound};
use crate::types::{Held, MAX, Type};

pub(super) fn string(binder: &Binder, name: &str, arguments: &[Bound]) -> Option<Bound> {
    let text = |value: &Bound| {
        let to = if value.ty().is_character() {
            value.ty()
        } else {
            Type::NVarChar(4000)
        };
        binder.cast(value.clone(), to).sql
    };
    let like_first = |sql: String| {
        let mut bound = arguments[0].clone();
        if !bound.ty().is_character() {
            bound = Bound::new("", Type::VarChar(8000));
        }
        let ty = match bound.ty() {
            Type::Char(n) => Type::VarChar(n),
            Type::NChar(n) => Type::NVarChar(n),
            ty => ty,
        };
        Bound {
            sql,
            sent: crate::types::type_info::Sent { ty, ..bound.sent },
            plain: false,
        }
    };
    Some(match (name, arguments) {
        ("LEN", [value]) => Bound::new(format!("ms_len({})", text(value)), Type::Int),
        ("DATALENGTH", [value]) => Bound::new(
            format!("ms_datalength({}, {})", value.sql, value.ty().code()),
            Type::Int,
        ),
        ("SUBSTRING", [value, start, length]) if value.ty().held() == Held::Blob => {
            let sql = format!("substr({}, {}, {})", value.sql, start.sql, length.sql);
            Bound::new(sql, Type::VarBinary(value.ty().length().unwrap_or(8000)))
        }
        ("SUBSTRING", [value, start, length]) => like_first(format!(
            "ms_substring({}, {}, {})",
            text(value),
            start.sql,
            length.sql
        )),
        ("LEFT", [value, length]) => {
            like_first(format!("ms_substring({}, 1, {})", text(value), length.sql))
        }
        ("RIGHT", [value, length]) => {
            like_first(format!("ms_right({}, {})", text(value), length.sql))
        }
        ("UPPER" | "LOWER", [value]) => {
            like_first(format!("ms_{}({})", name.to_lowercase(), text(value)))
        }
        ("LTRIM" | "RTRIM" | "TRIM", [value]) => like_first(format!("{name}({})", text(value))),
        ("REPLACE", [value, from, to]) => like_first(format!(
            "REPLACE({}, {}, {})",
            text(value),
            text(from),
            text(to)
        )),
        ("REPLICATE", [value, count]) => {
            let mut bound = like_first(format!("ms_replicate({}, {})", text(value), count.sql));
            bound.sent.ty = match bound.ty() {
                Type::NVarChar(MAX) | Type::VarChar(MAX) => bound.ty(),
                ty if ty.is_unicode() => Type::NVarChar(4000),
                _ => Type::VarChar(8000),
            };
            bound
        }
        ("CHARINDEX", [what, within]) => Bound::new(
            format!("ms_charindex({}, {})", text(what), text(within)),
            Type::Int,
        ),
        ("CONCAT" | "CONCAT_WS", [_, _, ..]) => {
            let parts = arguments.iter().map(text).collect::<Vec<_>>().join(", ");
            Bound::new(format!("{name}({parts})"), joined(arguments))
        }
        ("QUOTENAME", [value]) => Bound::new(
            format!("ms_quotename({})", text(value)),
            Type::NVarChar(258),
        ),
        ("CHAR", [code]) => Bound::new(format!("ms_char({})", code.sql), Type::Char(1)),
        ("NCHAR", [code]) => Bound::new(format!("CHAR({})", code.sql), Type::NChar(2)),
        ("UNICODE" | "ASCII", [value]) => {
            Bound::new(format!("UNICODE({})", text(value)), Type::Int)
        }
        ("HASHBYTES", [algorithm, value]) => {
            let sql = format!(
                "ms_hashbytes({}, {}, {})",
                algorithm.sql,
                value.sql,
                value.ty().code()
            );
            Bound::new(sql, Type::VarBinary(8000))
        }
        _ => return None,
    })
}

/// The type of a concatenation.
fn joined(parts: &[Bound]) -> Type {
    let unicode = parts.iter().any(|part| part.ty().is_unicode());
    let max = parts.iter().any(|part| part.ty().length() == Some(MAX));
    match (unicode, max) {
        (true, true) => Type::NVarChar(MAX),
        (true, false) => Type::NVarChar(4000),
        (false, true) => Type::VarChar(MAX),
        (false, false) => Type::VarChar(8000),
    }
}
