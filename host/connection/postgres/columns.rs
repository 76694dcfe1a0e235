//! What the columns of a prepared statement are: the server's type → the form that is landed.
//! A type whose binary form is not decoded here is refused by name: a plugin casts it to text.

use std::sync::Arc;

use tokio_postgres::Statement;
use tokio_postgres::types::{Kind, Type};

use crate::model::source::{Column, DataType, ErrorKind, SourceError};

/// The largest precision of a decimal128.
const MAX_PRECISION: i32 = 38;
/// The server stores lengths and precisions with the size of a header added.
const TYPMOD_HEADER: i32 = 4;

/// The columns of a statement, in its order.
///
/// # Errors
/// `Unsupported`, naming the first column whose type is not decoded.
pub fn describe(statement: &Statement) -> Result<Arc<[Column]>, SourceError> {
    statement.columns().iter().map(describe_one).collect()
}

fn describe_one(column: &tokio_postgres::Column) -> Result<Column, SourceError> {
    let modifier = column.type_modifier();
    let native_type = native_name(column.type_(), modifier);
    let Some(data_type) = data_type(column.type_(), modifier) else {
        let name = column.name();
        let message = format!(
            "column \"{name}\" has type {native_type}, which must be cast to text to be read"
        );
        return Err(SourceError::new(ErrorKind::Unsupported, message).with_column(name));
    };
    Ok(Column {
        name: column.name().to_owned(),
        data_type,
        nullable: true,
        native_type,
    })
}

fn data_type(of: &Type, modifier: i32) -> Option<DataType> {
    match of.kind() {
        Kind::Array(element) => {
            element_type(element).map(|element| DataType::Array(Box::new(element)))
        }
        _ => scalar_type(of, modifier),
    }
}

fn scalar_type(of: &Type, modifier: i32) -> Option<DataType> {
    Some(match *of {
        Type::NUMERIC => numeric_type(modifier),
        Type::OID => DataType::Int64,
        Type::NAME | Type::CHAR => DataType::Text,
        Type::TIME => DataType::Time,
        Type::JSON | Type::JSONB => DataType::Json,
        _ => match of.kind() {
            Kind::Enum(_) => DataType::Native(of.name().to_owned()),
            Kind::Domain(base) => return scalar_type(base, modifier),
            Kind::Simple if of.name() == "citext" => DataType::Text,
            _ => return element_type(of),
        },
    })
}

/// Types that may also be elements of an array.
fn element_type(of: &Type) -> Option<DataType> {
    Some(match *of {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR => DataType::Text,
        Type::BYTEA => DataType::Bytes,
        Type::DATE => DataType::Date,
        Type::TIMESTAMP => DataType::Timestamp,
        Type::TIMESTAMPTZ => DataType::Timestamptz,
        Type::UUID => DataType::Uuid,
        _ => return None,
    })
}

/// A decimal where every value of the column fits one; the exact text otherwise.
fn numeric_type(modifier: i32) -> DataType {
    if let Some((precision, scale)) = numeric_modifier(modifier)
        && precision <= MAX_PRECISION
        && (0..=precision).contains(&scale)
        && let (Ok(precision), Ok(scale)) = (u8::try_from(precision), i8::try_from(scale))
    {
        return DataType::Decimal(precision, scale);
    }
    DataType::Native("numeric".to_owned())
}

/// Precision and scale, as `numeric.c` packs them; the scale is signed, in 11 bits.
fn numeric_modifier(modifier: i32) -> Option<(i32, i32)> {
    let packed = modifier
        .checked_sub(TYPMOD_HEADER)
        .filter(|packed| *packed >= 0)?;
    Some(((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024))
}

/// The type as the server's `format_type` writes it.
fn native_name(of: &Type, modifier: i32) -> String {
    if let Kind::Array(element) = of.kind() {
        return format!("{}[]", native_name(element, modifier));
    }
    let length = (modifier > TYPMOD_HEADER).then(|| modifier - TYPMOD_HEADER);
    let sized = |name: &str| length.map_or(name.to_owned(), |length| format!("{name}({length})"));
    let timed = |name: &str, zone: &str| match modifier {
        0.. => format!("{name}({modifier}) {zone}"),
        _ => format!("{name} {zone}"),
    };
    match *of {
        Type::BOOL => "boolean".to_owned(),
        Type::INT2 => "smallint".to_owned(),
        Type::INT4 => "integer".to_owned(),
        Type::INT8 => "bigint".to_owned(),
        Type::FLOAT4 => "real".to_owned(),
        Type::FLOAT8 => "double precision".to_owned(),
        Type::CHAR => "\"char\"".to_owned(),
        Type::VARCHAR => sized("character varying"),
        Type::BPCHAR => sized("character"),
        Type::TIME => timed("time", "without time zone"),
        Type::TIMETZ => timed("time", "with time zone"),
        Type::TIMESTAMP => timed("timestamp", "without time zone"),
        Type::TIMESTAMPTZ => timed("timestamp", "with time zone"),
        Type::NUMERIC => match numeric_modifier(modifier) {
            Some((precision, scale)) => format!("numeric({precision},{scale})"),
            None => "numeric".to_owned(),
        },
        _ => of.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_numeric_is_a_decimal_only_where_every_value_fits() {
        let modifier =
            |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + TYPMOD_HEADER;
        assert_eq!(numeric_type(modifier(12, 2)), DataType::Decimal(12, 2));
        assert_eq!(numeric_type(modifier(38, 38)), DataType::Decimal(38, 38));
        for other in [-1, modifier(39, 0), modifier(5, -2), modifier(3, 5)] {
            assert_eq!(numeric_type(other), DataType::Native("numeric".to_owned()));
        }
        assert_eq!(
            native_name(&Type::NUMERIC, modifier(5, -2)),
            "numeric(5,-2)"
        );
        assert_eq!(native_name(&Type::NUMERIC_ARRAY, -1), "numeric[]");
        assert_eq!(
            native_name(&Type::TIMESTAMPTZ, 3),
            "timestamp(3) with time zone"
        );
    }
}
