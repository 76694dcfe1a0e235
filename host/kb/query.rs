//! Answers one read-only SQL statement over the tables of one knowledge base, within bounds of rows, time and memory.
//! Only tables that the statement names are opened. Nothing it does can write, or read a file that is not a table's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use datafusion::common::{ParamValues, ScalarValue, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::{SQLOptions, SessionContext};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::prelude::SessionConfig;
use datafusion::sql::parser::Statement;
use deltalake_core::DeltaTable;
use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio_util::task::AbortOnDropHandle;

use super::query_error::QueryError;
use super::table::Tables;
use super::{KbError, sql_guard};
use crate::model::ids::KbUid;

/// A chain of operators is planned by recursion as deep as it is long (see `sql_guard`). Only what is used is real memory.
const STACK_BYTES: usize = 64 << 20;

/// A statement with its parameters and limits.
#[derive(Debug, Clone)]
pub struct Query {
    pub sql: String,
    /// Bound to `$1`, `$2`, …
    pub params: Vec<serde_json::Value>,
    pub explain: bool,
    pub limits: QueryLimits,
}

/// Bounds of one query.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// Rows returned; more are cut and said in `truncated`.
    pub rows: usize,
    pub time: Duration,
    pub memory_bytes: usize,
}

/// Rows of a query.
#[derive(Debug)]
pub struct Answer {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    pub truncated: bool,
}

/// Threads of their own for statements: they compute for long without a pause, and must not keep jobs waiting.
pub(super) struct Engine {
    /// Taken out only to end it.
    runtime: Option<Runtime>,
}

impl Engine {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .thread_name("kb-query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Answers a statement in time, or gives it up. So does dropping the future.
    pub(super) async fn run(
        &self,
        tables: Arc<Tables>,
        kb: KbUid,
        query: Query,
    ) -> Result<Answer, QueryError> {
        let limits = query.limits.clone();
        let runtime = self.runtime.as_ref().expect("only Drop takes it out");
        let task = runtime.spawn(async move { answer(&tables, &kb, query).await });
        match tokio::time::timeout(limits.time, AbortOnDropHandle::new(task)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(panic)) => Err(QueryError::internal(panic)),
            Err(_elapsed) => Err(QueryError::out_of_time(&limits)),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A runtime that is dropped waits for its threads, which an async caller must not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn answer(tables: &Tables, kb: &KbUid, query: Query) -> Result<Answer, QueryError> {
    let limits = &query.limits;
    let statement = sql_guard::parse(&query.sql, limits)?;
    let params = query
        .params
        .iter()
        .map(parameter)
        .collect::<Result<Vec<_>, _>>()?;
    let engine = |error| QueryError::from_engine(error, limits);

    let context = session(limits)?;
    let missing = register(&context, tables, kb, &statement, limits).await?;
    let plan = match context.state().statement_to_plan(statement).await {
        Ok(plan) => plan,
        Err(error) => return Err(unknown_table(tables, kb, &missing, engine(error)).await?),
    };
    read_only().verify_plan(&plan).map_err(engine)?;
    let plan = bound(plan, params, query.explain).map_err(engine)?;
    let stream = DataFrame::new(context.state(), plan)
        .execute_stream()
        .await
        .map_err(engine)?;
    let schema = stream.schema();
    let (batches, truncated) = collect(stream, limits).await?;
    Ok(Answer {
        schema,
        batches,
        truncated,
    })
}

fn bound(
    plan: LogicalPlan,
    params: Vec<ScalarValue>,
    explain: bool,
) -> datafusion::error::Result<LogicalPlan> {
    let plan = if params.is_empty() {
        plan
    } else {
        plan.with_param_values(ParamValues::from(params))?
    };
    if explain && !matches!(plan, LogicalPlan::Explain(_)) {
        return LogicalPlanBuilder::from(plan)
            .explain(false, false)?
            .build();
    }
    Ok(plan)
}

fn read_only() -> SQLOptions {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
}

/// A session that reads one table for the host itself.
pub(super) fn scan_session() -> SessionContext {
    SessionContext::new_with_config(config())
}

/// A session that knows no table yet, without a disk to spill to.
fn session(limits: &QueryLimits) -> Result<SessionContext, QueryError> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(limits.memory_bytes)))
        .with_disk_manager_builder(
            DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled),
        )
        .build_arc()
        .map_err(QueryError::internal)?;
    Ok(SessionContext::new_with_config_rt(config(), runtime))
}

fn config() -> SessionConfig {
    SessionConfig::new()
        .with_default_catalog_and_schema("kb", "public")
        .with_information_schema(true)
        // Plain strings and binaries, as the files have them: one form for all who read an answer.
        .set_bool(
            "datafusion.execution.parquet.schema_force_view_types",
            false,
        )
        // The Delta reader's own sessions turn this off: it can panic with the dictionary columns that it makes.
        .set_usize("datafusion.optimizer.hash_join_inlist_pushdown_max_size", 0)
        .set_usize(
            "datafusion.optimizer.hash_join_inlist_pushdown_max_distinct_values",
            0,
        )
}

/// Registers the tables that the statement names, or all if it asks what there is. The names that are no tables.
async fn register(
    context: &SessionContext,
    tables: &Tables,
    kb: &KbUid,
    statement: &Statement,
    limits: &QueryLimits,
) -> Result<Vec<String>, QueryError> {
    let named = context.state().resolve_table_references(statement);
    let named = named.map_err(|error| QueryError::from_engine(error, limits))?;
    if named
        .iter()
        .any(|name| name.schema() == Some("information_schema"))
    {
        for (name, table) in tables.all(kb).await? {
            register_one(context, &name, &table, limits).await?;
        }
        return Ok(Vec::new());
    }
    let mut missing = Vec::new();
    for reference in &named {
        let name = reference.table();
        match tables.current(kb, name).await {
            Ok(Some(table)) => register_one(context, name, &table, limits).await?,
            Ok(None) | Err(KbError::TableName(_)) => missing.push(name.to_owned()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(missing)
}

async fn register_one(
    context: &SessionContext,
    name: &str,
    table: &DeltaTable,
    limits: &QueryLimits,
) -> Result<(), QueryError> {
    let engine = |error| QueryError::from_engine(error, limits);
    let provider = table
        .table_provider()
        .with_session(Arc::new(context.state()))
        .await
        .map_err(engine)?;
    context
        .register_table(TableReference::bare(name), provider)
        .map_err(engine)?;
    Ok(())
}

/// A better sentence for a statement that could not be planned because a table is not there.
async fn unknown_table(
    tables: &Tables,
    kb: &KbUid,
    missing: &[String],
    error: QueryError,
) -> Result<QueryError, KbError> {
    let QueryError::Refused(text) = &error else {
        return Ok(error);
    };
    let Some(name) = missing
        .iter()
        .find(|name| text.contains(&format!("table '{name}' not found")))
    else {
        return Ok(error);
    };
    let names: Vec<String> = tables
        .all(kb)
        .await?
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let hint = if let Some(cased) = names
        .iter()
        .find(|other| other.to_lowercase() == name.to_lowercase())
    {
        format!("there is \"{cased}\": write it in double quotes")
    } else if names.is_empty() {
        "the knowledge base has no tables yet".to_owned()
    } else {
        format!("there is: {}", names.join(", "))
    };
    Ok(QueryError::Refused(format!(
        "the table \"{name}\" does not exist; {hint}"
    )))
}

/// A JSON value as the engine's literal; it is cast to what the statement compares it with.
fn parameter(value: &serde_json::Value) -> Result<ScalarValue, QueryError> {
    use serde_json::Value;
    Ok(match value {
        Value::Null => ScalarValue::Null,
        Value::Bool(b) => ScalarValue::Boolean(Some(*b)),
        Value::String(s) => ScalarValue::Utf8(Some(s.clone())),
        Value::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(i), _) => ScalarValue::Int64(Some(i)),
            (None, Some(u)) => ScalarValue::UInt64(Some(u)),
            (None, None) => ScalarValue::Float64(n.as_f64()),
        },
        Value::Array(_) | Value::Object(_) => {
            return Err(QueryError::refused(
                "a parameter must be null, a boolean, a number or a string",
            ));
        }
    })
}

async fn collect(
    mut stream: datafusion::execution::SendableRecordBatchStream,
    limits: &QueryLimits,
) -> Result<(Vec<RecordBatch>, bool), QueryError> {
    let mut batches = Vec::new();
    let (mut room, mut bytes) = (limits.rows, 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| QueryError::from_engine(error, limits))?;
        if batch.num_rows() > room {
            batches.push(batch.slice(0, room));
            return Ok((batches, true));
        }
        room -= batch.num_rows();
        bytes += batch.get_array_memory_size();
        if bytes > limits.memory_bytes {
            return Err(QueryError::out_of_memory(limits));
        }
        batches.push(batch);
    }
    Ok((batches, false))
}
