//! One value of an answer as JSON, losing nothing: integers are numbers; decimals, and floats that JSON does not have, are
//! strings; times are ISO 8601; bytes are hex; whatever JSON has no form for is its text.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::*;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Utc};
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use crate::model::cell::{date_text, timestamp_text};
use crate::model::value::{float_text, hex_text};

/// One value of an array.
pub struct Cell<'a> {
    pub array: &'a dyn Array,
    pub row: usize,
}

/// The value of a primitive array, which is not null.
macro_rules! primitive {
    ($cell:expr, $type:ty) => {
        $cell.array.as_primitive::<$type>().value($cell.row)
    };
}

impl Serialize for Cell<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let row = self.row;
        if self.array.is_null(row) || *self.array.data_type() == DataType::Null {
            return s.serialize_none();
        }
        match self.array.data_type() {
            DataType::Boolean => s.serialize_bool(self.array.as_boolean().value(row)),
            DataType::Int8 => s.serialize_i8(primitive!(self, Int8Type)),
            DataType::Int16 => s.serialize_i16(primitive!(self, Int16Type)),
            DataType::Int32 => s.serialize_i32(primitive!(self, Int32Type)),
            DataType::Int64 => s.serialize_i64(primitive!(self, Int64Type)),
            DataType::UInt8 => s.serialize_u8(primitive!(self, UInt8Type)),
            DataType::UInt16 => s.serialize_u16(primitive!(self, UInt16Type)),
            DataType::UInt32 => s.serialize_u32(primitive!(self, UInt32Type)),
            DataType::UInt64 => s.serialize_u64(primitive!(self, UInt64Type)),
            DataType::Float32 => float32(primitive!(self, Float32Type), s),
            DataType::Float64 => float64(primitive!(self, Float64Type), s),
            DataType::Utf8 => s.serialize_str(self.array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => s.serialize_str(self.array.as_string::<i64>().value(row)),
            DataType::Utf8View => s.serialize_str(self.array.as_string_view().value(row)),
            DataType::Binary => bytes(self.array.as_binary::<i32>().value(row), s),
            DataType::LargeBinary => bytes(self.array.as_binary::<i64>().value(row), s),
            DataType::BinaryView => bytes(self.array.as_binary_view().value(row), s),
            DataType::FixedSizeBinary(_) => bytes(self.array.as_fixed_size_binary().value(row), s),
            DataType::Timestamp(unit, zone) => {
                let time = self.time(unit);
                match (time, zone) {
                    (None, _) => self.far_time(unit, zone.is_some(), s),
                    (Some(time), None) => s.collect_str(&time.format("%Y-%m-%dT%H:%M:%S%.f")),
                    (Some(time), Some(_)) => s.collect_str(&time.format("%Y-%m-%dT%H:%M:%S%.fZ")),
                }
            }
            // The calendar of the formatter below ends before a database's.
            DataType::Date32 => s.collect_str(&date_text(primitive!(self, Date32Type))),
            DataType::List(_) => list(&self.array.as_list::<i32>().value(row), s),
            DataType::LargeList(_) => list(&self.array.as_list::<i64>().value(row), s),
            DataType::FixedSizeList(..) => list(&self.array.as_fixed_size_list().value(row), s),
            DataType::Struct(fields) => self.object(fields, s),
            // Decimals with all their digits, dates, times of day, intervals, and what the engine may bring.
            _ => self.text(s),
        }
    }
}

impl Cell<'_> {
    /// None: beyond what a calendar reaches.
    fn time(&self, unit: &TimeUnit) -> Option<DateTime<Utc>> {
        match unit {
            TimeUnit::Second => DateTime::from_timestamp(primitive!(self, TimestampSecondType), 0),
            TimeUnit::Millisecond => {
                DateTime::from_timestamp_millis(primitive!(self, TimestampMillisecondType))
            }
            TimeUnit::Microsecond => {
                DateTime::from_timestamp_micros(primitive!(self, TimestampMicrosecondType))
            }
            TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(primitive!(
                self,
                TimestampNanosecondType
            ))),
        }
    }

    /// A time beyond the calendar: in microseconds every one has a text.
    fn far_time<S: Serializer>(
        &self,
        unit: &TimeUnit,
        zoned: bool,
        s: S,
    ) -> Result<S::Ok, S::Error> {
        match unit {
            TimeUnit::Microsecond => {
                let micros = primitive!(self, TimestampMicrosecondType);
                let text = timestamp_text(micros, if zoned { "Z" } else { "" });
                s.collect_str(&text.replacen(' ', "T", 1))
            }
            _ => self.text(s),
        }
    }

    fn object<S: Serializer>(&self, fields: &Fields, s: S) -> Result<S::Ok, S::Error> {
        let columns = self.array.as_struct().columns();
        let mut object = s.serialize_map(Some(fields.len()))?;
        for (field, array) in fields.iter().zip(columns) {
            let row = self.row;
            object.serialize_entry(field.name(), &Cell { array, row })?;
        }
        object.end()
    }

    fn text<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        // Says what is wrong instead of failing the whole answer.
        let options = FormatOptions::default().with_display_error(true);
        let formatter = ArrayFormatter::try_new(self.array, &options).map_err(S::Error::custom)?;
        s.collect_str(&formatter.value(self.row))
    }
}

fn float32<S: Serializer>(value: f32, s: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        s.serialize_f32(value)
    } else {
        s.serialize_str(&float_text(value.into()))
    }
}

fn float64<S: Serializer>(value: f64, s: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        s.serialize_f64(value)
    } else {
        s.serialize_str(&float_text(value))
    }
}

fn bytes<S: Serializer>(value: &[u8], s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(&hex_text(value))
}

fn list<S: Serializer>(values: &ArrayRef, s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq((0..values.len()).map(|row| Cell { array: values, row }))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::*;
    use serde_json::{Value, json};

    use super::*;

    fn cells(array: impl Array) -> Value {
        let cell = |row| json!(Cell { array: &array, row });
        (0..array.len()).map(cell).collect()
    }

    #[test]
    fn every_landed_type_keeps_its_value() {
        let decimals = Decimal128Array::from(vec![
            Some(-105),
            Some(i128::from(i64::MAX) * 1_000_000),
            None,
        ])
        .with_precision_and_scale(38, 2)
        .expect("fits");
        assert_eq!(
            cells(decimals),
            json!(["-1.05", "92233720368547758070000.00", null])
        );
        assert_eq!(
            cells(Int64Array::from(vec![i64::MIN, i64::MAX])),
            json!([i64::MIN, i64::MAX])
        );
        let floats =
            Float64Array::from(vec![0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
        assert_eq!(
            cells(floats),
            json!([0.1, "NaN", "Infinity", "-Infinity", -0.0])
        );
        assert_eq!(
            serde_json::to_string(&Cell {
                array: &Float32Array::from(vec![0.1]),
                row: 0
            })
            .expect("no io"),
            "0.1"
        );
        assert_eq!(
            cells(BooleanArray::from(vec![Some(true), None])),
            json!([true, null])
        );
        assert_eq!(
            cells(StringViewArray::from(vec!["ä\"\u{0}"])),
            json!(["ä\"\u{0}"])
        );
        assert_eq!(
            cells(BinaryArray::from(vec![&[0u8, 255][..], b""])),
            json!(["\\x00ff", "\\x"])
        );
        assert_eq!(
            cells(Date32Array::from(vec![
                0,
                -719_162,
                2_145_042_905,
                -719_163
            ])),
            json!(["1970-01-01", "0001-01-01", "5874897-12-31", "0001-12-31 BC"])
        );
        assert_eq!(cells(NullArray::new(1)), json!([null]));
    }

    #[test]
    fn timestamps_have_their_microseconds_and_a_z_only_with_a_zone() {
        let micros = vec![1_769_860_799_031_153, 0, -1];
        let naive = TimestampMicrosecondArray::from(micros);
        let utc = naive.clone().with_timezone("UTC");
        assert_eq!(
            cells(naive),
            json!([
                "2026-01-31T11:59:59.031153",
                "1970-01-01T00:00:00",
                "1969-12-31T23:59:59.999999"
            ])
        );
        assert_eq!(
            cells(utc),
            json!([
                "2026-01-31T11:59:59.031153Z",
                "1970-01-01T00:00:00Z",
                "1969-12-31T23:59:59.999999Z"
            ])
        );
        let far = TimestampMicrosecondArray::from(vec![i64::MAX]);
        assert_eq!(cells(far.clone()), json!(["294247-01-10T04:00:54.775807"]));
        assert_eq!(
            cells(far.with_timezone("UTC")),
            json!(["294247-01-10T04:00:54.775807Z"])
        );
    }

    #[test]
    fn lists_and_structs_nest() {
        let mut lists = ListBuilder::new(Int32Builder::new());
        lists.append_value([Some(1), None]);
        lists.append_null();
        lists.append_value([]);
        assert_eq!(cells(lists.finish()), json!([[1, null], null, []]));
        let field = Arc::new(Field::new("n", DataType::Int32, true));
        let numbers: ArrayRef = Arc::new(Int32Array::from(vec![7]));
        assert_eq!(
            cells(StructArray::from(vec![(field, numbers)])),
            json!([{"n": 7}])
        );
    }
}
