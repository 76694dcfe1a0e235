//! `bench.rows`: a table of any number of rows that are encoded once, so that a benchmark times the client and not
//! SQLite. A read of it by its key is answered from memory; any other statement is run by SQLite over a view
//! of the same values.

use rusqlite::types::Value;

use crate::catalog::{Catalog, Column, Key, Kind, Object, Table};
use crate::database::Database;
use crate::error::SqlError;
use crate::session;
use crate::sql::ast::{Body, Expr, Item, Query, Select, Table as From};
use crate::sql::bind::Output;
use crate::types::Type;
use crate::types::ticks;
use crate::types::type_info::Sent;
use crate::wire::rpc::Parameter;
use crate::wire::tokens;

/// All columns but the id repeat behind so many rows.
const PERIOD: i64 = 1000;
/// 2024-03-01, in ticks.
const SINCE: i64 = 738_945 * ticks::DAY;

const COLUMNS: [(&str, Type); 8] = [
    ("id", Type::BigInt),
    ("quantity", Type::Int),
    ("amount", Type::Decimal(18, 4)),
    ("changed_at", Type::DateTime2(6)),
    ("name", Type::NVarChar(40)),
    ("code", Type::VarChar(20)),
    ("price", Type::Float),
    ("token", Type::Guid),
];

/// The values behind the id, of the row with the remainder `k`; `create` says the same in SQL.
fn values(k: i64) -> [Value; 7] {
    [
        Value::Integer(k),
        Value::Text(format!("{k}.{k:04}")),
        Value::Integer(SINCE + k * ticks::SECOND),
        Value::Text(format!("customer {k} żółw")),
        Value::Text(format!("CODE-{k:08}")),
        Value::Real(k as f64 * 1.25),
        Value::Blob(format!("{k:016}").into_bytes()),
    ]
}

fn columns() -> Vec<Output> {
    let output = |(name, ty): &(&str, Type)| {
        let mut sent = Sent::nullable(*ty);
        sent.nullable = *name != "id";
        Output {
            name: name.to_string(),
            sent,
        }
    };
    COLUMNS.iter().map(output).collect()
}

/// The entry in the catalog, and the view.
pub fn create(database: &std::sync::Arc<Database>, rows: i64) -> rusqlite::Result<()> {
    let db = session::prepare(database)?;
    let second = ticks::SECOND;
    db.execute_batch(&format!(
        "CREATE VIEW \"bench.rows\" (id, quantity, amount, changed_at, name, code, price, token) AS
         WITH RECURSIVE ids(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM ids WHERE id < {rows})
         SELECT id, id % {PERIOD}, format('%d.%04d', id % {PERIOD}, id % {PERIOD}), {SINCE} + id % {PERIOD} * {second},
                'customer ' || (id % {PERIOD}) || ' żółw', format('CODE-%08d', id % {PERIOD}), id % {PERIOD} * 1.25,
                cast(format('%016d', id % {PERIOD}) AS BLOB) FROM ids"
    ))?;
    let mut catalog = Catalog::clone(&database.catalog());
    catalog.schemas.push(("bench".into(), 5));
    let column = |(at, output): (usize, Output)| Column {
        id: at as i32 + 1,
        name: output.name,
        sent: output.sent,
        identity: None,
        default: None,
        computed: None,
        sparse: false,
    };
    let key = Key {
        id: 1,
        name: "PK_bench_rows".into(),
        primary: true,
        unique: true,
        clustered: true,
        constraint: true,
        columns: vec![(1, false)],
        included: Vec::new(),
        filter: None,
    };
    let table = Table {
        columns: columns().into_iter().enumerate().map(column).collect(),
        keys: vec![key],
    };
    let (id, schema) = (catalog.next_id(), "bench".to_string());
    catalog.put(Object {
        id,
        schema,
        name: "rows".into(),
        kind: Kind::Table(table),
    });
    database.set_catalog(std::sync::Arc::new(catalog));
    database.set_bench_rows(rows);
    Ok(())
}

/// A read that memory answers: columns by their place, and ids from `first` to `last`.
pub struct Plan {
    columns: Vec<(String, usize)>,
    first: i64,
    last: i64,
}

/// `select [top (n)] columns from bench.rows [where id > a and id <= b] [order by id]`; None for anything else.
pub fn plan(query: &Query, parameters: &[Parameter], database: &Database) -> Option<Plan> {
    let Body::Select(select) = &query.body else {
        return None;
    };
    let Select {
        distinct: false,
        top,
        items,
        from,
        filter,
        group,
        having: None,
    } = &**select
    else {
        return None;
    };
    let [From::Named { name, .. }] = from.as_slice() else {
        return None;
    };
    let is_bench = matches!(name.as_slice(), [.., schema, name]
        if schema.eq_ignore_ascii_case("bench") && name.eq_ignore_ascii_case("rows"));
    let by_id = query
        .order
        .iter()
        .all(|order| !order.descending && is_id(&order.value));
    let plain = query.with.is_empty() && query.offset.is_none() && group.is_empty();
    if !is_bench || !by_id || !plain || query.order.len() > 1 {
        return None;
    }
    let columns = items.iter().map(item).collect::<Option<Vec<_>>>()?.concat();
    let mut plan = Plan {
        columns,
        first: 1,
        last: database.bench_rows(),
    };
    if let Some(filter) = filter {
        plan.bound(filter, parameters)?;
    }
    if let Some(top) = top {
        let count = integer(&top.count, parameters)?;
        plan.last = plan.last.min(plan.first.saturating_add(count) - 1);
    }
    Some(plan)
}

fn item(item: &Item) -> Option<Vec<(String, usize)>> {
    match item {
        Item::All(_) => Some(
            COLUMNS
                .iter()
                .enumerate()
                .map(|(at, (name, _))| (name.to_string(), at))
                .collect(),
        ),
        Item::Value {
            value: Expr::Column(name),
            alias,
        } => {
            let own = name.last()?;
            let at = COLUMNS
                .iter()
                .position(|(column, _)| column.eq_ignore_ascii_case(own))?;
            Some(vec![(alias.clone().unwrap_or_else(|| own.clone()), at)])
        }
        Item::Value { .. } => None,
    }
}

fn is_id(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(name) if name.last().is_some_and(|name| name.eq_ignore_ascii_case("id")))
}

fn integer(expr: &Expr, parameters: &[Parameter]) -> Option<i64> {
    match expr {
        Expr::Number(number) => number.parse().ok(),
        Expr::Cast {
            value,
            to: Type::BigInt | Type::Int,
            ..
        } => integer(value, parameters),
        Expr::Variable(name) => {
            let found = parameters
                .iter()
                .find(|one| one.name.eq_ignore_ascii_case(name))?;
            match &found.value {
                Value::Integer(number) => Some(*number),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            }
        }
        _ => None,
    }
}

impl Plan {
    /// Narrows the ids by a condition on them.
    fn bound(&mut self, filter: &Expr, parameters: &[Parameter]) -> Option<()> {
        let Expr::Binary {
            operator,
            left,
            right,
        } = filter
        else {
            return None;
        };
        if *operator == "AND" {
            self.bound(left, parameters)?;
            return self.bound(right, parameters);
        }
        let value = integer(right, parameters).filter(|_| is_id(left))?;
        match *operator {
            ">" => self.first = self.first.max(value.saturating_add(1)),
            ">=" => self.first = self.first.max(value),
            "<" => self.last = self.last.min(value.saturating_sub(1)),
            "<=" => self.last = self.last.min(value),
            "=" => {
                self.first = self.first.max(value);
                self.last = self.last.min(value);
            }
            _ => return None,
        }
        Some(())
    }

    pub fn first(&self) -> i64 {
        self.first
    }

    pub fn last(&self) -> i64 {
        self.last
    }

    /// COLMETADATA.
    pub fn write_columns(&self, out: &mut Vec<u8>) {
        let all = columns();
        let own = self
            .columns
            .iter()
            .map(|(name, at)| (name.as_str(), &all[*at].sent));
        tokens::columns(out, own);
    }

    /// The rows of one period.
    pub fn encode(&self) -> Result<Block, SqlError> {
        let all = columns();
        let mut block = Block {
            bytes: Vec::new(),
            starts: Vec::new(),
            ids: Vec::new(),
        };
        for k in 0..PERIOD {
            let start = block.bytes.len();
            block.starts.push(start);
            block.bytes.push(tokens::ROW);
            let values = values(k);
            for (_, at) in &self.columns {
                let value = match at.checked_sub(1) {
                    Some(at) => &values[at],
                    None => {
                        if k == 0 {
                            block.ids.push(block.bytes.len() - start);
                        }
                        &Value::Integer(0)
                    }
                };
                all[*at].sent.value(value.into(), &mut block.bytes)?;
            }
        }
        block.starts.push(block.bytes.len());
        Ok(block)
    }
}

/// Encoded rows; only the id of each is still to be written.
pub struct Block {
    bytes: Vec<u8>,
    starts: Vec<usize>,
    /// Where ids are in the first row.
    ids: Vec<usize>,
}

impl Block {
    /// Appends the row of an id.
    pub fn write(&self, id: i64, out: &mut Vec<u8>) {
        let k = (id % PERIOD) as usize;
        let start = out.len();
        out.extend_from_slice(&self.bytes[self.starts[k]..self.starts[k + 1]]);
        for at in &self.ids {
            out[start + at..start + at + 8].copy_from_slice(&id.to_le_bytes());
        }
    }
}
