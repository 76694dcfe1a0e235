//! The text of every statement that reads a table. Pure: names in, SQL out.
//! Names reach a statement only through [`identifier`], values only as parameters with a cast.

/// A quoted identifier. Every name is quoted, so that case, dots and keywords mean nothing.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The alias of the table in every statement. Columns are qualified by it, so that `order by` means
/// the column and not the text that the select list may have made of it.
const ALIAS: &str = "t";

fn column(name: &str) -> String {
    format!("{ALIAS}.{}", identifier(name))
}

/// What rows are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Table {
        schema: String,
        name: String,
    },
    /// A query of the client's.
    Query(String),
}

impl Source {
    /// How messages name it.
    pub fn label(&self) -> String {
        match self {
            Self::Table { schema, name } => {
                format!("table {}.{}", identifier(schema), identifier(name))
            }
            Self::Query(_) => "the query".to_owned(),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Table { schema, name } => {
                format!("{}.{} as {ALIAS}", identifier(schema), identifier(name))
            }
            // The line break ends a comment that the query may end with.
            Self::Query(text) => format!("({text}\n) as {ALIAS}"),
        }
    }

    /// One row without values, with the columns and the types of this. It reads nothing.
    fn row_of_nulls(&self) -> String {
        let text = self.text();
        format!("(select {ALIAS}.* from (values (1)) as one left join {text} on false)")
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> String {
        let row = self.row_of_nulls();
        format!(
            "select pg_catalog.json_object_keys(pg_catalog.row_to_json({ALIAS})) from {row} as {ALIAS}"
        )
    }

    /// The types of these columns, in one row.
    pub fn types(&self, names: &[String]) -> String {
        let types = names.iter().map(|name| {
            let column = column(name);
            format!("pg_catalog.pg_typeof({column})::pg_catalog.oid::pg_catalog.int8")
        });
        let types = types.collect::<Vec<_>>().join(", ");
        format!("select {types} from {} as {ALIAS}", self.row_of_nulls())
    }
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

/// One item of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub name: String,
    pub form: Form,
}

impl Item {
    fn text(&self) -> String {
        let (column, name) = (column(&self.name), identifier(&self.name));
        match self.form {
            Form::Native => format!("{column} as {name}"),
            Form::Text => format!("{column}::pg_catalog.text as {name}"),
            Form::Json => format!("pg_catalog.to_json({column})::pg_catalog.text as {name}"),
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
        column(&self.column)
    }

    fn parameter(&self, number: usize) -> String {
        let (schema, name) = &self.type_name;
        format!("${number}::{}.{}", identifier(schema), identifier(name))
    }

    fn compare(&self, operator: &str, number: usize) -> String {
        let (column, parameter) = (self.column(), self.parameter(number));
        if self.is_built_in() {
            return format!("{column} {operator} {parameter}");
        }
        let schema = identifier(&self.operators);
        format!("{column} operator({schema}.{operator}) {parameter}")
    }

    fn is_built_in(&self) -> bool {
        self.operators == "pg_catalog"
    }
}

/// The two passes over a table: rows without a cursor value, then the others. In this order the last
/// cursor of a run is the greatest value, and null is the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Nulls,
    Values,
}

/// How many rows a statement may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    All,
    Rows(u64),
    /// And the rows that are equal to the last of them.
    RowsWithTies(u64),
}

/// A table and what is read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub source: Source,
    pub items: Vec<Item>,
    pub cursor: Operand,
    /// What tells rows with an equal cursor value apart; empty if nothing does or needs to.
    pub key: Vec<Operand>,
    /// Whether the cursor column may be null.
    pub nullable: bool,
}

/// What the parameters of a page's statement are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Describe the row behind which the page begins: the cursor value and then the key in [`Pass::Values`], the key
    /// in [`Pass::Nulls`]; 0 begins the pass.
    pub behind: usize,
    /// Whether one more is the greatest cursor value to read, in [`Pass::Values`].
    pub until: bool,
}

impl Table {
    /// Reads a pass.
    pub fn page(&self, pass: Pass, known: Known, bound: Bound) -> String {
        let order = self.order(pass);
        let behind = &order[..known.behind.min(order.len())];
        let mut conditions = self.conditions(pass, behind);
        if known.until {
            conditions.push(self.cursor.compare("<=", behind.len() + 1));
        }
        self.select(&conditions, &order, bound)
    }

    /// Reads the rows with the cursor value `$1`, at or before the key in the next `tie` parameters if there are
    /// any, and behind the key in the `behind` parameters after those.
    pub fn group(&self, tie: usize, behind: usize, bound: Bound) -> String {
        let mut conditions = self.group_conditions(tie);
        let key = self.key.iter().collect::<Vec<_>>();
        if behind > 0 {
            conditions.push(after(&key[..behind], 2 + tie));
        }
        self.select(&conditions, &key, bound)
    }

    /// Counts the rows with the cursor value `$1`, at or before the key in the next `tie` parameters, and adds up a hash of
    /// their keys if they have one.
    pub fn count_group(&self, tie: usize) -> String {
        let keys = self
            .key
            .iter()
            .map(|operand| format!("{}::pg_catalog.text", operand.column()));
        let keys = keys.collect::<Vec<_>>().join(", ");
        let digest = match self.key.is_empty() {
            true => "null".to_owned(),
            false => format!(
                "pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat_ws(',', {keys}), 0))"
            ),
        };
        let source = self.source.text();
        let conditions = self.group_conditions(tie).join(" and ");
        format!(
            "select pg_catalog.count(*), {digest}::pg_catalog.text from {source} where {conditions}"
        )
    }

    /// The greatest cursor value; with a `limit`, the greatest below the result of that expression.
    pub fn newest(&self, limit: Option<&str>) -> String {
        let (column, source) = (self.cursor.column(), self.source.text());
        let item = Item {
            name: self.cursor.column.clone(),
            form: self.cursor_form(),
        };
        let condition = match limit {
            Some(limit) => format!("{column} < {limit}"),
            None => format!("{column} is not null"),
        };
        let item = item.text();
        format!("select {item} from {source} where {condition} order by {column} desc limit 1")
    }

    /// Counts up to `most` of the rows with a cursor value up to `$1`, and above `$2` if that is `known`.
    pub fn count_between(&self, known: bool, most: u64) -> String {
        let mut conditions = vec![self.cursor.compare("<=", 1)];
        if known {
            conditions.push(self.cursor.compare(">", 2));
        }
        let (source, conditions) = (self.source.text(), conditions.join(" and "));
        format!(
            "select pg_catalog.count(*) from (select from {source} where {conditions} limit {most}) as counted"
        )
    }

    fn group_conditions(&self, tie: usize) -> Vec<String> {
        let mut conditions = vec![self.cursor.compare("=", 1)];
        let key = self.key.iter().take(tie).collect::<Vec<_>>();
        if !key.is_empty() {
            // Nothing of a key is null, so this is "at or before it".
            conditions.push(format!("not ({})", after(&key, 2)));
        }
        conditions
    }

    fn cursor_form(&self) -> Form {
        let item = self
            .items
            .iter()
            .find(|item| item.name == self.cursor.column);
        item.map_or(Form::Native, |item| item.form)
    }

    fn select(&self, conditions: &[String], order: &[&Operand], bound: Bound) -> String {
        let mut sql = select(&self.source, &self.items);
        if !conditions.is_empty() {
            sql += &format!(" where {}", conditions.join(" and "));
        }
        if !order.is_empty() {
            let order = order.iter().map(|operand| operand.column());
            sql += &format!(" order by {}", order.collect::<Vec<_>>().join(", "));
        }
        match bound {
            Bound::All => {}
            Bound::Rows(rows) => sql += &format!(" limit {rows}"),
            Bound::RowsWithTies(rows) => sql += &format!(" fetch first {rows} rows with ties"),
        }
        sql
    }

    /// Counts the rows that a resumed read cannot see.
    pub fn count_nulls(&self) -> String {
        self.count(&[format!("{} is null", self.cursor.column())])
    }

    fn count(&self, conditions: &[String]) -> String {
        let source = self.source.text();
        format!(
            "select pg_catalog.count(*) from {source} where {}",
            conditions.join(" and ")
        )
    }

    fn order(&self, pass: Pass) -> Vec<&Operand> {
        let cursor = (pass == Pass::Values).then_some(&self.cursor);
        cursor.into_iter().chain(&self.key).collect()
    }

    fn conditions(&self, pass: Pass, known: &[&Operand]) -> Vec<String> {
        let mut conditions = Vec::new();
        match pass {
            Pass::Nulls => conditions.push(format!("{} is null", self.cursor.column())),
            // A comparison leaves nulls out by itself.
            Pass::Values if self.nullable && known.is_empty() => {
                conditions.push(format!("{} is not null", self.cursor.column()));
            }
            Pass::Values => {}
        }
        if !known.is_empty() {
            conditions.push(after(known, 1));
        }
        conditions
    }
}

/// Describes columns without reading a row.
pub fn no_rows(source: &Source, items: &[Item]) -> String {
    format!("{} limit 0", select(source, items))
}

fn select(source: &Source, items: &[Item]) -> String {
    let items = items.iter().map(Item::text).collect::<Vec<_>>();
    format!("select {} from {}", items.join(", "), source.text())
}

/// Rows behind the position whose values are the parameters from `first` on, in the order of `operands`.
fn after(operands: &[&Operand], first: usize) -> String {
    if let [only] = operands {
        return only.compare(">", first);
    }
    if operands.iter().all(|operand| operand.is_built_in()) {
        let columns = operands
            .iter()
            .map(|operand| operand.column())
            .collect::<Vec<_>>();
        let values = operands
            .iter()
            .enumerate()
            .map(|(i, operand)| operand.parameter(first + i));
        return format!(
            "({}) > ({})",
            columns.join(", "),
            values.collect::<Vec<_>>().join(", ")
        );
    }
    // A row comparison looks its operators up by one name; they are in several schemas here. The first
    // condition is implied by the second, but is the one that an index can serve.
    format!(
        "{} and {}",
        operands[0].compare(">=", first),
        after_each(operands, first)
    )
}

fn after_each(operands: &[&Operand], number: usize) -> String {
    let (first, rest) = (operands[0], &operands[1..]);
    let greater = first.compare(">", number);
    if rest.is_empty() {
        return greater;
    }
    let equal = first.compare("=", number);
    format!(
        "({greater} or {equal} and {})",
        after_each(rest, number + 1)
    )
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;
