//! Collects every mistake of a request, so that a client mends all of them at once. Says nothing of what a request means.

use std::cell::RefCell;

use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;

/// The code of a request that is not what the contract says: a missing field, a wrong type, a number out of range.
pub const INVALID_REQUEST: &str = "invalid_request";

/// One mistake, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer into the body (the whole body: empty), or `/` and the name of a query parameter.
    #[schema(example = "/source/table")]
    pub pointer: String,
    #[schema(example = "is required")]
    pub detail: String,
}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Report {
    /// Each with the code that a problem of only this kind has.
    mistakes: RefCell<Vec<(&'static str, FieldError)>>,
}

impl Report {
    pub fn add(&self, code: &'static str, pointer: &str, detail: impl Into<String>) {
        let error = FieldError {
            pointer: pointer.to_owned(),
            detail: detail.into(),
        };
        self.mistakes.borrow_mut().push((code, error));
    }

    /// What was read, if nothing was wrong. A reader that answers none has reported why.
    pub fn finish<T>(self, read: Option<T>) -> Result<T, Problem> {
        let mistakes = self.mistakes.into_inner();
        match read {
            Some(read) if mistakes.is_empty() => Ok(read),
            _ => Err(problem(mistakes)),
        }
    }
}

/// Mistakes of one kind have its code, mixed ones the general one.
fn problem(mistakes: Vec<(&'static str, FieldError)>) -> Problem {
    let mut codes: Vec<_> = mistakes.iter().map(|(code, _)| *code).collect();
    codes.dedup();
    let code = match codes[..] {
        [code] => code,
        _ => INVALID_REQUEST,
    };
    let sentences: Vec<_> = mistakes.iter().map(|(_, error)| error.sentence()).collect();
    let errors = mistakes.into_iter().map(|(_, error)| error).collect();
    Problem::bad_request(code, sentences.join("; ")).with_errors(errors)
}

impl FieldError {
    fn sentence(&self) -> String {
        let place = self.pointer.strip_prefix('/').unwrap_or("the body");
        format!("{place} {}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_of_one_kind_have_its_code_and_mixed_ones_the_general_code() {
        let report = Report::default();
        report.add("invalid_mode", "/mode", "is no mode");
        let problem = report.finish::<()>(None).unwrap_err();
        assert_eq!(problem.code(), "invalid_mode");

        let report = Report::default();
        report.add("invalid_mode", "/mode", "is no mode");
        report.add(INVALID_REQUEST, "/kb_id", "is required");
        let problem = report.finish(Some(())).unwrap_err();
        assert_eq!(problem.code(), INVALID_REQUEST);
        assert_eq!(problem.detail(), "mode is no mode; kb_id is required");
    }
}
