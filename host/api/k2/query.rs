//! POST query: one read-only statement over a knowledge base, with bound parameters and limits.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InKb;
use super::super::fields::{Body, Field, Fields};
use super::super::problem::Problem;
use super::super::report::Report;
use super::column_type;
use super::rows::Rows;
use crate::kb::{Answer, Query};

/// Body of a query.
#[derive(Debug, PartialEq, ToSchema)]
pub struct QueryRequest {
    /// One statement that only reads.
    #[schema(example = "select count(*) as n from orders where country = $1")]
    sql: String,
    /// Bound to `$1`, `$2`, …: null, booleans, numbers or strings.
    #[schema(value_type = Option<Vec<Object>>, example = json!(["DE"]))]
    params: Vec<Value>,
    /// Answer how the statement would run instead of its rows.
    #[schema(value_type = Option<bool>)]
    explain: bool,
}

/// Rows of a query.
#[derive(Serialize, ToSchema)]
pub struct QueryAnswer {
    columns: Vec<QueryColumn>,
    /// One object a row. Integers are numbers; decimals, and floats that JSON does not have, are strings; bytes are `\x` and
    /// hex digits.
    #[schema(value_type = Vec<Object>, example = json!([{"n": 3}]))]
    rows: Rows,
    row_count: usize,
    /// There are more rows than the limit of this host allows.
    truncated: bool,
}

/// A column of a query.
#[derive(Serialize, ToSchema)]
pub struct QueryColumn {
    /// As in the rows: a second column of the same name has a number behind it.
    name: String,
    #[schema(example = "int64")]
    data_type: String,
}

/// Runs a statement. Limits of rows, time and memory are the host's.
#[utoipa::path(
    post, path = "/orgs/{org_id}/k2/{kb_id}/query", tag = "k2", request_body = QueryRequest,
    responses(
        (status = 200, body = QueryAnswer),
        (status = 400, description = "`invalid_request`, `query_refused`"),
        (status = 404, description = "`kb_not_found`"),
        (status = 422, description = "`query_limit_exceeded`"),
    )
)]
pub async fn query_kb(
    at: InKb,
    State(api): State<Api>,
    Body(body): Body,
) -> Result<Json<QueryAnswer>, Problem> {
    let request = QueryRequest::parse(&body)?;
    let query = Query {
        sql: request.sql,
        params: request.params,
        explain: request.explain,
        limits: api.limits.clone(),
    };
    let answer = api.lake.query(&at.kb.uid, query).await?;
    Ok(Json(answer.into()))
}

impl From<Answer> for QueryAnswer {
    fn from(answer: Answer) -> Self {
        let rows = Rows::new(&answer.schema, answer.batches);
        let columns = rows.names().iter().zip(answer.schema.fields());
        Self {
            columns: columns
                .map(|(name, field)| QueryColumn {
                    name: name.clone(),
                    data_type: column_type::word(field.data_type()),
                })
                .collect(),
            row_count: rows.len(),
            rows,
            truncated: answer.truncated,
        }
    }
}

impl QueryRequest {
    fn parse(body: &Value) -> Result<Self, Problem> {
        let report = Report::default();
        let request = Fields::of(body, &report).and_then(|fields| {
            let sql = fields.required("sql").and_then(sql);
            let params = fields.optional("params", params);
            let explain = fields.optional("explain", Field::boolean);
            Some(Self {
                sql: sql?,
                params: params?.unwrap_or_default(),
                explain: explain?.unwrap_or(false),
            })
        });
        report.finish(request)
    }
}

fn sql(field: Field) -> Option<String> {
    let text = field.string()?;
    if text.trim().is_empty() {
        return field.wrong("must be a statement");
    }
    Some(text.to_owned())
}

/// Null is a value here, not an absent one.
fn params(field: &Field) -> Option<Vec<Value>> {
    let items = field.items()?;
    let scalar = |item: &Field| match item.value() {
        Value::Array(_) | Value::Object(_) => {
            item.wrong("must be null, a boolean, a number or a string")
        }
        value => Some(value.clone()),
    };
    let values: Vec<_> = items.iter().map(scalar).collect();
    values.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_statement_comes_with_parameters_of_any_scalar_type() {
        let body =
            json!({"sql": "select $1", "params": [null, true, 1, 1.5, "'; --"], "explain": null});
        let request = QueryRequest::parse(&body).unwrap();
        assert_eq!(json!(request.params), body["params"]);
        assert!(!request.explain);
        for (body, pointer) in [
            (json!({}), "/sql"),
            (json!({"sql": " \n"}), "/sql"),
            (json!({"sql": 1}), "/sql"),
            (json!({"sql": "x", "params": {}}), "/params"),
            (json!({"sql": "x", "params": [1, []]}), "/params/1"),
            (json!({"sql": "x", "explain": "yes"}), "/explain"),
        ] {
            let problem = QueryRequest::parse(&body).unwrap_err();
            assert_eq!(problem.errors()[0].pointer, pointer, "{body}");
        }
    }
}
