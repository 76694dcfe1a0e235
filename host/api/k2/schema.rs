//! GET schema: the tables of a knowledge base and their columns, as JSON or as the SQL that would create them.

use arrow::datatypes::Field;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::auth::InKb;
use super::super::params::{Params, wrong};
use super::super::problem::Problem;
use super::super::report::Report;
use super::column_type;
use crate::kb::TableSummary;
use crate::model::source::NATIVE_TYPE;

/// What is in a knowledge base.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum KbSchema {
    Structured { tables: Vec<TableSchema> },
    Sql { sql: String },
}

/// A table.
#[derive(Serialize, ToSchema)]
pub struct TableSchema {
    name: String,
    columns: Vec<ColumnSchema>,
    row_count: u64,
    data_size_bytes: u64,
}

/// A column of a table.
#[derive(Serialize, ToSchema)]
pub struct ColumnSchema {
    name: String,
    #[schema(example = "decimal(10,2)")]
    data_type: String,
    nullable: bool,
    /// What the source calls the type.
    #[schema(example = "numeric(10,2)")]
    native_type: Option<String>,
}

/// Tables with columns and types; `format=sql`: one text of `create table` statements.
#[utoipa::path(
    get, path = "/orgs/{org_id}/k2/{kb_id}/schema", tag = "k2",
    params(("format" = Option<String>, Query, description = "`structured` (default) or `sql`")),
    responses(
        (status = 200, body = KbSchema),
        (status = 400, description = "`invalid_request`"),
        (status = 404, description = "`kb_not_found`"),
    )
)]
pub async fn kb_schema(
    at: InKb,
    State(api): State<Api>,
    params: Params,
) -> Result<Json<KbSchema>, Problem> {
    let report = Report::default();
    let answer: fn(Vec<TableSummary>) -> KbSchema = match params.text("format", &report) {
        None | Some("structured") => structured,
        Some("sql") => as_sql,
        Some(_) => {
            wrong(&report, "format", "must be structured or sql");
            structured
        }
    };
    let answer = report.finish(Some(answer))?;
    Ok(Json(answer(api.lake.tables(&at.kb.uid).await?)))
}

fn structured(tables: Vec<TableSummary>) -> KbSchema {
    let table = |table: TableSummary| TableSchema {
        columns: table.columns.iter().map(column).collect(),
        name: table.name,
        row_count: table.rows,
        data_size_bytes: table.bytes,
    };
    KbSchema::Structured {
        tables: tables.into_iter().map(table).collect(),
    }
}

fn column(field: &Field) -> ColumnSchema {
    ColumnSchema {
        name: field.name().clone(),
        data_type: column_type::word(field.data_type()),
        nullable: field.is_nullable(),
        native_type: field.metadata().get(NATIVE_TYPE).cloned(),
    }
}

fn as_sql(tables: Vec<TableSummary>) -> KbSchema {
    let statements: Vec<_> = tables.iter().map(create_table).collect();
    KbSchema::Sql {
        sql: statements.join("\n"),
    }
}

fn create_table(table: &TableSummary) -> String {
    let columns = table.columns.iter().map(|field| {
        let not_null = if field.is_nullable() { "" } else { " not null" };
        let sql_type = column_type::sql(field.data_type());
        format!("  {} {sql_type}{not_null}", quoted(field.name()))
    });
    let columns: Vec<_> = columns.collect();
    format!(
        "create table {} (\n{}\n);\n",
        quoted(&table.name),
        columns.join(",\n")
    )
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::DataType;

    use super::*;

    #[test]
    fn names_are_quoted_in_sql() {
        let table = TableSummary {
            name: "a\"; drop table b; --".into(),
            columns: vec![
                Field::new("Id", DataType::Int64, false),
                Field::new("x\"y", DataType::Utf8, true),
            ],
            rows: 0,
            bytes: 0,
            files: 0,
            version: 0,
        };
        assert_eq!(
            create_table(&table),
            "create table \"a\"\"; drop table b; --\" (\n  \"Id\" bigint not null,\n  \"x\"\"y\" text\n);\n"
        );
    }
}
