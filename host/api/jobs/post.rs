//! POST jobs: takes a request that can run and puts it into the queue. What changes until the job runs is checked again there.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::{InConnector, kb_not_found};
use super::super::extraction::ability::can_run;
use super::super::extraction::cursor_fit::cursor_fits;
use super::super::fields::Body;
use super::super::problem::Problem;
use super::request::JobRequest;
use crate::model::job::Mode;
use crate::store::jobs::NewJob;
use crate::store::kbs::Kb;
use crate::store::{jobs, kbs};

/// A job that was taken.
#[derive(Serialize, ToSchema)]
pub struct JobAccepted {
    job_id: String,
}

/// Extracts a table into a knowledge base.
#[utoipa::path(
    post, path = "/orgs/{org_id}/connectors/{connector_id}/jobs", tag = "jobs", request_body = JobRequest,
    responses(
        (status = 202, body = JobAccepted),
        (status = 400, description = "`invalid_request`, `invalid_mode`, `invalid_placement`, `invalid_cursor`, \
            `key_columns_required`"),
        (status = 404, description = "`connector_not_found`, `kb_not_found`"),
        (status = 422, description = "`connector_offline`, `source_unsupported`, `placement_unsupported`, \
            `connection_not_found`, `dest_table_exists`, `dest_table_not_found`"),
    )
)]
pub async fn post_job(
    at: InConnector,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<(StatusCode, Json<JobAccepted>), Problem> {
    let request = JobRequest::parse(&body)?;
    let kb = kbs::get(&api.store, &at.org, request.kb_id).await?;
    let kb = kb.ok_or_else(kb_not_found)?;
    let source = &request.source;
    let plugin = can_run(&api, &at.connector.id, source, request.placement)?;
    fits_dest_table(&api, &kb, &request).await?;
    if let Some(cursor) = &request.cursor {
        cursor_fits(&api, &plugin, source, cursor, "/cursor").await?;
    }
    let new = NewJob {
        org: at.org,
        connector: at.connector.id,
        kb: kb.id,
        kb_uid: kb.uid,
        spec: request.into_spec(),
    };
    let job_id = jobs::enqueue(&api.store, new).await?.0;
    Ok((StatusCode::ACCEPTED, Json(JobAccepted { job_id })))
}

/// Whether the dest table is there, or not, as the mode wants it.
async fn fits_dest_table(api: &Api, kb: &Kb, request: &JobRequest) -> Result<(), Problem> {
    let name = &request.dest_table;
    match request.mode {
        Mode::Replace | Mode::Upsert => Ok(()),
        Mode::Create if api.lake.table(&kb.uid, name).await?.is_some() => Err(Problem::refused(
            "dest_table_exists",
            format!(
                "the table \"{name}\" exists already; use mode append, upsert or replace, or another name"
            ),
        )),
        Mode::Append if api.lake.table(&kb.uid, name).await?.is_none() => Err(Problem::refused(
            "dest_table_not_found",
            format!("there is no table \"{name}\" to append to; use mode create"),
        )),
        Mode::Create | Mode::Append => Ok(()),
    }
}
