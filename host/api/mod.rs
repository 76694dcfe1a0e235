//! temporary
use std::sync::Arc;
use crate::{store::Store,kb::{Lake,QueryLimits},plugin::Registry,connection::Connections,model::ids::ConnectorId};
#[derive(Clone)]
pub struct Api { pub store: Store, pub lake: Arc<Lake>, pub plugins: Arc<Registry>, pub connections: Arc<Connections>, pub connector: ConnectorId, pub limits: QueryLimits }
pub fn router(_: Api) -> axum::Router { axum::Router::new() }
