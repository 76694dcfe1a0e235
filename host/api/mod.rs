//! temporary
use crate::{
    connection::Connections,
    kb::{Lake, QueryLimits},
    model::ids::ConnectorId,
    plugin::Registry,
    store::Store,
};
use std::sync::Arc;
#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub lake: Arc<Lake>,
    pub plugins: Arc<Registry>,
    pub connections: Arc<Connections>,
    pub connector: ConnectorId,
    pub limits: QueryLimits,
}
pub fn router(_: Api) -> axum::Router {
    axum::Router::new()
}
