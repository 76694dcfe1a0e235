//! HTTP in, JSON out: the only module that knows axum and status codes. Decides nothing about jobs or tables beyond
//! whether a request can be taken; what is taken goes to the store, and `dispatch` finds it there.

mod auth;
mod browse;
mod connectors;
mod extraction;
mod fields;
mod finish;
mod jobs;
mod k2;
mod openapi;
mod page;
mod params;
mod plugins;
mod probes;
mod problem;
mod report;
mod status;
mod syncs;
mod tokens;
mod v1;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn;
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::connection::Connections;
use crate::kb::{Lake, QueryLimits};
use crate::model::due::SchedulePolicy;
use crate::model::ids::ConnectorId;
use crate::plugin::Registry;
use crate::store::Store;

/// No request of the contract needs more: the largest is a statement with its parameters.
const MAX_BODY_BYTES: usize = 2 << 20;

/// What handlers work with. Cheap to clone.
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub lake: Arc<Lake>,
    pub plugins: Arc<Registry>,
    pub connections: Arc<Connections>,
    /// This host's own connector, the only one that runs jobs today.
    pub connector: ConnectorId,
    pub limits: QueryLimits,
    /// What the scheduler goes by.
    pub policy: SchedulePolicy,
    /// Cancelled when the host stops: it is not ready any more, and who waits for a job is answered at once.
    pub shutdown: CancellationToken,
}

/// The whole API.
pub fn router(api: Api) -> Router {
    let (router, document) = routes().split_for_parts();
    let document: Arc<str> = openapi::complete(document).into();
    router
        .route(
            "/openapi.json",
            get(move || openapi::serve(document.clone())),
        )
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CatchPanicLayer::custom(finish::panicked))
        .layer(from_fn(finish::finish))
        .with_state(api)
}

/// Every route; its path stands at its handler.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(probes::livez))
        .routes(routes!(probes::readyz))
        .routes(routes!(probes::version))
        // /me/tokens
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        // /orgs/{org_id}/connectors
        .routes(routes!(connectors::list_connectors))
        .routes(routes!(connectors::get_connector))
        .routes(routes!(plugins::list_plugins))
        .routes(routes!(browse::browse_connections))
        .routes(routes!(browse::browse_tables))
        .routes(routes!(browse::browse_columns))
        .routes(routes!(jobs::list::list_jobs))
        .routes(routes!(jobs::post::post_job))
        .routes(routes!(jobs::get::get_job))
        .routes(routes!(jobs::stop::stop_job))
        .routes(routes!(syncs::list::list_syncs))
        .routes(routes!(syncs::post::post_sync))
        .routes(routes!(
            syncs::get::get_sync,
            syncs::edit::patch_sync,
            syncs::edit::delete_sync
        ))
        .routes(routes!(syncs::run::run_sync))
        .routes(routes!(syncs::reset::reset_sync))
        .routes(routes!(syncs::get::list_runs))
        .routes(routes!(
            syncs::cursor::get_cursor,
            syncs::cursor::put_cursor
        ))
        // /orgs/{org_id}/k2
        .routes(routes!(k2::list::list_kbs, k2::edit::create_kb))
        .routes(routes!(
            k2::list::get_kb,
            k2::edit::update_kb,
            k2::edit::delete_kb
        ))
        .routes(routes!(k2::schema::kb_schema))
        .routes(routes!(k2::query::query_kb))
        // /api/v1
        .routes(routes!(v1::connectors::list_connectors))
        .routes(routes!(
            v1::models::route::list_models,
            v1::models::route::create_model
        ))
        .routes(routes!(v1::models::route::get_model))
        .routes(routes!(
            v1::syncs::get::list_syncs,
            v1::syncs::post::create_sync
        ))
        .routes(routes!(
            v1::syncs::get::get_sync,
            v1::syncs::edit::put_sync,
            v1::syncs::edit::delete_sync
        ))
        .routes(routes!(v1::syncs::edit::enable_sync))
        .routes(routes!(v1::syncs::get::list_runs))
        .routes(routes!(v1::syncs::run::schedule_sync))
        .routes(routes!(v1::syncs::run::cancel_sync))
}
