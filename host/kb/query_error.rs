//! Why a query has no answer, and whose fault it is. The engine's own words without its decoration.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;

use super::KbError;
use super::query::QueryLimits;

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The statement is wrong, not read-only, or names what is not there. The client's to mend.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    LimitExceeded(String),
    #[error(transparent)]
    Kb(#[from] KbError),
}

impl QueryError {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    pub(super) fn out_of_time(limits: &QueryLimits) -> Self {
        Self::LimitExceeded(format!(
            "the statement took longer than {} s",
            limits.time.as_secs_f32()
        ))
    }

    pub(super) fn out_of_memory(limits: &QueryLimits) -> Self {
        let mebibytes = limits.memory_bytes.div_ceil(1 << 20);
        Self::LimitExceeded(format!(
            "the statement needs more than {mebibytes} MiB of memory: read fewer rows or columns, or aggregate"
        ))
    }

    /// Trouble of ours while answering.
    pub(super) fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Kb(KbError::Storage {
            doing: "answer",
            what: "the statement".to_owned(),
            source: source.into(),
        })
    }

    /// What the engine says while it reads, plans or runs a statement.
    pub(super) fn from_engine(error: DataFusionError, limits: &QueryLimits) -> Self {
        let why = match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => return Self::out_of_memory(limits),
            DataFusionError::SQL(parser, _) => parser_text(parser),
            DataFusionError::Plan(text)
            | DataFusionError::Execution(text)
            | DataFusionError::NotImplemented(text) => text.clone(),
            DataFusionError::SchemaError(schema, _) => schema.to_string(),
            DataFusionError::ArrowError(arrow, _) if is_about_values(arrow) => arrow.to_string(),
            _ => return Self::internal(error),
        };
        Self::Refused(plain(&why))
    }
}

fn parser_text(error: &ParserError) -> String {
    match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            format!("the statement cannot be read: {text}")
        }
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
    }
}

/// A division by zero or a text that is no number is the statement's fault; a broken file is not.
fn is_about_values(error: &ArrowError) -> bool {
    matches!(
        error,
        ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::CastError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::InvalidArgumentError(_)
            | ArrowError::ParseError(_)
            | ArrowError::NotYetImplemented(_)
    )
}

/// Without the engine's catalog names, its habit of quoting the source of an error again, and its belief that a call with
/// the wrong types is a bug of its own.
fn plain(text: &str) -> String {
    let first = text.split("\n\nbacktrace:").next().unwrap_or(text);
    let first = first
        .find("No function matches")
        .map_or(first, |start| &first[start..]);
    let first = first
        .split("\n\tCandidate functions:")
        .next()
        .unwrap_or(first);
    first
        .replace("kb.public.", "")
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_with_wrong_types_is_no_bug_of_the_engine() {
        let engine = "Internal error: Function 'sum' failed to match any signature.\nThis issue was likely caused by a bug \
                      in DataFusion's code. No function matches the given name and argument types 'sum(Utf8)'. You might \
                      need to add explicit type casts.\n\tCandidate functions:\n\tsum(Decimal)";
        assert_eq!(
            plain(engine),
            "No function matches the given name and argument types 'sum(Utf8)'. You might need to add explicit type casts"
        );
    }
}
