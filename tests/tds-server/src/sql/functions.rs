//! The functions of T-SQL that are in use: their result types, and what they are called in SQLite.
//! Those named `ms_…` are ours (see `runtime`).

use super::bind::{Binder, Bound, literal};
use crate::error::SqlError;
use crate::types::{Held, Type};

mod strings;

/// What `@@VERSION` says.
pub const VERSION: &str =
    "Microsoft SQL Server 2022 (RTM) - 16.0.1000.6 (X64) \n\tStand-in for tests";

type Result<T> = std::result::Result<T, SqlError>;

/// `name` in upper case.
pub fn call(binder: &Binder, name: &str, arguments: Vec<Bound>, distinct: bool) -> Result<Bound> {
    if let Some(bound) = aggregate(binder, name, &arguments, distinct) {
        return Ok(bound);
    }
    if let Some(bound) = window(name, &arguments) {
        return Ok(bound);
    }
    if let Some(bound) = choice(binder, name, &arguments)? {
        return Ok(bound);
    }
    if let Some(bound) = strings::string(binder, name, &arguments) {
        return Ok(bound);
    }
    if let Some(bound) = number(name, &arguments) {
        return Ok(bound);
    }
    server(binder, name, &arguments).ok_or_else(|| {
        let message = format!("'{name}' is not a recognized built-in function name.");
        SqlError::new(195, 15, message)
    })
}

fn aggregate(binder: &Binder, name: &str, arguments: &[Bound], distinct: bool) -> Option<Bound> {
    let [value] = arguments else {
        return None;
    };
    let distinct = if distinct { "DISTINCT " } else { "" };
    let ty = value.ty();
    let collated = match crate::types::collation::of(ty, value.sent.collation.as_deref()) {
        Some(name) if !value.plain => format!("{} COLLATE {name}", value.sql),
        _ => value.sql.clone(),
    };
    Some(match name {
        "COUNT" => Bound::new(format!("COUNT({distinct}{collated})"), Type::Int),
        "COUNT_BIG" => Bound::new(format!("COUNT({distinct}{collated})"), Type::BigInt),
        "MIN" | "MAX" => {
            let mut bound = value.clone();
            bound.sql = format!("{name}({collated})");
            bound.sent.nullable = true;
            bound.plain = false;
            bound
        }
        "SUM" => match ty.held() {
            Held::Decimal => {
                let (_, scale) = ty.as_decimal()?;
                let sql = format!("ms_sum({distinct}{}, {scale})", value.sql);
                Bound::new(sql, Type::Decimal(38, scale))
            }
            _ => Bound::new(format!("SUM({distinct}{})", value.sql), widened(ty)),
        },
        "AVG" => match ty.held() {
            Held::Decimal => {
                let (_, scale) = ty.as_decimal()?;
                let sql = format!(
                    "ms_decimal('/', ms_sum({0}, {scale}), CAST(COUNT({0}) AS TEXT), {1})",
                    value.sql,
                    scale.max(6)
                );
                Bound::new(sql, Type::Decimal(38, scale.max(6)))
            }
            Held::Real => Bound::new(format!("AVG({distinct}{})", value.sql), Type::Float),
            _ => {
                let value = binder.cast(value.clone(), widened(ty)).sql;
                Bound::new(
                    format!("(SUM({distinct}{value}) / COUNT({distinct}{value}))"),
                    widened(ty),
                )
            }
        },
        _ => return None,
    })
}

/// The type of a sum.
fn widened(ty: Type) -> Type {
    match ty {
        Type::TinyInt | Type::SmallInt | Type::Int | Type::Bit => Type::Int,
        Type::SmallMoney => Type::Money,
        Type::Real => Type::Float,
        ty => ty,
    }
}

fn window(name: &str, arguments: &[Bound]) -> Option<Bound> {
    match name {
        "ROW_NUMBER" | "RANK" | "DENSE_RANK" => {
            Some(Bound::not_null(format!("{name}()"), Type::BigInt))
        }
        "NTILE" => Some(Bound::not_null(
            format!("NTILE({})", arguments.first()?.sql),
            Type::BigInt,
        )),
        "LAG" | "LEAD" | "FIRST_VALUE" | "LAST_VALUE" => {
            let sent = arguments.first()?.sent.clone();
            let mut bound = Bound::new(format!("{name}({})", list(arguments)), sent.ty);
            bound.sent.collation = sent.collation;
            Some(bound)
        }
        _ => None,
    }
}

fn choice(binder: &Binder, name: &str, arguments: &[Bound]) -> Result<Option<Bound>> {
    Ok(match (name, arguments) {
        ("ISNULL", [value, other]) => {
            // The first argument alone decides, unless it is a bare NULL.
            let to = if value.sql == "NULL" {
                other.ty()
            } else {
                value.ty()
            };
            let other_sql = binder.cast(other.clone(), to).sql;
            let mut bound = value.clone();
            bound.sent.ty = to;
            bound.sql = format!("IFNULL({}, {other_sql})", value.sql);
            bound.sent.nullable = value.sent.nullable && other.sent.nullable;
            bound.plain = false;
            Some(bound)
        }
        ("COALESCE", [_, _, ..]) => {
            let mut sent = binder.common(arguments);
            sent.nullable = arguments.iter().all(|value| value.sent.nullable);
            let values = arguments
                .iter()
                .map(|value| binder.cast(value.clone(), sent.ty).sql);
            let sql = format!("COALESCE({})", values.collect::<Vec<_>>().join(", "));
            Some(Bound {
                sql,
                sent,
                plain: false,
            })
        }
        ("NULLIF", [value, other]) => {
            let equal = binder.compare("=", value.clone(), other.clone())?;
            let mut bound = value.clone();
            bound.sql = format!("CASE WHEN {equal} THEN NULL ELSE {} END", value.sql);
            bound.sent.nullable = true;
            bound.plain = false;
            Some(bound)
        }
        ("IIF", [condition, yes, no]) => {
            let sent = binder.common(&[yes.clone(), no.clone()]);
            let [yes, no] = [yes, no].map(|value| binder.cast(value.clone(), sent.ty).sql);
            let sql = format!("CASE WHEN {} THEN {yes} ELSE {no} END", condition.sql);
            Some(Bound {
                sql,
                sent,
                plain: false,
            })
        }
        _ => None,
    })
}

fn number(name: &str, arguments: &[Bound]) -> Option<Bound> {
    Some(match (name, arguments) {
        ("ABS" | "SIGN", [value]) if value.ty().held() != Held::Decimal => {
            Bound::new(format!("{name}({})", value.sql), value.ty())
        }
        ("FLOOR" | "CEILING" | "ROUND", [value, rest @ ..]) if value.ty().held() == Held::Real => {
            let name = if name == "CEILING" { "CEIL" } else { name };
            let digits = rest
                .first()
                .map(|digits| format!(", {}", digits.sql))
                .unwrap_or_default();
            Bound::new(format!("{name}({}{digits})", value.sql), Type::Float)
        }
        ("FLOOR" | "CEILING", [value]) if value.ty().held() == Held::Integer => value.clone(),
        ("CHECKSUM", [value]) => Bound::new(format!("ms_checksum({})", value.sql), Type::Int),
        ("SQL_VARIANT_PROPERTY", [value, property]) => {
            let sql = format!("ms_variant_property({}, {})", value.sql, property.sql);
            Bound::new(sql, Type::NVarChar(128))
        }
        _ => return None,
    })
}

/// The server's own facts, and the clock.
fn server(binder: &Binder, name: &str, arguments: &[Bound]) -> Option<Bound> {
    let now = |to: Type| {
        let value = Bound::not_null("ms_now()", Type::DateTime2(7));
        let mut bound = binder.cast(value, to);
        bound.sent.nullable = false;
        bound
    };
    let arg = |at: usize| {
        arguments
            .get(at)
            .map(|value| value.sql.clone())
            .unwrap_or("NULL".into())
    };
    Some(match name {
        "GETDATE" | "GETUTCDATE" | "CURRENT_TIMESTAMP" => now(Type::DateTime),
        "SYSDATETIME" | "SYSUTCDATETIME" => now(Type::DateTime2(7)),
        "SYSDATETIMEOFFSET" => now(Type::DateTimeOffset(7)),
        "DATEADD" => {
            let [_, count, value] = arguments else {
                return None;
            };
            let ty = if value.ty().held() == Held::Text {
                Type::DateTime
            } else {
                value.ty()
            };
            let at = binder.cast(value.clone(), ty).sql;
            Bound::new(
                format!("ms_dateadd({}, {}, {at}, {})", arg(0), count.sql, ty.code()),
                ty,
            )
        }
        "DATEDIFF" | "DATEDIFF_BIG" => {
            let [_, from, to] = arguments else {
                return None;
            };
            let [from, to] =
                [from, to].map(|value| binder.cast(value.clone(), Type::DateTime2(7)).sql);
            let ty = if name == "DATEDIFF" {
                Type::Int
            } else {
                Type::BigInt
            };
            Bound::new(format!("ms_datediff({}, {from}, {to})", arg(0)), ty)
        }
        "SWITCHOFFSET" => {
            let [value, offset] = arguments else {
                return None;
            };
            let ty = match value.ty() {
                ty @ Type::DateTimeOffset(_) => ty,
                _ => Type::DateTimeOffset(7),
            };
            let at = binder.cast(value.clone(), ty).sql;
            Bound::new(format!("ms_switchoffset({at}, {})", offset.sql), ty)
        }
        "NEWID" | "NEWSEQUENTIALID" => Bound::not_null("randomblob(16)", Type::Guid),
        "DB_NAME" => Bound::new(literal(&binder.database), Type::NVarChar(128)),
        "DB_ID" => Bound::new("5", Type::SmallInt),
        "OBJECT_ID" => Bound::new(format!("ms_object_id({})", arg(0)), Type::Int),
        "OBJECT_NAME" => Bound::new(format!("ms_object_name({})", arg(0)), Type::NVarChar(128)),
        "SCHEMA_NAME" => {
            let id = if arguments.is_empty() {
                "1".into()
            } else {
                arg(0)
            };
            Bound::new(format!("ms_schema_name({id})"), Type::NVarChar(128))
        }
        "SCHEMA_ID" => Bound::new(format!("ms_schema_id({})", arg(0)), Type::Int),
        "TYPE_NAME" => Bound::new(format!("ms_type_name({})", arg(0)), Type::NVarChar(128)),
        "SYSTEM_USER" | "SUSER_SNAME" | "ORIGINAL_LOGIN" | "SUSER_NAME" => {
            Bound::new("ms_login()", Type::NVarChar(128))
        }
        "USER_NAME" | "CURRENT_USER" | "SESSION_USER" => Bound::new("'dbo'", Type::NVarChar(128)),
        "HAS_PERMS_BY_NAME" => {
            let sql = format!("ms_has_perms({}, {}, {})", arg(0), arg(1), arg(2));
            Bound::new(sql, Type::Int)
        }
        "HAS_DBACCESS" => Bound::new("1", Type::Int),
        "SERVERPROPERTY" => {
            // Of a variant, so that numbers stay numbers.
            Bound::new(format!("ms_server_property({})", arg(0)), Type::Variant)
        }
        "DATABASEPROPERTYEX" => Bound::new(
            format!("ms_database_property({}, {})", arg(0), arg(1)),
            Type::Variant,
        ),
        "MIN_ACTIVE_ROWVERSION" => Bound::new("ms_min_active_rowversion()", Type::Binary(8)),
        "SCOPE_IDENTITY" => Bound::new("ms_scope_identity()", Type::Numeric(38, 0)),
        _ => return None,
    })
}

fn list(arguments: &[Bound]) -> String {
    arguments
        .iter()
        .map(|argument| argument.sql.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}
