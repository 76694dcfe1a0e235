//! What kinds of tables there are to read, and which of them the connection offers.

use super::bench::{Bench, Table};
use super::outcome::{Outcome, broken};
use super::read::Pass;
use super::rules::{self, Rule};
use crate::model::source::DataType;
use crate::model::value::Value;

/// What a table shows, in the order of one cursor column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shapes {
    rows: usize,
    ties: bool,
    nulls: bool,
    null_cursors: bool,
    extremes: bool,
}

/// A shape that a check of its own asks for.
pub struct Shape {
    pub rule: &'static Rule,
    is: fn(&Shapes) -> bool,
    /// Why there is none.
    missing: &'static str,
}

pub const ALL: &[Shape] = &[
    Shape {
        rule: &rules::EMPTY_TABLE,
        is: |shapes| shapes.rows == 0,
        missing: "no table is empty",
    },
    Shape {
        rule: &rules::ONE_ROW,
        is: |shapes| shapes.rows == 1,
        missing: "no table has exactly one row",
    },
    Shape {
        rule: &rules::FULL_PAGE,
        is: |shapes| shapes.rows > 1,
        missing: "no table has rows",
    },
    Shape {
        rule: &rules::TIES,
        is: |shapes| shapes.ties,
        missing: "no cursor column has a value twice",
    },
    Shape {
        rule: &rules::NULLS,
        is: |shapes| shapes.nulls,
        missing: "no column that is read holds a null",
    },
    Shape {
        rule: &rules::NULL_CURSORS,
        is: |shapes| shapes.null_cursors,
        missing: "no cursor column holds a null",
    },
    Shape {
        rule: &rules::EXTREME_VALUES,
        is: |shapes| shapes.extremes,
        missing: "no column holds a value at the edge of its type",
    },
];

impl Shape {
    /// Of the reads that were made of such tables. Where all others failed as well it is not the shape.
    pub fn outcome(&self, bench: &Bench) -> Outcome {
        let has = |table: &&Table| (self.is)(&table.shapes);
        let Some(such) = bench.tables.iter().find(has) else {
            return Outcome::Skipped(self.missing.into());
        };
        let troubled = bench
            .tables
            .iter()
            .filter(has)
            .find_map(|table| table.trouble.as_ref());
        let Some(trouble) = troubled else {
            return Outcome::Passed;
        };
        let others = bench.tables.iter().filter(|table| !has(table));
        match others.map(|table| &table.trouble).any(Option::is_none) {
            true => Err(broken(trouble)).into(),
            false => Outcome::Skipped(format!(
                "{} failed before, and so did every table",
                such.label()
            )),
        }
    }
}

impl Table {
    /// Keeps the first thing that went wrong.
    pub fn note(&mut self, trouble: String) {
        self.trouble.get_or_insert(trouble);
    }
}

impl Shapes {
    pub fn of(pass: &Pass, cursor_column: &str) -> Self {
        let mut shapes = Self {
            rows: pass.rows.len(),
            ..Self::default()
        };
        let readable = |at: &usize| !matches!(pass.columns[*at].data_type, DataType::Array(_));
        let columns: Vec<usize> = (0..pass.columns.len()).filter(readable).collect();
        let cursor = columns
            .iter()
            .position(|at| pass.columns[*at].name == cursor_column);
        let mut previous = None;
        for batch in &pass.batches {
            for row in 0..batch.num_rows() {
                let Ok(values) = batch.values(row, &columns) else {
                    continue;
                };
                for (value, at) in values.iter().zip(&columns) {
                    shapes.nulls |= *value == Value::Null;
                    shapes.extremes |= is_extreme(value, &pass.columns[*at].data_type);
                }
                let value = cursor.map(|cursor| values[cursor].clone());
                shapes.null_cursors |= value == Some(Value::Null);
                shapes.ties |= value.is_some() && value == previous && value != Some(Value::Null);
                previous = value;
            }
        }
        shapes
    }

    /// Whether it shows nothing that the other does not.
    pub fn is_within(&self, other: &Self) -> bool {
        let pairs = [
            (self.ties, other.ties),
            (self.nulls, other.nulls),
            (self.null_cursors, other.null_cursors),
            (self.extremes, other.extremes),
        ];
        pairs.iter().all(|(here, there)| !here || *there)
    }

    pub fn add(&mut self, other: &Self) {
        self.ties |= other.ties;
        self.nulls |= other.nulls;
        self.null_cursors |= other.null_cursors;
        self.extremes |= other.extremes;
    }
}

fn is_extreme(value: &Value, data_type: &DataType) -> bool {
    match value {
        Value::Int(int) => match data_type {
            DataType::Int16 => *int == i64::from(i16::MIN) || *int == i64::from(i16::MAX),
            DataType::Int32 => *int == i64::from(i32::MIN) || *int == i64::from(i32::MAX),
            _ => *int == i64::MIN || *int == i64::MAX,
        },
        Value::Float(float) => {
            !float.is_finite() || float.abs() > 1e300 || (*float == 0.0 && float.is_sign_negative())
        }
        Value::Decimal(text) => text.chars().filter(char::is_ascii_digit).count() >= 30,
        Value::Text(text) => text.is_empty() || !text.is_ascii() || text.len() > 1_000,
        Value::Bytes(bytes) => bytes.is_empty() || bytes.len() > 1_000,
        Value::Date(text) | Value::Timestamp(text) | Value::Timestamptz(text) => {
            text.starts_with("0001-01-01") || text.starts_with("9999-12-31") || text.ends_with("BC")
        }
        Value::Null
        | Value::Boolean(_)
        | Value::Time(_)
        | Value::Uuid(_)
        | Value::Native { .. } => false,
    }
}
