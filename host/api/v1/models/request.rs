//! The body of POST models, read field by field. Knows nothing of what exists.

use serde_json::Value;
use utoipa::ToSchema;

use super::super::super::fields::{Field, Fields};
use super::super::super::problem::Problem;
use super::super::super::report::Report;
use super::table_name::{selected_table, table_name};
use crate::model::ids::SourceNumber;
use crate::model::sync_form::Selection;
use crate::store::models::NewModel;

const MAX_NAME_CHARS: usize = 200;
const MAX_DESCRIPTION_CHARS: usize = 2_000;
/// More than people write; it is stored with every run.
const MAX_QUERY_BYTES: usize = 64 << 10;

/// Body of a request for a model.
#[derive(ToSchema)]
pub struct ModelRequest {
    #[expect(dead_code, reason = "only its schema is used")]
    model: ModelFields,
}

/// A table, or the rows of a query, of one source.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub struct ModelFields {
    /// `id` of a source of GET connectors; a decimal string is accepted, too.
    connector_id: i64,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    description: Option<String>,
    /// `table_selector` or `raw_sql`. Absent: what `table` or `query` says.
    #[schema(example = "table_selector")]
    query_type: Option<String>,
    /// `table` or `schema.table`, with `"quotes"` round names that need them; with `schema`, the bare name of the table.
    #[schema(example = "sales.orders")]
    table: Option<String>,
    schema: Option<String>,
    /// A select statement, which the source checks now if it answers. A table selector may say `select * from schema.table`
    /// here instead of `table`.
    query: Option<String>,
    /// The column, or the columns, that tell rows apart: what an incremental sync merges by.
    #[schema(value_type = Option<Value>, example = "id")]
    primary_key: Option<Value>,
}

#[derive(Clone, Copy)]
enum QueryType {
    TableSelector,
    RawSql,
}

/// # Errors
/// A problem with every mistake of the body.
pub fn parse(body: &Value) -> Result<NewModel, Problem> {
    let report = Report::default();
    let model = Fields::of(body, &report)
        .and_then(|fields| fields.required("model"))
        .and_then(|model| model.fields())
        .and_then(|fields| read(&fields));
    report.finish(model)
}

fn read(fields: &Fields) -> Option<NewModel> {
    let source = fields.required("connector_id").and_then(|field| field.id());
    let name = fields.required("name");
    let name = name.and_then(|field| field.label(MAX_NAME_CHARS));
    let description = fields.optional("description", description);
    let selection = selection(fields);
    let primary_key = fields.optional("primary_key", primary_key);
    Some(NewModel {
        source: SourceNumber(source?),
        name: name?,
        description: description?,
        selection: selection?,
        primary_key: primary_key?.unwrap_or_default(),
    })
}

fn selection(fields: &Fields) -> Option<Selection> {
    let schema = fields.optional("schema", Field::name);
    let table = fields.optional("table", |field| match &schema {
        Some(Some(schema)) => Some(Selection::Table {
            schema: Some(schema.clone()),
            table: field.name()?,
        }),
        _ => {
            let named = table_name(&field.name()?);
            named.or_else(|| field.wrong("is no name of a table; say table or schema.table, with quotes round dots and spaces"))
        }
    });
    let query_type = fields.optional("query_type", query_type);
    let query = fields.optional("query", query);
    let (_, table, query) = (schema?, table?, query?);
    match (query_type?, table, query) {
        (None | Some(QueryType::TableSelector), Some(table), _) => Some(table),
        (None | Some(QueryType::RawSql), _, Some(query)) => Some(Selection::Query(query)),
        (Some(QueryType::TableSelector), None, Some(query)) => {
            let said = selected_table(&query);
            said.or_else(|| {
                let field = fields.required("query")?;
                field.wrong("selects more than one whole table; give the table in table, or use query_type raw_sql")
            })
        }
        (Some(QueryType::RawSql), _, None) => {
            fields.required("query")?;
            None
        }
        (_, None, None) => {
            fields.required("table")?;
            None
        }
    }
}

fn query_type(field: &Field) -> Option<QueryType> {
    match field.string()? {
        "table_selector" => Some(QueryType::TableSelector),
        "raw_sql" => Some(QueryType::RawSql),
        _ => field.wrong("is neither table_selector nor raw_sql"),
    }
}

/// Without the semicolon that ends it: it is read as part of another statement.
fn query(field: &Field) -> Option<String> {
    let text = field.string()?;
    let text = text.trim_end_matches(|c: char| c == ';' || c.is_whitespace());
    if text.trim_start().is_empty() || text.len() > MAX_QUERY_BYTES {
        return field.wrong(format!("must have 1 to {MAX_QUERY_BYTES} bytes"));
    }
    if text.contains('\0') {
        return field.wrong("must not contain a NUL character");
    }
    Some(text.to_owned())
}

fn primary_key(field: &Field) -> Option<Vec<String>> {
    match field.value() {
        Value::Array(_) => field.names(),
        _ => Some(vec![field.name()?]),
    }
}

fn description(field: &Field) -> Option<String> {
    let text = field.string()?;
    if text.chars().count() > MAX_DESCRIPTION_CHARS {
        return field.wrong(format!(
            "must have at most {MAX_DESCRIPTION_CHARS} characters"
        ));
    }
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(changes: Value) -> Value {
        let mut model = json!({"connector_id": 1, "name": "orders", "table": "sales.orders"});
        for (name, value) in changes.as_object().expect("an object") {
            model[name] = value.clone();
        }
        json!({ "model": model })
    }

    fn table(schema: &str, table: &str) -> Selection {
        Selection::Table {
            schema: Some(schema.into()),
            table: table.into(),
        }
    }

    #[test]
    fn a_model_is_a_table_or_a_query() {
        let orders = table("sales", "orders");
        let query = Selection::Query("select 1 as id".into());
        for (changes, selection) in [
            (json!({}), &orders),
            (json!({"table": "a.b", "schema": "x"}), &table("x", "a.b")),
            (json!({"query": "select 1 as id"}), &orders),
            (
                json!({"query": "select 1 as id", "query_type": "raw_sql"}),
                &query,
            ),
            (
                json!({"query": "select 1 as id ;\n", "table": null}),
                &query,
            ),
            (
                json!({"query": "select * from sales.orders", "table": null, "query_type": "table_selector"}),
                &orders,
            ),
        ] {
            let model = parse(&with(changes.clone())).expect("a good body");
            assert_eq!(&model.selection, selection, "{changes}");
        }
    }

    #[test]
    fn a_key_is_one_column_or_several() {
        for (key, columns) in [
            (json!(null), vec![]),
            (json!("id"), vec!["id"]),
            (json!(["a", "b"]), vec!["a", "b"]),
        ] {
            let model = parse(&with(json!({"primary_key": key}))).expect("a good body");
            assert_eq!(model.primary_key, columns);
        }
    }

    #[test]
    fn every_mistake_has_its_place() {
        for (changes, pointer) in [
            (json!({"connector_id": null}), "/model/connector_id"),
            (json!({"connector_id": "x"}), "/model/connector_id"),
            (json!({"name": ""}), "/model/name"),
            (json!({"description": 1}), "/model/description"),
            (json!({"table": "a.b.c"}), "/model/table"),
            (json!({"table": null}), "/model/table"),
            (json!({"schema": ""}), "/model/schema"),
            (json!({"query": " ; "}), "/model/query"),
            (json!({"query_type": "dbt"}), "/model/query_type"),
            (json!({"query_type": "raw_sql"}), "/model/query"),
            (json!({"primary_key": []}), "/model/primary_key"),
            (json!({"primary_key": 1}), "/model/primary_key"),
            (
                json!({"query": "select 1", "table": null, "query_type": "table_selector"}),
                "/model/query",
            ),
        ] {
            let problem = parse(&with(changes.clone())).expect_err("a bad body");
            assert_eq!(problem.errors()[0].pointer, pointer, "{changes}");
        }
        assert_eq!(
            parse(&json!({})).expect_err("none").errors()[0].pointer,
            "/model"
        );
    }
}
