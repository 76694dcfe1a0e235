//! What every error looks like to a client: RFC 9457 and `{code, message}` in one object. Which error gets which status is
//! decided in `status`; the request's id and path are added by `finish`. Nothing here shows the cause of a 5xx.

use std::error::Error;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::report::FieldError;

/// A refusal or a failure on its way to the client. Travels in the response's extensions until `finish` writes the body.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// For the log only.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Body of every error, as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: `code` says more.
    pub r#type: &'static str,
    /// The words of the status.
    #[schema(example = "Unprocessable Entity")]
    pub title: &'static str,
    #[schema(example = 422)]
    pub status: u16,
    /// What is wrong and what to do.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// For programs.
    #[schema(example = "dest_table_exists")]
    pub code: &'static str,
    /// The same as `detail`.
    pub message: String,
    /// Every mistake in the request, if that is what is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// What to tell the operator: the log has it, too.
    pub request_id: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            source: None,
        }
    }

    /// Not what the contract says.
    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// Well formed, but refused by a state or a capability.
    pub fn refused(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    /// Ours. The client learns only that; the log gets the source.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let mut problem = Self::of_status(StatusCode::INTERNAL_SERVER_ERROR);
        problem.source = Some(Arc::from(source.into()));
        problem
    }

    /// For an answer of the framework that says no more than its status.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status {
            StatusCode::UNAUTHORIZED => (
                "unauthorized",
                "send a valid API key: Authorization: Bearer <api key>",
            ),
            StatusCode::FORBIDDEN => ("forbidden", "this key has no rights on this organisation"),
            StatusCode::NOT_FOUND => ("not_found", "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => (
                "method_not_allowed",
                "this path does not take this method; Allow says which it takes",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (
                "payload_too_large",
                "the body is larger than the 2 MiB that are allowed",
            ),
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "not now; try again later"),
            status if status.is_server_error() => (
                "internal",
                "this host could not answer; its log has the cause under this request_id",
            ),
            _ => ("invalid_request", "the request cannot be understood"),
        };
        Self::new(status, code, detail)
    }

    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub fn code(&self) -> &'static str {
        self.code
    }

    #[cfg(test)]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    #[cfg(test)]
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The cause with its own causes, for the log.
    pub fn cause(&self) -> Option<String> {
        let mut next = self.source.as_deref().map(|source| source as &dyn Error);
        let mut causes = Vec::new();
        while let Some(error) = next {
            causes.push(error.to_string());
            next = error.source();
        }
        (!causes.is_empty()).then(|| causes.join(": "))
    }

    pub fn into_body(self, instance: &str, request_id: &str) -> ProblemBody {
        ProblemBody {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            message: self.detail.clone(),
            detail: self.detail,
            instance: instance.to_owned(),
            code: self.code,
            errors: self.errors,
            request_id: request_id.to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
