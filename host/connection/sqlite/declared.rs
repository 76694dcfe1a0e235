//! Declared types → what a column lands as. SQLite keeps any value in any column and only prefers some; the announced type
//! is that of the declaration, and a value of another kind is an error. Pure.

use crate::model::source::DataType;

/// What a column of this declaration lands as. None: an expression, or a column without a type, whose values land as text.
pub fn data_type(declared: Option<&str>) -> DataType {
    let declared = declared.unwrap_or_default().to_ascii_uppercase();
    let (name, places) = match declared.split_once('(') {
        Some((name, rest)) => (name.trim(), rest.strip_suffix(')').unwrap_or(rest)),
        None => (declared.trim(), ""),
    };
    match name {
        "BOOL" | "BOOLEAN" => return DataType::Boolean,
        "DATE" => return DataType::Date,
        "DATETIME" | "TIMESTAMP" => return DataType::Timestamp,
        "TIMESTAMPTZ" | "TIMESTAMP WITH TIME ZONE" => return DataType::Timestamptz,
        "TIME" => return DataType::Time,
        "JSON" | "JSONB" => return DataType::Json,
        "UUID" | "GUID" => return DataType::Uuid,
        "DECIMAL" | "NUMERIC" | "NUMBER" => return decimal(places),
        _ => {}
    }
    // SQLite's own rules, in their order: https://sqlite.org/datatype3.html#determination_of_column_affinity
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["INT"]) {
        DataType::Int64
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        DataType::Text
    } else if has(&["BLOB"]) {
        DataType::Bytes
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        DataType::Float64
    } else {
        DataType::Text
    }
}

/// Without places it may hold any number.
fn decimal(places: &str) -> DataType {
    let (precision, scale) = places.split_once(',').unwrap_or((places, "0"));
    match (precision.trim().parse(), scale.trim().parse()) {
        (Ok(precision @ 1..=38), Ok(scale)) if (0..=precision as i8).contains(&scale) => {
            DataType::Decimal(precision, scale)
        }
        _ => DataType::Float64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_says_what_its_values_land_as() {
        for (declared, lands) in [
            ("integer", DataType::Int64),
            ("UNSIGNED BIG INT", DataType::Int64),
            ("varchar(20)", DataType::Text),
            ("NATIVE CHARACTER(70)", DataType::Text),
            ("BLOB", DataType::Bytes),
            ("double precision", DataType::Float64),
            ("numeric(12, 2)", DataType::Decimal(12, 2)),
            ("decimal(5)", DataType::Decimal(5, 0)),
            ("decimal(50,2)", DataType::Float64),
            ("NUMERIC", DataType::Float64),
            ("Boolean", DataType::Boolean),
            ("date", DataType::Date),
            ("datetime", DataType::Timestamp),
            ("timestamp with time zone", DataType::Timestamptz),
            ("string", DataType::Text),
            ("", DataType::Text),
        ] {
            assert_eq!(data_type(Some(declared)), lands, "{declared}");
        }
        assert_eq!(data_type(None), DataType::Text);
    }
}
