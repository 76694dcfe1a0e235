//! One cell of a small answer as one exact value. Not for bulk data.

use tiberius::ColumnData;
use tiberius::numeric::Numeric;

use super::super::trouble::Trouble;
use super::builder::is_null;
use super::moment;
use crate::model::cell::{date_text, decimal_text, timestamp_text};
use crate::model::value::Value;

/// # Errors
/// What the value is not.
pub fn value(cell: ColumnData<'static>) -> Result<Value, Trouble> {
    if is_null(&cell) {
        return Ok(Value::Null);
    }
    Ok(match cell {
        ColumnData::Bit(Some(value)) => Value::Boolean(value),
        ColumnData::U8(Some(value)) => Value::Int(value.into()),
        ColumnData::I16(Some(value)) => Value::Int(value.into()),
        ColumnData::I32(Some(value)) => Value::Int(value.into()),
        ColumnData::I64(Some(value)) => Value::Int(value),
        ColumnData::F32(Some(value)) => Value::Float(value.into()),
        ColumnData::F64(Some(value)) => Value::Float(value),
        ColumnData::Numeric(Some(value)) => Value::Decimal(numeric_text(value)),
        ColumnData::String(Some(value)) => Value::Text(value.into_owned()),
        ColumnData::Xml(Some(value)) => Value::Native {
            type_name: "xml".to_owned(),
            text: value.into_owned().into_string(),
        },
        ColumnData::Guid(Some(value)) => Value::Uuid(format!("{:X}", value.hyphenated())),
        ColumnData::Binary(Some(value)) => Value::Bytes(value.into_owned()),
        ColumnData::Date(Some(value)) => Value::Date(date_text(moment::days(value)?)),
        ColumnData::Time(Some(value)) => Value::Time(moment::time_text(value)?),
        ColumnData::DateTime(Some(value)) => {
            Value::Timestamp(timestamp_text(moment::datetime(value)?, ""))
        }
        ColumnData::SmallDateTime(Some(value)) => {
            Value::Timestamp(timestamp_text(moment::smalldatetime(value), ""))
        }
        ColumnData::DateTime2(Some(value)) => Value::Timestamp(moment::datetime2_text(value)?),
        ColumnData::DateTimeOffset(Some(value)) => {
            let text = moment::datetime2_text(value.datetime2())?;
            Value::Timestamptz(format!("{text}+00"))
        }
        _ => return Err(Trouble::Malformed),
    })
}

fn numeric_text(value: Numeric) -> String {
    decimal_text(value.value(), value.scale().cast_signed())
}
