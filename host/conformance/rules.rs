//! The rules by name, each as one sentence. What is done about each is in the other files.

/// One rule of the contract.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: &'static str,
    pub fact: &'static str,
}

const fn rule(name: &'static str, fact: &'static str) -> Rule {
    Rule { name, fact }
}

pub const DESCRIBE: Rule = rule(
    "describe",
    "describe says the same at every call and in every instance",
);
pub const CHECK: Rule = rule("check", "check answers what the server calls its version");
pub const DEAD_CONNECTION: Rule = rule(
    "dead-connection",
    "on a dead connection check answers an error value",
);
pub const TABLES: Rule = rule(
    "tables",
    "tables answers the same at every call, ordered by schema and name",
);
pub const COLUMNS: Rule = rule(
    "columns",
    "columns answers the same at every call, and names what a read announces",
);
pub const FULL_READ: Rule = rule("full-read", "a read of a whole table comes to its end");
pub const PAGE_SIZE: Rule = rule(
    "page-size",
    "pages of any size hold the same rows, and never more than asked for",
);
pub const FRESH_INSTANCE: Rule = rule(
    "fresh-instance",
    "a new instance after every page answers the same rows",
);
pub const CURSORS: Rule = rule(
    "cursors",
    "behind each cursor come exactly the rows that are left, and none comes twice",
);
pub const SOURCE_ERROR: Rule = rule(
    "source-error",
    "an error of the source is passed on, and the last cursor stays good",
);
pub const EMPTY_TABLE: Rule = rule("empty-table", "a table without rows is read to its end");
pub const ONE_ROW: Rule = rule("one-row", "a table of one row is read to its end");
pub const FULL_PAGE: Rule = rule(
    "full-page",
    "a page of exactly as many rows as are left is the last",
);
pub const TIES: Rule = rule(
    "ties",
    "rows with equal cursor values all arrive, wherever a page ends",
);
pub const NULLS: Rule = rule(
    "nulls",
    "a value that is missing arrives as one, in every page size",
);
pub const NULL_CURSORS: Rule = rule(
    "null-cursors",
    "rows without a cursor value all arrive, wherever a page ends",
);
pub const EXTREME_VALUES: Rule = rule(
    "extreme-values",
    "values at the edge of their type arrive, also in cursors",
);
pub const CONTINUED: Rule = rule(
    "continued",
    "a continued read ends at a cursor behind which a second one finds nothing",
);
pub const QUERY: Rule = rule("query", "a query answers the same rows as its table");
pub const PACED: Rule = rule(
    "paced",
    "between the pages of a paced read no statement is open",
);
pub const MEMORY: Rule = rule("memory", "the guest's memory is flat over 1,000 pages");
pub const HANDLES: Rule = rule("handles", "no handle is left behind by a page or a read");
pub const MISSING_TABLE: Rule = rule(
    "missing-table",
    "a table that is not there is an error of the kind not-found",
);
pub const MISSING_COLUMN: Rule = rule(
    "missing-column",
    "a column that is not there is an error of the kind not-found",
);
pub const WRONG_CURSOR: Rule = rule(
    "wrong-cursor",
    "a cursor of another type is an error with the code invalid_cursor",
);
pub const DEFAULT_LIMITS: Rule = rule(
    "default-limits",
    "all of this stays within a host's default limits",
);

/// In the order of the checks.
pub const RULES: &[&Rule] = &[
    &DESCRIBE,
    &CHECK,
    &DEAD_CONNECTION,
    &TABLES,
    &COLUMNS,
    &FULL_READ,
    &PAGE_SIZE,
    &FRESH_INSTANCE,
    &CURSORS,
    &SOURCE_ERROR,
    &EMPTY_TABLE,
    &ONE_ROW,
    &FULL_PAGE,
    &TIES,
    &NULLS,
    &NULL_CURSORS,
    &EXTREME_VALUES,
    &CONTINUED,
    &QUERY,
    &PACED,
    &MEMORY,
    &HANDLES,
    &MISSING_TABLE,
    &MISSING_COLUMN,
    &WRONG_CURSOR,
    &DEFAULT_LIMITS,
];
