//! The OpenAPI 3.1 document, made from the handlers. What every route shares is added here: path parameters, the bearer
//! key, the form of errors. `openapi.json` is a checked-in copy, so that every change of the API shows in review.

use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder, SecurityRequirement};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ProblemBody;

const BEARER: &str = "api_key";

/// The document before the routes are added.
pub fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Sluice")
        .description(Some(env!("CARGO_PKG_DESCRIPTION")))
        .version(env!("CARGO_PKG_VERSION"));
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let mut components = Components::new();
    components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
    let mut schemas = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(BEARER, [] as [&str; 0])]))
        .build()
}

/// The finished document, as text.
pub fn complete(document: OpenApi) -> String {
    let mut document = json!(document);
    let paths = document["paths"].as_object_mut();
    for (path, item) in paths.into_iter().flatten() {
        for operation in item
            .as_object_mut()
            .into_iter()
            .flat_map(|item| item.values_mut())
        {
            add_path_parameters(path, operation);
            add_errors(path, operation);
        }
    }
    format!("{document:#}\n")
}

pub async fn serve(document: Arc<str>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], document.to_string())
}

fn add_path_parameters(path: &str, operation: &mut Value) {
    let names = path.split(['{', '}']).skip(1).step_by(2);
    let parameters = names.map(|name| {
        let about = match name {
            "org_id" => "id or name of the organisation",
            "kb_id" => "number of the knowledge base",
            _ => "as it was answered when it was made",
        };
        json!({"name": name, "in": "path", "required": true, "description": about, "schema": {"type": "string"}})
    });
    let mut parameters: Vec<_> = parameters.collect();
    if let Some(Value::Array(own)) = operation.get("parameters") {
        parameters.extend(own.iter().cloned());
    }
    if !parameters.is_empty() {
        operation["parameters"] = Value::Array(parameters);
    }
}

/// Handlers say only which codes they have.
fn add_errors(path: &str, operation: &mut Value) {
    let needs_key = operation.get("security").is_none();
    let responses = &mut operation["responses"];
    if needs_key {
        responses["401"] = json!({"description": "`unauthorized`"});
    }
    if path.starts_with("/orgs/") {
        responses["403"] = json!({"description": "`forbidden`"});
    }
    responses["default"] = json!({"description": "any other error"});
    let reference = json!({"$ref": format!("#/components/schemas/{}", ProblemBody::name())});
    for (status, response) in responses.as_object_mut().into_iter().flatten() {
        if !status.starts_with('2') {
            response["content"] = json!({"application/problem+json": {"schema": reference}});
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set to write the copy instead of comparing with it.
    const WRITE: &str = "SLUICE_TEST_WRITE_OPENAPI";

    #[test]
    fn the_checked_in_copy_is_what_the_handlers_say() {
        let copy = "host/api/openapi.json";
        let (_, document) = super::super::routes().split_for_parts();
        let document = complete(document);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(copy, document).expect("the working tree can be written");
            return;
        }
        let copy = std::fs::read_to_string(copy).unwrap_or_default();
        assert!(
            copy == document,
            "the API changed: run `{WRITE}=1 cargo test --lib openapi` and review the change of host/api/openapi.json"
        );
    }

    #[test]
    fn every_operation_says_how_it_fails_and_who_may_call_it() {
        let (_, document) = super::super::routes().split_for_parts();
        let document: Value = serde_json::from_str(&complete(document)).expect("JSON");
        assert_eq!(document["openapi"], "3.1.0");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let problem = &operation["responses"]["default"]["content"];
                assert!(
                    problem["application/problem+json"].is_object(),
                    "{method} {path}"
                );
                let open = ["/livez", "/readyz", "/version"].contains(&path.as_str());
                assert_eq!(
                    operation["responses"]["401"].is_null(),
                    open,
                    "{method} {path}"
                );
                let declared = operation["parameters"].as_array().map_or(0, |all| {
                    all.iter()
                        .filter(|parameter| parameter["in"] == "path")
                        .count()
                });
                assert_eq!(declared, path.matches('{').count(), "{method} {path}");
            }
        }
    }
}
