//! The last hand on every response: the request's id, and one form for every error, whoever made it (a handler, the
//! framework, a panic). The cause of a 5xx is logged here, once, and never sent.

use std::any::Any;

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's own id is repeated in logs and errors; this is enough for every usual form.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Runs the rest, then completes its answer.
pub async fn finish(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        response = as_problem(response, &method, &path, &id);
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// The client's id if it is printable and short, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    match given {
        Some(id)
            if (1..=MAX_REQUEST_ID_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_graphic()) =>
        {
            id.to_owned()
        }
        _ => uuid::Uuid::now_v7().simple().to_string(),
    }
}

fn as_problem(mut response: Response, method: &Method, path: &str, id: &str) -> Response {
    let problem = response
        .extensions_mut()
        .remove::<Problem>()
        .unwrap_or_else(|| Problem::of_status(response.status()));
    if let Some(cause) = problem.cause() {
        let code = problem.code();
        tracing::error!(request_id = id, %method, path, code, cause, "a request failed");
    }
    let status = problem.status();
    let body = Json(problem.into_body(path, id)).into_response();
    let mut headers = std::mem::take(response.headers_mut());
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    (status, headers, body.into_body()).into_response()
}

/// A handler that panicked harms its own request only.
pub fn panicked(payload: Box<dyn Any + Send + 'static>) -> Response {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Problem::internal(format!("a handler panicked: {message}")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_kept_only_if_it_is_short_and_printable() {
        let id_of = |value: &[u8]| {
            let value = HeaderValue::from_bytes(value).expect("no control characters");
            request_id(&HeaderMap::from_iter([(REQUEST_ID, value)]))
        };
        assert_eq!(id_of(b"trace-1/a"), "trace-1/a");
        for bad in [&b""[..], b"two words", "\u{e4}".as_bytes(), &[b'a'; 129]] {
            assert_eq!(id_of(bad).len(), 32, "{bad:?}");
        }
        assert_eq!(request_id(&HeaderMap::new()).len(), 32);
    }
}
