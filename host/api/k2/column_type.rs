//! What the types of columns are called: in answers, and in SQL.

use arrow::datatypes::DataType;

/// The word for a type in `data_type`. Timestamps with a zone are `timestamptz`, whatever zone they are kept in.
pub fn word(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "null".into(),
        DataType::Boolean => "boolean".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytes".into(),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Date32 | DataType::Date64 => "date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "time".into(),
        DataType::Timestamp(_, None) => "timestamp".into(),
        DataType::Timestamp(_, Some(_)) => "timestamptz".into(),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => format!("array({})", word(element.data_type())),
        DataType::Dictionary(_, values) => word(values),
        DataType::Struct(_) => "struct".into(),
        DataType::Map(..) => "map".into(),
        // int64, float32, …, interval(monthdaynano)
        other => other.to_string().to_lowercase(),
    }
}

/// The type in a `create table`.
pub fn sql(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint".into(),
        DataType::Int32 | DataType::UInt16 => "integer".into(),
        DataType::Int64 | DataType::UInt32 => "bigint".into(),
        DataType::UInt64 => "decimal(20,0)".into(),
        DataType::Float16 | DataType::Float32 => "real".into(),
        DataType::Float64 => "double precision".into(),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::ListView(element)
        | DataType::LargeListView(element)
        | DataType::FixedSizeList(element, _) => format!("{}[]", sql(element.data_type())),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".into(),
        other => match word(other).as_str() {
            "bytes" => "bytea".into(),
            word => word.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, TimeUnit};

    use super::*;

    #[test]
    fn every_landed_type_has_a_word_and_a_sql_name() {
        let list = DataType::List(Field::new("element", DataType::Int64, true).into());
        for (data_type, in_answers, in_sql) in [
            (DataType::Boolean, "boolean", "boolean"),
            (DataType::Int16, "int16", "smallint"),
            (DataType::Int32, "int32", "integer"),
            (DataType::Int64, "int64", "bigint"),
            (DataType::Float32, "float32", "real"),
            (DataType::Float64, "float64", "double precision"),
            (
                DataType::Decimal128(10, 2),
                "decimal(10,2)",
                "decimal(10,2)",
            ),
            (DataType::Utf8, "text", "text"),
            (DataType::Utf8View, "text", "text"),
            (DataType::Binary, "bytes", "bytea"),
            (DataType::Date32, "date", "date"),
            (
                DataType::Timestamp(TimeUnit::Microsecond, None),
                "timestamp",
                "timestamp",
            ),
            (
                DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
                "timestamptz",
                "timestamp with time zone",
            ),
            (list, "array(int64)", "bigint[]"),
        ] {
            assert_eq!(word(&data_type), in_answers);
            assert_eq!(sql(&data_type), in_sql);
        }
    }
}
