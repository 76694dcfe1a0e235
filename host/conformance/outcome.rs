//! How checks end: passed, failed with what was found, or skipped with the reason.

use super::rules::Rule;
use crate::model::failure::{Failure, FailureKind};
use crate::model::source::Source;

/// One rule, and what came of it.
#[derive(Debug)]
pub struct Check {
    pub rule: &'static Rule,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub enum Outcome {
    Passed,
    /// What was found, what is expected, what to do.
    Failed(Broken),
    /// Why it could not be checked.
    Skipped(String),
}

/// What was found wrong.
#[derive(Debug, Clone)]
pub struct Broken {
    pub sentence: String,
    /// The code of the failure behind it, if one was.
    code: Option<String>,
}

/// Everything that was checked.
#[derive(Debug, Default)]
pub struct Report {
    pub checks: Vec<Check>,
    /// What was read, each in the order of its cursor column, and how many rows it has.
    pub tables: Vec<(Source, usize)>,
    /// What was left out, e.g. tables that are too large.
    pub notes: Vec<String>,
}

impl Report {
    pub fn passed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Passed))
    }

    pub fn failed(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.checks
            .iter()
            .filter(|check| is(&check.outcome))
            .count()
    }
}

/// Why a check did not pass.
#[derive(Debug, Clone)]
pub enum Stop {
    Broken(Broken),
    Skipped(String),
}

pub fn broken(sentence: impl Into<String>) -> Stop {
    Stop::Broken(Broken {
        sentence: sentence.into(),
        code: None,
    })
}

pub fn skipped(reason: impl Into<String>) -> Stop {
    Stop::Skipped(reason.into())
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        let sentence = format!("{} [{}]", failure.detail, failure.code);
        Self::Broken(Broken {
            sentence,
            code: Some(failure.code),
        })
    }
}

impl From<Result<(), Stop>> for Outcome {
    fn from(result: Result<(), Stop>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(Stop::Broken(broken)) => Self::Failed(broken),
            Err(Stop::Skipped(reason)) => Self::Skipped(reason),
        }
    }
}

/// The results of one check on several tables.
#[derive(Default)]
pub struct Verdict {
    passed: usize,
    broken: Vec<(String, Broken)>,
    skipped: Option<String>,
}

impl Verdict {
    pub fn add(&mut self, table: &str, result: Result<(), Stop>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(Stop::Skipped(reason)) => self.skipped = self.skipped.take().or(Some(reason)),
            Err(Stop::Broken(broken)) => self.broken.push((table.to_owned(), broken)),
        }
    }

    /// `otherwise`: why no table was looked at.
    pub fn outcome(mut self, otherwise: &str) -> Outcome {
        if self.broken.is_empty() {
            return match self.passed {
                0 => Outcome::Skipped(self.skipped.unwrap_or_else(|| otherwise.to_owned())),
                _ => Outcome::Passed,
            };
        }
        let (table, first) = self.broken.remove(0);
        let more = match self.broken.len() {
            0 => String::new(),
            more => format!(" (and {more} more like it)"),
        };
        let sentence = format!("{table}: {}{more}", first.sentence);
        Outcome::Failed(Broken { sentence, ..first })
    }
}

/// Of all checks that were made before.
pub fn default_limits(report: &Report) -> Outcome {
    const LIMITS: [&str; 5] = [
        "memory_limit",
        "cpu_limit",
        "limit_exceeded",
        "timeout",
        "endless_wait",
    ];
    let met = report.checks.iter().find_map(|check| match &check.outcome {
        Outcome::Failed(broken) if LIMITS.contains(&broken.code.as_deref()?) => {
            Some((check.rule.name, broken))
        }
        _ => None,
    });
    match met {
        None => Outcome::Passed,
        Some((name, broken)) => Outcome::Failed(Broken {
            sentence: format!(
                "the check {name} met a limit: hold less at a time, or answer smaller pages than are asked for"
            ),
            ..broken.clone()
        }),
    }
}

/// Whether an error of the source reached the host as such. Anything else hides it, and the job is not tried again.
pub fn passed_on(failure: &Failure) -> Result<(), Stop> {
    match failure.kind {
        FailureKind::Source => Ok(()),
        FailureKind::Plugin => Err(broken(format!(
            "the error value of the source ended as a fault of the plugin ({}): return it with `?`, do not panic",
            failure.detail
        ))),
        _ => Err(broken(format!(
            "the error `unavailable` of the source came out as {} ({}): keep its kind, else the job is not tried again",
            failure.code, failure.detail
        ))),
    }
}
