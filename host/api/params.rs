//! Reads the query string, each mistake with the parameter's name. Unknown parameters are ignored; a known one given twice
//! is a mistake unless it is repeatable.

use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};

use super::problem::Problem;
use super::report::{INVALID_REQUEST, Report};

/// The parameters of a query string, decoded, in order.
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Params {
    pub fn parse(query: &str) -> Self {
        Self {
            pairs: url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        }
    }

    /// Those that were given, whatever they mean.
    pub fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Each value of a repeatable parameter.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.pairs.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// An empty value is the same as none.
    pub fn text(&self, name: &str, report: &Report) -> Option<&str> {
        let mut values = self.all(name).filter(|value| !value.is_empty());
        let value = values.next()?;
        if values.next().is_some() {
            wrong(report, name, "is given more than once");
        }
        Some(value)
    }

    pub fn required(&self, name: &str, report: &Report) -> Option<&str> {
        let value = self.text(name, report);
        if value.is_none() {
            wrong(report, name, "is required");
        }
        value
    }

    pub fn integer(&self, name: &str, range: RangeInclusive<i64>, report: &Report) -> Option<i64> {
        let value = self.text(name, report)?.parse().ok();
        let value = value.filter(|value| range.contains(value));
        if value.is_none() {
            let detail = format!(
                "must be an integer from {} to {}",
                range.start(),
                range.end()
            );
            wrong(report, name, &detail);
        }
        value
    }

    pub fn boolean(&self, name: &str, report: &Report) -> Option<bool> {
        let value = self.text(name, report)?.parse().ok();
        if value.is_none() {
            wrong(report, name, "must be true or false");
        }
        value
    }

    pub fn time(&self, name: &str, report: &Report) -> Option<DateTime<Utc>> {
        let time = DateTime::parse_from_rfc3339(self.text(name, report)?).ok();
        if time.is_none() {
            let detail = "must be a time in the form of RFC 3339, such as 2026-01-31T12:00:00Z";
            wrong(report, name, detail);
        }
        time.map(|time| time.to_utc())
    }
}

/// Reports a mistake in a parameter.
pub fn wrong(report: &Report, name: &str, detail: &str) {
    report.add(INVALID_REQUEST, &format!("/{name}"), detail);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_checked() {
        let params = Params::parse("t=a%22b%20c&n=7&n2=x&at=2026-01-31T12:00:00Z&twice=1&twice=2");
        let report = Report::default();
        assert_eq!(params.text("t", &report), Some("a\"b c"));
        assert_eq!(params.integer("n", 0..=9, &report), Some(7));
        assert_eq!(params.integer("absent", 0..=9, &report), None);
        assert!(params.time("at", &report).is_some());
        assert_eq!(params.integer("n2", 0..=9, &report), None);
        params.text("twice", &report);
        let problem = report.finish(Some(())).unwrap_err();
        let pointers: Vec<_> = problem.errors().iter().map(|e| &*e.pointer).collect();
        assert_eq!(pointers, ["/n2", "/twice"]);
    }
}
