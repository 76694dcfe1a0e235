//! Who asks, and for what they have rights: the key, its organisation, and the connector or knowledge base of the path.
//! What belongs to another organisation is answered like what does not exist.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use super::Api;
use super::problem::Problem;
use crate::model::ids::{ConnectorId, KbId, OrgId};
use crate::store::connectors::{self, Connector};
use crate::store::kbs::{self, Kb};
use crate::store::{orgs, tokens};

/// A valid key: the organisation that it belongs to.
pub struct Key {
    pub org: OrgId,
}

/// The organisation of the path, on which the key has rights.
pub struct InOrg {
    pub org: OrgId,
}

/// The connector of the path.
pub struct InConnector {
    pub org: OrgId,
    pub connector: Connector,
}

/// The knowledge base of the path.
pub struct InKb {
    pub org: OrgId,
    pub kb: Kb,
}

impl FromRequestParts<Api> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let unauthorized = || Problem::of_status(StatusCode::UNAUTHORIZED);
        let secret = bearer(parts).ok_or_else(unauthorized)?;
        // The secret is looked up by its digest, so the time that takes says nothing about any stored one.
        let token = tokens::find(&api.store, secret).await?;
        let org = token.ok_or_else(unauthorized)?.org_id;
        Ok(Self { org })
    }
}

fn bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| secret.trim())
        .filter(|secret| !secret.is_empty())
}

impl FromRequestParts<Api> for InOrg {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let key = Key::from_request_parts(parts, api).await?;
        let asked = path_parameter(parts, api, "org_id").await?;
        if asked == key.org.as_str() {
            return Ok(Self { org: key.org });
        }
        // An organisation that does not exist and one of somebody else are the same to this key.
        match orgs::find(&api.store, &asked).await? {
            Some(org) if org == key.org => Ok(Self { org }),
            _ => Err(Problem::of_status(StatusCode::FORBIDDEN)),
        }
    }
}

impl FromRequestParts<Api> for InConnector {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let InOrg { org } = InOrg::from_request_parts(parts, api).await?;
        let id = ConnectorId(path_parameter(parts, api, "connector_id").await?);
        let connector = connectors::get(&api.store, &org, &id).await?;
        let connector = connector.ok_or_else(connector_not_found)?;
        Ok(Self { org, connector })
    }
}

/// This host's own connector, where the path names none.
pub struct AtHome(pub InConnector);

impl FromRequestParts<Api> for AtHome {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let Key { org } = Key::from_request_parts(parts, api).await?;
        let connector = connectors::get(&api.store, &org, &api.connector).await?;
        let connector = connector.ok_or_else(connector_not_found)?;
        Ok(Self(InConnector { org, connector }))
    }
}

impl FromRequestParts<Api> for InKb {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let InOrg { org } = InOrg::from_request_parts(parts, api).await?;
        let id = path_parameter(parts, api, "kb_id").await?;
        let id = id.parse().map_err(|_| kb_not_found())?;
        let kb = kbs::get(&api.store, &org, KbId(id)).await?;
        Ok(Self {
            kb: kb.ok_or_else(kb_not_found)?,
            org,
        })
    }
}

/// One sentence for every connector that this organisation does not have.
pub fn connector_not_found() -> Problem {
    Problem::not_found(
        "connector_not_found",
        "this organisation has no such connector",
    )
}

/// One sentence for every knowledge base that this organisation does not have.
pub fn kb_not_found() -> Problem {
    Problem::not_found(
        "kb_not_found",
        "this organisation has no such knowledge base",
    )
}

async fn path_parameter(parts: &mut Parts, api: &Api, name: &str) -> Result<String, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, api)
        .await
        .map_err(|_not_utf8| Problem::of_status(StatusCode::NOT_FOUND))?;
    let value = parameters.iter().find(|(known, _)| *known == name);
    match value {
        Some((_, value)) => Ok(value.to_owned()),
        None => Err(Problem::internal(format!(
            "the route has no parameter {name}"
        ))),
    }
}
