//! For load balancers and people: whether the process lives, whether it can serve, what it is. No key needed.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::problem::Problem;

/// A good answer of a probe.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`
    status: &'static str,
}

/// What runs here.
#[derive(Serialize, ToSchema)]
pub struct Version {
    name: &'static str,
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// The process answers.
#[utoipa::path(get, path = "/livez", tag = "host", security(()), responses((status = 200, body = Health)))]
pub async fn livez() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Requests can be served: the store answers and the host does not stop.
#[utoipa::path(
    get, path = "/readyz", tag = "host", security(()),
    responses((status = 200, body = Health), (status = 503, description = "`unavailable`"))
)]
pub async fn readyz(State(api): State<Api>) -> Result<Json<Health>, Problem> {
    let unavailable = |detail| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail);
    if api.shutdown.is_cancelled() {
        return Err(unavailable("this host is stopping"));
    }
    if let Err(error) = api.store.ping().await {
        tracing::warn!(error = &error as &dyn std::error::Error, "not ready");
        return Err(unavailable("the store of this host does not answer"));
    }
    Ok(Json(Health { status: "ok" }))
}

/// Name and version of this host.
#[utoipa::path(get, path = "/version", tag = "host", security(()), responses((status = 200, body = Version)))]
pub async fn version() -> Json<Version> {
    Json(Version {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
    })
}
