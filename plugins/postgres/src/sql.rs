//! PostgreSQL's SQL, as far as it differs from other dialects, and the statements that only this source needs.
//! Pure; the others are put together in the SDK.

use plugin_sdk::sql::{self, Bound, Dialect, Operand as _, Source, Table, column};

/// The source kind.
#[derive(Debug, Clone)]
pub struct Postgres;

impl Dialect for Postgres {
    type Operand = Operand;

    const COUNT: &'static str = "pg_catalog.count(*)";
    /// The greatest value that is final.
    const UNTIL: &'static str = "<=";

    fn identifier(name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    fn bound(bound: Bound) -> (String, String) {
        let limit = match bound {
            Bound::All => String::new(),
            Bound::Rows(rows) => format!(" limit {rows}"),
            Bound::RowsWithTies(rows) => format!(" fetch first {rows} rows with ties"),
        };
        (String::new(), limit)
    }

    fn hash(key: &[Operand]) -> Option<String> {
        let columns = key.iter().map(Operand::column).collect::<Vec<_>>();
        let text = match columns.as_slice() {
            [] => return None,
            [only] => format!("{only}::pg_catalog.text"),
            // A row's text quotes its values, and has no collation of one of them.
            several => format!("row({})::pg_catalog.text", several.join(", ")),
        };
        Some(format!("pg_catalog.hashtextextended({text}, 0)"))
    }

    fn sum(integers: &str) -> String {
        format!("pg_catalog.sum({integers})::pg_catalog.text")
    }
}

/// A quoted identifier.
pub fn identifier(name: &str) -> String {
    Postgres::identifier(name)
}

/// One row without values, with the columns and the types of a source. It reads nothing.
fn row_of_nulls(source: &Source) -> String {
    let text = source.text::<Postgres>();
    format!("(select t.* from (values (1)) as one left join {text} on false)")
}

/// The names of the columns, in order.
pub fn names(source: &Source) -> String {
    let row = row_of_nulls(source);
    format!("select pg_catalog.json_object_keys(pg_catalog.row_to_json(t)) from {row} as t")
}

/// The types of these columns, in one row.
pub fn types(source: &Source, names: &[String]) -> String {
    let types = names.iter().map(|name| {
        let column = column::<Postgres>(name);
        format!("pg_catalog.pg_typeof({column})::pg_catalog.oid::pg_catalog.int8")
    });
    let types = types.collect::<Vec<_>>().join(", ");
    format!("select {types} from {} as t", row_of_nulls(source))
}

/// The form in which a column is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The host decodes the type itself.
    Native,
    /// As the server writes it.
    Text,
    /// An array of several dimensions, as JSON: its text is not self-describing.
    Json,
}

impl Form {
    /// The expression that is selected.
    pub fn of(self, column: &str) -> String {
        match self {
            Self::Native => column.to_owned(),
            Self::Text => format!("{column}::pg_catalog.text"),
            Self::Json => format!("pg_catalog.to_json({column})::pg_catalog.text"),
        }
    }
}

/// A column that rows are ordered by, and how a parameter is compared with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    pub column: String,
    /// Schema and name of the type below all domains.
    pub type_name: (String, String),
    /// Where the type's comparison operators live. An extension's may be outside the search path, and
    /// then the bare `>` would silently mean that of another type (citext: that of text).
    pub operators: String,
}

impl Operand {
    fn column(&self) -> String {
        column::<Postgres>(&self.column)
    }

    fn parameter(&self, number: usize) -> String {
        let (schema, name) = &self.type_name;
        format!("${number}::{}.{}", identifier(schema), identifier(name))
    }

    fn is_built_in(&self) -> bool {
        self.operators == "pg_catalog"
    }
}

impl sql::Operand for Operand {
    fn name(&self) -> &str {
        &self.column
    }

    fn compare(&self, operator: &str, number: usize) -> String {
        let (column, parameter) = (self.column(), self.parameter(number));
        if self.is_built_in() {
            return format!("{column} {operator} {parameter}");
        }
        let schema = identifier(&self.operators);
        format!("{column} operator({schema}.{operator}) {parameter}")
    }

    /// A row comparison, but for operators of several schemas: it looks them up by one name.
    fn after(operands: &[&Self], first: usize) -> String {
        if operands.len() == 1 || !operands.iter().all(|operand| operand.is_built_in()) {
            return sql::after_by_steps(operands, first);
        }
        let columns = operands
            .iter()
            .map(|operand| operand.column())
            .collect::<Vec<_>>();
        let values = operands
            .iter()
            .enumerate()
            .map(|(i, operand)| operand.parameter(first + i));
        format!(
            "({}) > ({})",
            columns.join(", "),
            values.collect::<Vec<_>>().join(", ")
        )
    }
}

/// The greatest cursor value, selected as `item`; with a `limit`, the greatest below the result of that expression.
pub fn newest(table: &Table<Postgres>, item: &str, limit: Option<&str>) -> String {
    let (column, source) = (table.cursor.column(), table.source.text::<Postgres>());
    let condition = match limit {
        Some(limit) => format!("{column} < {limit}"),
        None => format!("{column} is not null"),
    };
    format!("select {item} from {source} where {condition} order by {column} desc limit 1")
}

/// Counts up to `most` of the rows with a cursor value up to `$1`, and above `$2` if that is `known`.
pub fn count_between(table: &Table<Postgres>, known: bool, most: u64) -> String {
    let mut conditions = vec![table.cursor.compare("<=", 1)];
    if known {
        conditions.push(table.cursor.compare(">", 2));
    }
    let (source, conditions) = (table.source.text::<Postgres>(), conditions.join(" and "));
    format!(
        "select pg_catalog.count(*) from (select from {source} where {conditions} limit {most}) as counted"
    )
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
