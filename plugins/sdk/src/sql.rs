//! The texts of the statements that read a table, put together from what a dialect has of its own. Pure: names in, SQL out.
//! Names reach a statement only through [`Dialect::identifier`], values only as parameters with a cast.

/// The alias of the table in every statement. Columns are qualified by it, so that `order by` means
/// the column and not the text that the select list may have made of it.
const ALIAS: &str = "t";

/// How one dialect of SQL writes what the others write in another way.
pub trait Dialect: Sized + 'static {
    type Operand: Operand;

    /// Counts rows, as a 64-bit integer.
    const COUNT: &'static str;
    /// How the watermark bounds the cursor column: by the greatest value to read, or the least not to.
    const UNTIL: &'static str;
    /// Whether a bound can take in the rows that are equal to the last. If not, the value of that one bounds them.
    const HAS_TIES: bool = true;

    /// A quoted identifier. Every name is quoted, so that case, dots and keywords mean nothing.
    fn identifier(name: &str) -> String;

    /// What limits an answer: behind `select`, and behind `order by`.
    fn bound(bound: Bound) -> (String, String);

    /// An integer of at most 64 bits, another one for almost every other key; or the text of one, where expressions have
    /// no type. None: rows with such a key are only counted.
    fn hash(key: &[Self::Operand]) -> Option<String>;

    /// The sum of such integers, as a text; null without rows.
    fn sum(integers: &str) -> String;
}

/// A column that rows are ordered by, and how a parameter is compared with it.
pub trait Operand: Sized {
    /// The column's name.
    fn name(&self) -> &str;

    /// The column compared with the parameter of this number.
    fn compare(&self, operator: &str, number: usize) -> String;

    /// Rows behind the position whose values are the parameters from `first` on, in the order of `operands`.
    fn after(operands: &[&Self], first: usize) -> String {
        after_by_steps(operands, first)
    }
}

/// The same without a comparison of rows.
pub fn after_by_steps<O: Operand>(operands: &[&O], first: usize) -> String {
    if let [only] = operands {
        return only.compare(">", first);
    }
    // The first condition is implied by the second, but is the one that an index can serve.
    format!(
        "{} and {}",
        operands[0].compare(">=", first),
        after_each(operands, first)
    )
}

fn after_each<O: Operand>(operands: &[&O], number: usize) -> String {
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

/// A column in a statement.
pub fn column<D: Dialect>(name: &str) -> String {
    format!("{ALIAS}.{}", D::identifier(name))
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
    pub fn label<D: Dialect>(&self) -> String {
        match self {
            Self::Table { schema, name } => format!("table {}", qualified::<D>(schema, name)),
            Self::Query(_) => "the query".to_owned(),
        }
    }

    /// What stands behind `from`.
    pub fn text<D: Dialect>(&self) -> String {
        match self {
            Self::Table { schema, name } => {
                format!("{} as {ALIAS}", qualified::<D>(schema, name))
            }
            // The line break ends a comment that the query may end with.
            Self::Query(text) => format!("({text}\n) as {ALIAS}"),
        }
    }
}

/// The name of a table with that of its schema.
pub fn qualified<D: Dialect>(schema: &str, table: &str) -> String {
    format!("{}.{}", D::identifier(schema), D::identifier(table))
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

/// What the parameters of a page's statement are, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// Describe the row behind which the page begins: the cursor value and then the key in [`Pass::Values`], the key
    /// in [`Pass::Nulls`]; 0 begins the pass.
    pub behind: usize,
    /// Whether one more is the watermark, in [`Pass::Values`].
    pub until: bool,
}

/// A table and what is read from it.
#[derive(Debug, Clone)]
pub struct Table<D: Dialect> {
    pub source: Source,
    /// The select list.
    pub items: Vec<String>,
    pub cursor: D::Operand,
    /// What tells rows with an equal cursor value apart; empty if nothing does or needs to.
    pub key: Vec<D::Operand>,
    /// The expression whose sum tells which rows there are. None: they are only counted.
    pub hash: Option<String>,
    /// Whether the cursor column may be null.
    pub nullable: bool,
    /// What every statement that answers rows ends with.
    pub options: String,
}

impl<D: Dialect> Table<D> {
    /// Reads a pass.
    pub fn page(&self, pass: Pass, known: Known, bound: Bound) -> String {
        let order = self.order(pass);
        let behind = &order[..known.behind.min(order.len())];
        let mut conditions = self.conditions(pass, behind);
        if known.until {
            conditions.push(self.cursor.compare(D::UNTIL, behind.len() + 1));
        }
        if let (Bound::RowsWithTies(rows), false) = (bound, D::HAS_TIES) {
            let last = [self.cursor_column()];
            let last = self.select(&last, &conditions, &order, Bound::Rows(rows));
            let name = D::identifier(self.cursor.name());
            conditions.push(format!(
                "{} <= (select max(last.{name}) from ({last}) as last)",
                self.cursor_column()
            ));
            return self.select(&self.items, &conditions, &order, Bound::All);
        }
        self.select(&self.items, &conditions, &order, bound)
    }

    /// Reads the rows with the cursor value that is the first parameter, at or before the key in the next `tie` ones if
    /// there are any, and behind the key in the `behind` parameters after those.
    pub fn group(&self, tie: usize, behind: usize, bound: Bound) -> String {
        let mut conditions = self.group_conditions(tie);
        let key = self.key.iter().collect::<Vec<_>>();
        if behind > 0 {
            conditions.push(D::Operand::after(&key[..behind], 2 + tie));
        }
        self.select(&self.items, &conditions, &key, bound)
    }

    /// Counts the rows with the cursor value that is the first parameter, at or before the key in the next `tie` ones,
    /// and adds up their hashes if they have some.
    pub fn count_group(&self, tie: usize) -> String {
        let digest = self.hash.as_ref().map(|hash| D::sum(hash));
        let items = std::iter::once(D::COUNT.to_owned()).chain(digest);
        let items = items.collect::<Vec<_>>().join(", ");
        let source = self.source.text::<D>();
        let conditions = self.group_conditions(tie).join(" and ");
        format!("select {items} from {source} where {conditions}")
    }

    /// Counts the rows that a resumed read cannot see.
    pub fn count_nulls(&self) -> String {
        let (count, source) = (D::COUNT, self.source.text::<D>());
        format!(
            "select {count} from {source} where {} is null",
            self.cursor_column()
        )
    }

    pub fn cursor_column(&self) -> String {
        column::<D>(self.cursor.name())
    }

    fn group_conditions(&self, tie: usize) -> Vec<String> {
        let mut conditions = vec![self.cursor.compare("=", 1)];
        let key = self.key.iter().take(tie).collect::<Vec<_>>();
        if !key.is_empty() {
            // Nothing of a key is null, so this is "at or before it".
            conditions.push(format!("not ({})", D::Operand::after(&key, 2)));
        }
        conditions
    }

    fn select(
        &self,
        items: &[String],
        conditions: &[String],
        order: &[&D::Operand],
        bound: Bound,
    ) -> String {
        let mut tail = String::new();
        if !conditions.is_empty() {
            tail += &format!(" where {}", conditions.join(" and "));
        }
        if !order.is_empty() {
            let order = order.iter().map(|operand| column::<D>(operand.name()));
            tail += &format!(" order by {}", order.collect::<Vec<_>>().join(", "));
        }
        let options = &self.options;
        format!(
            "{}{options}",
            select::<D>(&self.source, items, &tail, bound)
        )
    }

    /// What a pass is ordered by, and so what a position in it is made of.
    pub fn order(&self, pass: Pass) -> Vec<&D::Operand> {
        let cursor = (pass == Pass::Values).then_some(&self.cursor);
        cursor.into_iter().chain(&self.key).collect()
    }

    fn conditions(&self, pass: Pass, known: &[&D::Operand]) -> Vec<String> {
        let mut conditions = Vec::new();
        match pass {
            Pass::Nulls => conditions.push(format!("{} is null", self.cursor_column())),
            // A comparison leaves nulls out by itself.
            Pass::Values if self.nullable && known.is_empty() => {
                conditions.push(format!("{} is not null", self.cursor_column()));
            }
            Pass::Values => {}
        }
        if !known.is_empty() {
            conditions.push(D::Operand::after(known, 1));
        }
        conditions
    }
}

/// Describes columns without reading a row.
pub fn no_rows<D: Dialect>(source: &Source, items: &[String]) -> String {
    select::<D>(source, items, "", Bound::Rows(0))
}

fn select<D: Dialect>(source: &Source, items: &[String], tail: &str, bound: Bound) -> String {
    let (top, limit) = D::bound(bound);
    let (items, source) = (items.join(", "), source.text::<D>());
    format!("select {top}{items} from {source}{tail}{limit}")
}
