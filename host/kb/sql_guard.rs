//! Lets one read-only statement through. The second guard, on the plan, is the engine's own (see `query`).

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::Statement as Sql;
use datafusion::sql::sqlparser::dialect::GenericDialect;

use super::query::QueryLimits;
use super::query_error::QueryError;

/// Nesting of parentheses and subqueries; the parser's own default.
const MAX_NESTING: usize = 50;
/// Longer statements are refused unread: a chain of operators becomes a tree as deep as it is long.
const MAX_STATEMENT_BYTES: usize = 256 << 10;

/// Reads a text that holds exactly one statement, and that one only reads.
pub(super) fn parse(sql: &str, limits: &QueryLimits) -> Result<Statement, QueryError> {
    if sql.len() > MAX_STATEMENT_BYTES {
        return Err(QueryError::refused("the statement is longer than 256 KiB"));
    }
    let dialect = GenericDialect {};
    let parser = DFParserBuilder::new(sql)
        .with_dialect(&dialect)
        .with_recursion_limit(MAX_NESTING);
    let statements = parser
        .build()
        .and_then(|mut parser| parser.parse_statements());
    let mut statements = statements.map_err(|error| QueryError::from_engine(error, limits))?;
    let Some(statement) = statements.pop_front() else {
        return Err(QueryError::refused("there is no statement"));
    };
    if !statements.is_empty() {
        return Err(QueryError::refused(
            "there is more than one statement: send them one by one",
        ));
    }
    if !only_reads(&statement) {
        return Err(QueryError::refused(
            "only SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES and SHOW COLUMNS can be run: a query never changes a knowledge base",
        ));
    }
    Ok(statement)
}

fn only_reads(statement: &Statement) -> bool {
    match statement {
        Statement::Explain(explain) => {
            matches!(&*explain.statement, Statement::Statement(inner) if matches!(**inner, Sql::Query(_)))
        }
        Statement::Statement(sql) => match &**sql {
            Sql::Query(_)
            | Sql::ExplainTable { .. }
            | Sql::ShowTables { .. }
            | Sql::ShowColumns { .. } => true,
            Sql::Explain { statement, .. } => matches!(**statement, Sql::Query(_)),
            _ => false,
        },
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => false,
    }
}
