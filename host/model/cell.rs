//! One Arrow cell as one exact value. The text forms are PostgreSQL's ISO ones, with every digit.
//! Not for bulk data: bulk stays Arrow.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};

use super::source::{Column, DataType, ErrorKind, SourceError};
use super::value::Value;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// The value of a cell.
///
/// # Errors
/// `Unsupported` for an array; `Other` when the array is not what the column says.
pub fn value(array: &ArrayRef, row: usize, column: &Column) -> Result<Value, SourceError> {
    if let DataType::Array(_) = column.data_type {
        let message = format!(
            "column \"{}\" is an array, which has no form as a single value",
            column.name
        );
        return Err(SourceError::new(ErrorKind::Unsupported, message).with_column(&column.name));
    }
    if array.is_null(row) {
        return Ok(Value::Null);
    }
    present(array, row, column).ok_or_else(|| {
        let message = format!(
            "column \"{}\" does not hold what its type says",
            column.name
        );
        SourceError::new(ErrorKind::Other, message).with_column(&column.name)
    })
}

fn present(array: &ArrayRef, row: usize, column: &Column) -> Option<Value> {
    Some(match &column.data_type {
        DataType::Boolean => Value::Boolean(array.as_boolean_opt()?.value(row)),
        DataType::Int16 => Value::Int(primitive::<Int16Type>(array, row)?.into()),
        DataType::Int32 => Value::Int(primitive::<Int32Type>(array, row)?.into()),
        DataType::Int64 => Value::Int(primitive::<Int64Type>(array, row)?),
        DataType::Float32 => Value::Float(primitive::<Float32Type>(array, row)?.into()),
        DataType::Float64 => Value::Float(primitive::<Float64Type>(array, row)?),
        DataType::Decimal(_, scale) => Value::Decimal(decimal_text(
            primitive::<Decimal128Type>(array, row)?,
            *scale,
        )),
        DataType::Bytes => Value::Bytes(array.as_binary_opt::<i32>()?.value(row).to_vec()),
        DataType::Date => Value::Date(date_text(primitive::<Date32Type>(array, row)?)),
        DataType::Timestamp => Value::Timestamp(timestamp_text(
            primitive::<TimestampMicrosecondType>(array, row)?,
            "",
        )),
        DataType::Timestamptz => Value::Timestamptz(timestamp_text(
            primitive::<TimestampMicrosecondType>(array, row)?,
            "+00",
        )),
        DataType::Text => Value::Text(text(array, row)?),
        DataType::Time => Value::Time(text(array, row)?),
        DataType::Uuid => Value::Uuid(text(array, row)?),
        DataType::Json => Value::Native {
            type_name: column.native_type.clone(),
            text: text(array, row)?,
        },
        DataType::Native(type_name) => Value::Native {
            type_name: type_name.clone(),
            text: text(array, row)?,
        },
        DataType::Array(_) => return None,
    })
}

fn primitive<T: ArrowPrimitiveType>(array: &ArrayRef, row: usize) -> Option<T::Native> {
    Some(array.as_primitive_opt::<T>()?.value(row))
}

fn text(array: &ArrayRef, row: usize) -> Option<String> {
    Some(array.as_string_opt::<i32>()?.value(row).to_owned())
}

/// Plain base-10 text with exactly `scale` digits after the point.
pub fn decimal_text(unscaled: i128, scale: i8) -> String {
    let sign = if unscaled < 0 { "-" } else { "" };
    let digits = unscaled.unsigned_abs().to_string();
    let places = usize::from(scale.unsigned_abs());
    if scale <= 0 {
        let zeros = if unscaled == 0 { 0 } else { places };
        return format!("{sign}{digits}{}", "0".repeat(zeros));
    }
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

/// `2024-02-29`; years before 1 as PostgreSQL has them, `0044-03-15 BC`.
pub fn date_text(days: i32) -> String {
    let (date, era) = date_and_era(i64::from(days));
    format!("{date}{era}")
}

/// `2024-02-29 23:59:59.5+00`, the offset before the era.
pub fn timestamp_text(micros: i64, offset: &str) -> String {
    let (date, era) = date_and_era(micros.div_euclid(MICROS_PER_DAY));
    let time = time_text(micros.rem_euclid(MICROS_PER_DAY));
    format!("{date} {time}{offset}{era}")
}

fn date_and_era(days: i64) -> (String, &'static str) {
    let (year, month, day) = civil(days);
    let (year, era) = if year > 0 {
        (year, "")
    } else {
        (1 - year, " BC")
    };
    (format!("{year:04}-{month:02}-{day:02}"), era)
}

/// A time of day as PostgreSQL writes it: no fraction when there is none, no zeros at its end.
pub fn time_text(micros: i64) -> String {
    let (seconds, fraction) = (micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND);
    let whole = format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    );
    if fraction == 0 {
        return whole;
    }
    format!("{whole}.{}", format!("{fraction:06}").trim_end_matches('0'))
}

/// Year, month, day of a day number since 1970-01-01 in the proleptic Gregorian calendar, year 0 being 1 BC.
/// Howard Hinnant's `civil_from_days`; chrono's range is narrower than a database's.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_PER_ERA: i64 = 146_097;
    let shifted = days + 719_468;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_all_digits_of_their_scale() {
        assert_eq!(decimal_text(0, 2), "0.00");
        assert_eq!(decimal_text(-5, 2), "-0.05");
        assert_eq!(decimal_text(123_450, 3), "123.450");
        assert_eq!(decimal_text(7, 0), "7");
        assert_eq!(decimal_text(7, -2), "700");
    }

    #[test]
    fn dates_and_times_are_written_like_the_server_does() {
        assert_eq!(date_text(19_782), "2024-02-29");
        assert_eq!(date_text(-735_160), "0044-03-15 BC");
        assert_eq!(date_text(2_932_897), "10000-01-01");
        assert_eq!(timestamp_text(-1, "+00"), "1969-12-31 23:59:59.999999+00");
        assert_eq!(timestamp_text(1_500_000, ""), "1970-01-01 00:00:01.5");
        assert_eq!(time_text(MICROS_PER_DAY), "24:00:00");
    }
}
