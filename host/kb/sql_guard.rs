//! Lets one read-only statement through. The second guard, on the plan, is the engine's own (see `query`).

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Statement as Sql, visit_relations};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::query::QueryLimits;
use super::query_error::QueryError;

/// Nesting of parentheses and subqueries; the parser's own default.
const MAX_NESTING: usize = 50;
/// Bytes of the longest statement that is looked at.
const MAX_STATEMENT_BYTES: usize = 256 << 10;
/// Operators and keywords. `1+1+1+…` nests as deep as it is long, and a stack that overflows ends the process.
const MAX_STEPS: usize = 2_000;
/// Tables after FROM and JOIN, each of which deepens the plan.
const MAX_RELATIONS: usize = 100;

/// Reads a text that holds exactly one statement, and that one only reads.
pub(super) fn parse(sql: &str, limits: &QueryLimits) -> Result<Statement, QueryError> {
    if sql.len() > MAX_STATEMENT_BYTES {
        return Err(QueryError::refused("the statement is longer than 256 KiB"));
    }
    let dialect = GenericDialect {};
    // A text that has no tokens is the parser's to explain.
    let tokens = Tokenizer::new(&dialect, sql).tokenize().unwrap_or_default();
    if tokens.iter().filter(|token| is_step(token)).count() > MAX_STEPS {
        return Err(QueryError::refused(format!(
            "the statement has more than {MAX_STEPS} operators and keywords: split it, or use IN (…) for long alternatives"
        )));
    }
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
    let mut relations = 0;
    if let Some(sql) = inner(&statement) {
        let _ = visit_relations(sql, |_| {
            relations += 1;
            ControlFlow::<()>::Continue(())
        });
    }
    if relations > MAX_RELATIONS {
        return Err(QueryError::refused(format!(
            "the statement reads more than {MAX_RELATIONS} tables at once"
        )));
    }
    Ok(statement)
}

fn is_step(token: &Token) -> bool {
    use Keyword::*;
    match token {
        // Most keywords may also be names of columns, which are as many as you like.
        Token::Word(word) => matches!(
            word.keyword,
            AND | OR
                | XOR
                | NOT
                | IS
                | LIKE
                | ILIKE
                | RLIKE
                | REGEXP
                | SIMILAR
                | BETWEEN
                | IN
                | DIV
                | OVERLAPS
                | UNION
                | EXCEPT
                | INTERSECT
                | MINUS
                | JOIN
                | CASE
                | COLLATE
                | AT
                | MEMBER
                | NOTNULL
        ),
        Token::Whitespace(_) | Token::Comma | Token::Period | Token::LParen | Token::RParen => {
            false
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) => false,
        _ => true,
    }
}

/// The statement in the parser's own form.
fn inner(statement: &Statement) -> Option<&Sql> {
    match statement {
        Statement::Statement(sql) => Some(sql),
        Statement::Explain(explain) => inner(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => None,
    }
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
