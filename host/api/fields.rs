//! Reads a JSON body field by field, each with its pointer, so that every mistake is reported where it is.
//! `null` is the same as an absent field; fields that nobody asks for are ignored, because newer clients send more.

use std::ops::RangeInclusive;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::IntoResponse;
use serde_json::{Map, Value};

use super::problem::Problem;
use super::report::{INVALID_REQUEST, Report};

/// Longest identifier, in bytes. No database that we know of allows more.
pub const MAX_NAME_BYTES: usize = 255;

/// A request's body, parsed; any content type will do.
pub struct Body(pub Value);

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        parse(&bytes(request, state).await?).map(Self)
    }
}

/// The body of an action, which may be left out: an object without fields then.
pub struct ActionBody(pub Value);

impl<S: Send + Sync> FromRequest<S> for ActionBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, state).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Value::Object(Map::new())));
        }
        parse(&bytes).map(Self)
    }
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| Problem::of_status(rejection.into_response().status()))
}

fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let report = Report::default();
    let read = match serde_json::from_slice(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            report.add(INVALID_REQUEST, "", format!("is not valid JSON: {error}"));
            None
        }
    };
    report.finish(read)
}

/// An object of the body.
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    report: &'a Report,
}

/// One value of the body.
pub struct Field<'a> {
    value: &'a Value,
    pointer: String,
    report: &'a Report,
}

impl<'a> Fields<'a> {
    /// The whole body, which must be an object.
    pub fn of(body: &'a Value, report: &'a Report) -> Option<Self> {
        let pointer = String::new();
        let whole = Field {
            value: body,
            pointer,
            report,
        };
        whole.fields()
    }

    pub fn required(&self, name: &str) -> Option<Field<'a>> {
        let field = self.field(name);
        if field.is_none() {
            return self.missing(name, INVALID_REQUEST, "is required");
        }
        field
    }

    /// Reports that a field is not there which another one needs; answers none.
    pub fn missing<T>(&self, name: &str, code: &'static str, detail: &str) -> Option<T> {
        let pointer = format!("{}/{name}", self.pointer);
        self.report.add(code, &pointer, detail);
        None
    }

    /// Outer none: it is there and wrong, as reported. Inner none: it is not there.
    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Field<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.field(name) {
            None => Some(None),
            Some(field) => read(&field).map(Some),
        }
    }

    fn field(&self, name: &str) -> Option<Field<'a>> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        Some(Field {
            value,
            pointer: format!("{}/{name}", self.pointer),
            report: self.report,
        })
    }
}

impl<'a> Field<'a> {
    pub fn value(&self) -> &'a Value {
        self.value
    }

    /// Reports a mistake of the contract's form; answers none.
    pub fn wrong<T>(&self, detail: impl Into<String>) -> Option<T> {
        self.wrong_as(INVALID_REQUEST, detail)
    }

    /// Reports a mistake that has a code of its own; answers none.
    pub fn wrong_as<T>(&self, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.report.add(code, &self.pointer, detail);
        None
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.wrong(format!("must be {wanted}, not {found}"))
    }

    pub fn fields(&self) -> Option<Fields<'a>> {
        let Value::Object(object) = self.value else {
            return self.wrong_type("an object");
        };
        Some(Fields {
            object,
            pointer: self.pointer.clone(),
            report: self.report,
        })
    }

    pub fn items(&self) -> Option<Vec<Field<'a>>> {
        let Value::Array(items) = self.value else {
            return self.wrong_type("an array");
        };
        let item = |(index, value)| Field {
            value,
            pointer: format!("{}/{index}", self.pointer),
            report: self.report,
        };
        Some(items.iter().enumerate().map(item).collect())
    }

    pub fn string(&self) -> Option<&'a str> {
        match self.value {
            Value::String(text) => Some(text),
            _ => self.wrong_type("a string"),
        }
    }

    pub fn boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(*value),
            _ => self.wrong_type("a boolean"),
        }
    }

    pub fn integer(&self, range: RangeInclusive<i64>) -> Option<i64> {
        let Value::Number(number) = self.value else {
            return self.wrong_type("an integer");
        };
        match number.as_i64().filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => self.wrong(format!(
                "must be an integer from {} to {}",
                range.start(),
                range.end()
            )),
        }
    }

    /// An int64 as a number or as decimal text, because not every client has numbers of 64 bits.
    pub fn id(&self) -> Option<i64> {
        let number = match self.value {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text
                .bytes()
                .next()
                .filter(|first| *first != b'+')
                .and_then(|_| text.parse().ok()),
            _ => return self.wrong_type("an integer or a decimal string"),
        };
        number.or_else(|| self.wrong("must be an integer of 64 bits, or one as a decimal string"))
    }

    /// What a source calls something. Any character but NUL, which no database has in a name.
    pub fn name(&self) -> Option<String> {
        let text = self.string()?;
        if text.is_empty() || text.len() > MAX_NAME_BYTES {
            return self.wrong(format!("must have 1 to {MAX_NAME_BYTES} bytes"));
        }
        if text.contains('\0') {
            return self.wrong("must not contain a NUL character");
        }
        Some(text.to_owned())
    }

    /// What a person calls something.
    pub fn label(&self, max_chars: usize) -> Option<String> {
        let text = self.string()?;
        if text.trim().is_empty() || text.chars().count() > max_chars {
            return self.wrong(format!(
                "must have 1 to {max_chars} characters, not only spaces"
            ));
        }
        if text.chars().any(char::is_control) {
            return self.wrong("must not contain control characters");
        }
        Some(text.to_owned())
    }

    /// Different names, at least one.
    pub fn names(&self) -> Option<Vec<String>> {
        let items = self.items()?;
        if items.is_empty() {
            return self.wrong("must name at least one column; leave it out if none is meant");
        }
        let mut names: Vec<String> = Vec::with_capacity(items.len());
        let mut complete = true;
        for item in items {
            match item.name() {
                Some(name) if names.contains(&name) => {
                    complete = false;
                    item.wrong::<()>(format!("names the column \"{name}\" again"));
                }
                Some(name) => names.push(name),
                None => complete = false,
            }
        }
        complete.then_some(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_that_is_not_json_is_wrong_as_a_whole() {
        for bytes in [&b""[..], b"{", b"{\"a\":1,}", b"\xff", b"{} {}"] {
            let problem = parse(bytes).unwrap_err();
            assert_eq!(problem.code(), INVALID_REQUEST);
            assert_eq!(problem.errors()[0].pointer, "");
        }
    }

    #[test]
    fn an_id_is_a_number_or_a_decimal_string() {
        for (value, id) in [
            (json!(7), Some(7)),
            (json!("7"), Some(7)),
            (json!("-7"), Some(-7)),
            (json!(i64::MAX), Some(i64::MAX)),
            (json!("9223372036854775807"), Some(i64::MAX)),
            (json!("9223372036854775808"), None),
            (json!(u64::MAX), None),
            (json!(1.5), None),
            (json!("+7"), None),
            (json!(" 7"), None),
            (json!(""), None),
            (json!(true), None),
        ] {
            let report = Report::default();
            let body = json!({ "kb_id": value });
            let read = Fields::of(&body, &report)
                .and_then(|fields| fields.required("kb_id"))
                .and_then(|field| field.id());
            assert_eq!(read, id, "{value}");
        }
    }
}
