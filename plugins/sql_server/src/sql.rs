//! T-SQL, as far as it differs from other dialects: brackets, `top`, parameters, the hash of a key.
//! Pure; the statements are put together in the SDK.

use plugin_sdk::sql::{self, Bound, Dialect, Source, Table, column};

/// The source kind.
#[derive(Debug, Clone)]
pub struct SqlServer;

/// A column that rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    pub column: String,
    /// What stands before and behind a parameter to make a value of the column's type of it.
    pub cast: (String, String),
    /// The expression of a text that is another one for each other value of the column.
    pub text: String,
}

impl Operand {
    fn parameter(&self, number: usize) -> String {
        let (before, after) = &self.cast;
        format!("{before}@P{number}{after}")
    }
}

impl Dialect for SqlServer {
    type Operand = Operand;

    const COUNT: &'static str = "count_big(*)";
    /// The least rowversion that a transaction in flight may still commit.
    const UNTIL: &'static str = "<";

    fn identifier(name: &str) -> String {
        format!("[{}]", name.replace(']', "]]"))
    }

    fn bound(bound: Bound) -> (String, String) {
        let top = match bound {
            Bound::All => String::new(),
            Bound::Rows(rows) => format!("top ({rows}) "),
            Bound::RowsWithTies(rows) => format!("top ({rows}) with ties "),
        };
        (top, String::new())
    }

    fn hash(key: &[Operand]) -> Option<String> {
        let texts = key.iter().map(|operand| operand.text.as_str());
        let texts = texts.collect::<Vec<_>>();
        let text = match texts.as_slice() {
            [] => return None,
            // `concat_ws` wants two at least.
            [only] => (*only).to_owned(),
            several => format!("concat_ws(N',', {})", several.join(", ")),
        };
        Some(format!(
            "cast(substring(hashbytes('SHA2_256', {text}), 1, 8) as bigint)"
        ))
    }

    fn sum(integers: &str) -> String {
        format!("convert(nvarchar(40), sum(cast({integers} as decimal(38, 0))))")
    }
}

impl sql::Operand for Operand {
    fn name(&self) -> &str {
        &self.column
    }

    fn compare(&self, operator: &str, number: usize) -> String {
        let (column, parameter) = (column::<SqlServer>(&self.column), self.parameter(number));
        format!("{column} {operator} {parameter}")
    }
}

/// What a statement that answers rows ends with.
pub fn options(max_dop: u32) -> String {
    match max_dop {
        0 => String::new(),
        degree => format!(" option (maxdop {degree})"),
    }
}

/// What a query answers, whatever that is.
pub fn columns_of(source: &Source) -> String {
    format!("select t.* from {}", source.text::<SqlServer>())
}

/// One row of the values that these parameters become. A statement that answers no row does not look at them.
pub fn parameters(operands: &[&Operand]) -> String {
    let values = operands
        .iter()
        .enumerate()
        .map(|(at, operand)| operand.parameter(at + 1));
    format!("select {}", values.collect::<Vec<_>>().join(", "))
}

/// The least rowversion that a transaction in flight may still commit, and whether any that was given out is not below it.
pub const ROWVERSION_BOUND: &str = "select convert(binary(8), min_active_rowversion()), \
     cast(case when min_active_rowversion() <= @@dbts then 1 else 0 end as bit)";

/// Counts up to `most` of the rows that the bound `@P1` holds back. Those of transactions in flight count as well, and
/// nothing is waited for: this is only said.
pub fn count_held_back(table: &Table<SqlServer>, most: u64) -> String {
    let source = table.source.text::<SqlServer>();
    let hint = match table.source {
        Source::Table { .. } => " with (nolock)",
        Source::Query(_) => "",
    };
    let above = sql::Operand::compare(&table.cursor, ">=", 1);
    format!(
        "select count_big(*) from (select top ({most}) 1 as one from {source}{hint} where {above}) as counted"
    )
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
