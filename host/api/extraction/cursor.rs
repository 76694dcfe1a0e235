//! `cursor` of a request: where a job starts, and each value's kind. A wrong form is an invalid request; a kind or value
//! that cannot be is an invalid cursor. Whether it fits the column is the source's to say.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::fields::{Field, Fields};
use super::lexical;
use crate::model::cursor::Cursor;
use crate::model::value::Value;

pub const INVALID_CURSOR: &str = "invalid_cursor";

/// A cursor is written with every commit; a plugin's own has the same bounds.
const MAX_VALUE_BYTES: usize = 32 * 1024;
const MAX_TIE_VALUES: usize = 64;
/// SQL Server's rowversion.
const ROWVERSION_BYTES: usize = 8;

/// Describes the object in the OpenAPI document; it is read by hand, so that each mistake has its place.
#[derive(ToSchema)]
#[schema(as = Cursor)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct CursorFields {
    kind: CursorKind,
    /// Lossless text; an `int` may be a JSON number, too.
    #[schema(example = "2026-01-31T12:00:00.123456Z")]
    value: String,
    /// The key of the last row that is there already.
    tie: Option<Vec<TieFields>>,
}

/// One value of a key.
#[derive(ToSchema)]
#[schema(as = CursorTie)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct TieFields {
    kind: CursorKind,
    value: String,
}

/// What a cursor column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum CursorKind {
    Int,
    Decimal,
    Float,
    Timestamp,
    Timestamptz,
    Date,
    Time,
    Text,
    Uuid,
    Bytes,
    Rowversion,
}

const KINDS: [(&str, CursorKind); 11] = [
    ("int", CursorKind::Int),
    ("decimal", CursorKind::Decimal),
    ("float", CursorKind::Float),
    ("timestamp", CursorKind::Timestamp),
    ("timestamptz", CursorKind::Timestamptz),
    ("date", CursorKind::Date),
    ("time", CursorKind::Time),
    ("text", CursorKind::Text),
    ("uuid", CursorKind::Uuid),
    ("bytes", CursorKind::Bytes),
    ("rowversion", CursorKind::Rowversion),
];

/// `{kind, value, tie?}`.
pub fn cursor(field: &Field) -> Option<Cursor> {
    let fields = field.fields()?;
    let value = kind_and_value(&fields);
    let tie = fields.optional("tie", tie);
    Some(Cursor {
        value: value?,
        tie: tie?.unwrap_or_default(),
        landed: None,
        digest: None,
    })
}

fn tie(field: &Field) -> Option<Vec<Value>> {
    let items = field.items()?;
    if items.len() > MAX_TIE_VALUES {
        let detail = format!("has more than {MAX_TIE_VALUES} values");
        return field.wrong_as(INVALID_CURSOR, detail);
    }
    // All of them are looked at, so that each mistake is reported.
    let values: Vec<_> = items
        .iter()
        .map(|item| item.fields().and_then(|fields| kind_and_value(&fields)))
        .collect();
    values.into_iter().collect()
}

fn kind_and_value(fields: &Fields) -> Option<Value> {
    let kind = fields.required("kind").and_then(|field| kind(&field));
    let field = fields.required("value");
    let (kind, field) = (kind?, field?);
    let text = text(kind, &field)?;
    if text.len() > MAX_VALUE_BYTES {
        let detail = format!("has more than {MAX_VALUE_BYTES} bytes");
        return field.wrong_as(INVALID_CURSOR, detail);
    }
    match read(kind, text) {
        Ok(value) => Some(value),
        Err(wanted) => field.wrong_as(INVALID_CURSOR, format!("must be {wanted}")),
    }
}

fn kind(field: &Field) -> Option<CursorKind> {
    let word = field.string()?;
    let known = KINDS.iter().find(|(name, _)| *name == word);
    known.map(|(_, kind)| *kind).or_else(|| {
        let names = KINDS.map(|(name, _)| name).join(", ");
        field.wrong_as(
            INVALID_CURSOR,
            format!("is no kind of cursor; there are {names}"),
        )
    })
}

/// An int may be a JSON number: it loses nothing there.
fn text(kind: CursorKind, field: &Field) -> Option<String> {
    match field.value() {
        serde_json::Value::Number(number) if kind == CursorKind::Int => Some(number.to_string()),
        _ => field.string().map(str::to_owned),
    }
}

/// # Errors
/// What the text should be.
fn read(kind: CursorKind, text: String) -> Result<Value, &'static str> {
    let (fits, value, wanted): (bool, fn(String) -> Value, _) = match kind {
        CursorKind::Int => {
            let wanted = "an integer of 64 bits; kind `decimal` holds larger ones";
            return text.parse().map(Value::Int).map_err(|_| wanted);
        }
        CursorKind::Float => {
            let wanted = "a floating point number of 64 bits, NaN, Infinity or -Infinity";
            return lexical::float(&text).map(Value::Float).ok_or(wanted);
        }
        CursorKind::Bytes => {
            let wanted = "hex digits, two a byte, plain or after \\x";
            return lexical::bytes(&text).map(Value::Bytes).ok_or(wanted);
        }
        CursorKind::Rowversion => {
            let bytes = lexical::bytes(&text).filter(|bytes| bytes.len() == ROWVERSION_BYTES);
            let wanted = "16 hex digits, plain or after 0x";
            return bytes.map(Value::Bytes).ok_or(wanted);
        }
        CursorKind::Decimal => {
            let wanted = "a decimal number, such as -12.50";
            (lexical::is_decimal(&text), Value::Decimal, wanted)
        }
        CursorKind::Timestamp => {
            let wanted = "a time without a zone, such as 2026-01-31T12:00:00.123456";
            (lexical::is_timestamp(&text), Value::Timestamp, wanted)
        }
        CursorKind::Timestamptz => {
            let wanted = "a time with its offset, such as 2026-01-31T12:00:00.123456Z";
            (lexical::is_timestamptz(&text), Value::Timestamptz, wanted)
        }
        CursorKind::Date => {
            let wanted = "a date, such as 2026-01-31";
            (lexical::is_date(&text), Value::Date, wanted)
        }
        CursorKind::Time => {
            let wanted = "a time of day, such as 12:00:00.123456";
            (lexical::is_time(&text), Value::Time, wanted)
        }
        CursorKind::Uuid => {
            let wanted = "a UUID, such as 0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e";
            (is_uuid(&text), Value::Uuid, wanted)
        }
        CursorKind::Text => {
            let wanted = "text without a NUL character";
            (!text.contains('\0'), Value::Text, wanted)
        }
    };
    if fits { Ok(value(text)) } else { Err(wanted) }
}

/// With or without hyphens; no braces, no `urn:`.
fn is_uuid(text: &str) -> bool {
    [32, 36].contains(&text.len()) && uuid::Uuid::try_parse(text).is_ok()
}

/// A position as clients see it; none for one among the rows without a value, which no request can name.
#[derive(Debug, PartialEq, Serialize)]
pub struct CursorView {
    kind: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tie: Vec<CursorView>,
}

impl CursorView {
    pub fn of(cursor: &Cursor) -> Option<Self> {
        let tie = cursor.tie.iter().map(Self::of_value);
        Some(Self {
            tie: tie.collect::<Option<_>>()?,
            ..Self::of_value(&cursor.value)?
        })
    }

    fn of_value(value: &Value) -> Option<Self> {
        let kind = match value {
            Value::Null => return None,
            Value::Int(_) => "int",
            Value::Decimal(_) => "decimal",
            Value::Float(_) => "float",
            Value::Timestamp(_) => "timestamp",
            Value::Timestamptz(_) => "timestamptz",
            Value::Date(_) => "date",
            Value::Time(_) => "time",
            Value::Uuid(_) => "uuid",
            Value::Bytes(_) => "bytes",
            // What has no kind of its own is named by its text, and bound to its column's type again.
            Value::Text(_) | Value::Boolean(_) | Value::Native { .. } => "text",
        };
        Some(Self {
            kind,
            value: value.to_text()?,
            tie: Vec::new(),
        })
    }
}
