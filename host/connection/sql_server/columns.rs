//! What the columns of a statement are, as the server describes them: its type → the form that is landed.
//! A type that the client garbles or does not know is refused by name, with the cast that helps.

use std::sync::Arc;

use tiberius::Row;

use super::classify;
use crate::model::source::{Column, DataType, ErrorKind, SourceError};

/// What describes a statement without running it. The columns are read by [`described`].
pub const DESCRIBE: &str = "select name, is_nullable, system_type_name, collation_name, user_type_name, error_number, error_message \
     from sys.dm_exec_describe_first_result_set(@P1, @P2, 0) order by column_ordinal";

/// The columns of the statement that [`DESCRIBE`] was asked about.
///
/// # Errors
/// What is wrong with the statement; `Unsupported`, naming the first column whose type cannot be read.
pub fn described(rows: &[Row]) -> Result<Arc<[Column]>, SourceError> {
    if rows.is_empty() {
        let message =
            "the statement was refused: it returns no columns; connections take queries only";
        return Err(SourceError::new(ErrorKind::InvalidRequest, message));
    }
    rows.iter().map(column).collect()
}

fn column(row: &Row) -> Result<Column, SourceError> {
    let text = |index: usize| row.try_get::<&str, _>(index).ok().flatten();
    if let Some(number) = row.try_get::<i32, _>(5).ok().flatten() {
        let message = text(6).unwrap_or("the statement cannot be described");
        return Err(classify::server_error(number.unsigned_abs(), message));
    }
    let name = text(0).unwrap_or_default().to_owned();
    let native_type = text(2).or(text(4)).unwrap_or("unknown").to_owned();
    match landed(text(2).unwrap_or_default(), text(3).unwrap_or_default()) {
        Ok(data_type) => Ok(Column {
            name,
            data_type,
            nullable: row.try_get::<bool, _>(1).ok().flatten().unwrap_or(true),
            native_type,
        }),
        Err(cast) => {
            let message = format!("column \"{name}\" has type {native_type}: {cast}");
            Err(SourceError::new(ErrorKind::Unsupported, message).with_column(name))
        }
    }
}

/// The form of a type, or what to do instead.
fn landed(type_name: &str, collation: &str) -> Result<DataType, &'static str> {
    let (base, arguments) = match type_name.split_once('(') {
        Some((base, arguments)) => (base, arguments.trim_end_matches(')')),
        None => (type_name, ""),
    };
    Ok(match base {
        "bit" => DataType::Boolean,
        "tinyint" | "smallint" => DataType::Int16,
        "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "real" => DataType::Float32,
        "float" => DataType::Float64,
        "decimal" | "numeric" => {
            decimal(arguments).ok_or("its precision cannot be read; cast it to decimal(p,s)")?
        }
        "char" | "varchar" | "text" if collation.to_ascii_uppercase().ends_with("_UTF8") => {
            return Err("the client would garble its letters; cast it to nvarchar");
        }
        "char" | "varchar" | "text" | "nchar" | "nvarchar" | "ntext" | "sysname" => DataType::Text,
        "xml" => DataType::Native("xml".to_owned()),
        "uniqueidentifier" => DataType::Uuid,
        "binary" | "varbinary" | "image" | "timestamp" | "rowversion" => DataType::Bytes,
        "date" => DataType::Date,
        "time" => DataType::Time,
        "datetime" | "smalldatetime" | "datetime2" => DataType::Timestamp,
        "datetimeoffset" => DataType::Timestamptz,
        "money" => return Err("the client would lose its digits; cast it to decimal(19,4)"),
        "smallmoney" => return Err("the client would lose its digits; cast it to decimal(10,4)"),
        "sql_variant" => {
            return Err("each of its values has a type of its own; cast it to nvarchar");
        }
        _ => return Err("it must be cast to nvarchar, or to varbinary, to be read"),
    })
}

fn decimal(arguments: &str) -> Option<DataType> {
    let (precision, scale) = arguments.split_once(',').unwrap_or((arguments, "0"));
    let precision: u8 = precision.trim().parse().ok()?;
    let scale: i8 = scale.trim().parse().ok()?;
    let fits = (1..=38).contains(&precision) && scale >= 0 && scale.unsigned_abs() <= precision;
    fits.then_some(DataType::Decimal(precision, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_lands_in_its_form() {
        let forms = [
            ("tinyint", DataType::Int16),
            ("smallint", DataType::Int16),
            ("int", DataType::Int32),
            ("bigint", DataType::Int64),
            ("bit", DataType::Boolean),
            ("real", DataType::Float32),
            ("float", DataType::Float64),
            ("decimal(38,10)", DataType::Decimal(38, 10)),
            ("numeric(5,0)", DataType::Decimal(5, 0)),
            ("nvarchar(max)", DataType::Text),
            ("varchar(20)", DataType::Text),
            ("ntext", DataType::Text),
            ("xml", DataType::Native("xml".into())),
            ("uniqueidentifier", DataType::Uuid),
            ("timestamp", DataType::Bytes),
            ("varbinary(max)", DataType::Bytes),
            ("date", DataType::Date),
            ("time(3)", DataType::Time),
            ("datetime2(7)", DataType::Timestamp),
            ("smalldatetime", DataType::Timestamp),
            ("datetimeoffset(7)", DataType::Timestamptz),
        ];
        for (name, form) in forms {
            assert_eq!(landed(name, "Latin1_General_CI_AS"), Ok(form), "{name}");
        }
    }

    #[test]
    fn what_the_client_garbles_is_refused_with_the_cast_that_helps() {
        let refused = |name, collation| landed(name, collation).unwrap_err();
        assert!(refused("money", "").contains("decimal(19,4)"));
        assert!(refused("smallmoney", "").contains("decimal(10,4)"));
        assert!(
            refused("varchar(10)", "Latin1_General_100_CI_AS_SC_UTF8")
                .contains("cast it to nvarchar")
        );
        assert!(landed("nvarchar(10)", "Latin1_General_100_CI_AS_SC_UTF8").is_ok());
        for name in ["sql_variant", "hierarchyid", "geography", "", "json"] {
            assert!(refused(name, "").contains("cast"), "{name}");
        }
        assert!(landed("decimal(39,2)", "").is_err());
        assert!(landed("decimal", "").is_err());
    }
}
