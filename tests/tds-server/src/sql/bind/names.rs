//! What a name, a variable or a number stands for.

use super::{Binder, Bound, Result, Scope, literal, quote};
use crate::catalog::same_name;
use crate::error::SqlError;
use crate::sql::functions;
use crate::types::{Held, Type, decimal};

impl Binder {
    pub(super) fn variable(&self, name: &str) -> Result<Bound> {
        let global = name.to_lowercase();
        Ok(match global.as_str() {
            "@@spid" => Bound::not_null(self.spid.to_string(), Type::SmallInt),
            "@@trancount" => Bound::not_null(self.trancount.to_string(), Type::Int),
            "@@version" => Bound::new(literal(functions::VERSION), Type::NVarChar(300)),
            "@@servername" => Bound::new("'stand-in'", Type::NVarChar(128)),
            "@@dbts" => Bound::not_null("ms_dbts()", Type::VarBinary(8)),
            "@@identity" => Bound::new("ms_scope_identity()", Type::Numeric(38, 0)),
            "@@rowcount" => Bound::new("changes()", Type::Int),
            _ => match self.parameters.get(&global) {
                Some(ty) => Bound::new(global, *ty),
                None => {
                    let message = format!("Must declare the scalar variable \"{name}\".");
                    return Err(SqlError::new(137, 15, message));
                }
            },
        })
    }
}

/// Whole numbers are int or bigint, with a point they are numeric, with an exponent float.
pub(super) fn number_literal(number: &str) -> Result<Bound> {
    if number.contains(['e', 'E']) {
        number
            .parse::<f64>()
            .map_err(|_| SqlError::syntax(number))?;
        // SQLite's own reading of a float may be off by its last bit.
        let (from, to) = (Type::VarChar(400).code(), Type::Float.code());
        let sql = format!("ms_cast({}, {from}, {to}, 0)", literal(number));
        return Ok(Bound::not_null(sql, Type::Float));
    }
    match number.parse::<i64>() {
        Ok(value) if i32::try_from(value).is_ok() => Ok(Bound::not_null(number, Type::Int)),
        Ok(_) => Ok(Bound::not_null(number, Type::BigInt)),
        Err(_) => {
            let scale = number
                .split_once('.')
                .map_or(0, |(_, fraction)| fraction.len())
                .min(38) as u8;
            let text = decimal::rescale(number, scale).ok_or_else(|| SqlError::syntax(number))?;
            let precision = (decimal::whole_digits(&text) as u8 + scale).clamp(1, 38);
            Ok(Bound::not_null(
                literal(&text),
                Type::Numeric(precision, scale),
            ))
        }
    }
}

impl Scope<'_> {
    /// A column by its name, with or without its table; the inner query's come first.
    pub(super) fn resolve(&self, name: &[String]) -> Result<Bound> {
        let dotted = || SqlError::no_column(&name.join("."));
        let (column, table) = name.split_last().ok_or_else(dotted)?;
        let table = table.last();
        let sources = self
            .sources
            .iter()
            .filter(|source| table.is_none_or(|table| same_name(&source.alias, table)));
        let mut found = sources.filter_map(|source| {
            let output = source
                .columns
                .iter()
                .find(|output| same_name(&output.name, column))?;
            Some((source, output))
        });
        let Some((source, output)) = found.next() else {
            return match (self.outer, table) {
                (Some(outer), _) => outer.resolve(name),
                (None, Some(_)) => {
                    let message = format!(
                        "The multi-part identifier \"{}\" could not be bound.",
                        name.join(".")
                    );
                    Err(SqlError::new(4104, 16, message))
                }
                (None, None) => Err(SqlError::no_column(column)),
            };
        };
        if found.next().is_some() {
            let message = format!("Ambiguous column name '{column}'.");
            return Err(SqlError::new(209, 16, message));
        }
        let column = quote(&output.name);
        let sql = match source.alias.as_str() {
            "" => column,
            alias => format!("{}.{column}", quote(alias)),
        };
        // A derived column of text has no collation of its own in SQLite unless it is a table's.
        let plain = !matches!(
            output.sent.ty.held(),
            Held::Text | Held::Decimal | Held::Offset
        ) || !source.derived;
        Ok(Bound {
            sql,
            sent: output.sent.clone(),
            plain,
        })
    }
}
