//! A table as the catalog describes it: its columns, their types, and what identifies a row.
//! Pure; `catalog` fills it.

use crate::sql::{Form, Item, Operand, Source};

/// What a relation is, as far as reading it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Plain or partitioned: writers lock it, or one of its partitions.
    Table,
    /// Its rows come from elsewhere in this database: a view, a query.
    View,
    /// Its rows come from another server.
    Foreign,
}

#[derive(Debug, Clone)]
pub struct Relation {
    /// Of the table; 0 of a query.
    pub oid: i64,
    pub kind: Kind,
    pub source: Source,
    /// In the table's order, with those that the login may not read.
    pub columns: Vec<Attribute>,
    /// Sets of columns that identify a row, as positions in `columns`: the primary key, then others, narrowest first.
    pub keys: Vec<Vec<usize>>,
    /// Positions in `columns`; empty if there is none.
    pub primary_key: Vec<usize>,
    /// Positions of the columns whose order an index serves.
    pub ordered: Vec<usize>,
}

/// One column.
#[derive(Debug, Clone)]
pub struct Attribute {
    pub name: String,
    /// As the server writes it, with modifiers: `numeric(12,2)`.
    pub native_type: String,
    /// A promise that the server keeps for every row that a read of this table returns.
    pub not_null: bool,
    pub readable: bool,
    /// The type below all domains.
    pub base: BaseType,
    /// Whether texts are equal only if they are the same.
    pub deterministic: bool,
    /// Schema of the type's ordering operators, if it has them.
    pub operators: Option<String>,
}

#[derive(Debug, Clone)]
pub struct BaseType {
    pub oid: i64,
    pub schema: String,
    pub name: String,
    pub shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Plain,
    Enum,
    Composite,
    /// Dimensions as declared; 0 when the server does not know, as in a view.
    Array {
        dimensions: i64,
    },
}

/// Types that the host decodes from the binary protocol. OIDs of built-in types never change.
const NATIVE: [i64; 20] = [
    16, 17, 19, 20, 21, 23, 25, 26, 114, 700, 701, 1042, 1043, 1082, 1083, 1114, 1184, 1700, 2950,
    3802,
];
/// Arrays of bool, bytea, int2, int4, text, varchar, int8, float4, float8, timestamp, date, timestamptz, uuid.
const NATIVE_ARRAYS: [i64; 13] = [
    1000, 1001, 1005, 1007, 1009, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 2951,
];
/// Types whose values are equal exactly if what the batch holds is: bool, bytea, "char", name, int8, int2, int4, text,
/// oid, float4, float8, varchar, date, time, timestamp, timestamptz, uuid. Not numeric (1.0 = 1.00), char(n), interval, …
const EXACT: [i64; 17] = [
    16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1043, 1082, 1083, 1114, 1184, 2950,
];

/// When a value is taken, compared with when its transaction begins and commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// At the insert, as from a sequence: the writer holds its lock on the table already.
    Insert,
    /// At the beginning of the transaction or later, as by `now()`.
    Stamp(Stamp),
    /// Any time before the commit.
    Unknown,
}

/// How precise a stamp is, and in which zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    Date,
    Timestamp,
    Timestamptz,
}

impl Attribute {
    pub fn item(&self) -> Item {
        Item {
            name: self.name.clone(),
            form: self.form(),
        }
    }

    fn form(&self) -> Form {
        let oid = self.base.oid;
        match self.base.shape {
            Shape::Array { dimensions } if NATIVE_ARRAYS.contains(&oid) => {
                if dimensions <= 1 {
                    Form::Native
                } else {
                    Form::Json
                }
            }
            Shape::Plain if NATIVE.contains(&oid) => Form::Native,
            _ => Form::Text,
        }
    }

    /// What rows are ordered by, if they can be. Arrays and composite values can be ordered, but their
    /// values do not come back from a batch as something that can be bound again.
    pub fn operand(&self) -> Option<Operand> {
        if matches!(self.base.shape, Shape::Array { .. } | Shape::Composite) {
            return None;
        }
        Some(Operand {
            column: self.name.clone(),
            type_name: (self.base.schema.clone(), self.base.name.clone()),
            operators: self.operators.clone()?,
        })
    }

    /// Whether its values have one kind, that of the announced column. A type that is selected as text takes any
    /// text that the server accepts, and a numeric without a scale has no kind of its own.
    pub fn has_own_kind(&self) -> bool {
        const NUMERIC: i64 = 1700;
        self.form() == Form::Native && self.base.oid != NUMERIC
    }

    /// How its values come about, as far as the type tells.
    pub fn origin(&self) -> Origin {
        match self.base.oid {
            // int8, int2, int4
            20 | 21 | 23 => Origin::Insert,
            1082 => Origin::Stamp(Stamp::Date),
            1114 => Origin::Stamp(Stamp::Timestamp),
            1184 => Origin::Stamp(Stamp::Timestamptz),
            _ => Origin::Unknown,
        }
    }

    /// Whether equality as the server means it can be told from the values in a batch.
    pub fn equality_is_exact(&self) -> bool {
        self.deterministic && (self.base.shape == Shape::Enum || EXACT.contains(&self.base.oid))
    }
}

impl Relation {
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns
            .iter()
            .position(|attribute| attribute.name == column)
    }

    /// What tells rows with an equal cursor value apart: nothing more if the cursor column alone identifies a
    /// row, else the rest of the first usable key. None: nothing does.
    pub fn tie(&self, cursor: usize) -> Option<Vec<usize>> {
        if self.keys.iter().any(|key| key == &[cursor]) {
            return Some(Vec::new());
        }
        let usable = |column: &usize| {
            let attribute = &self.columns[*column];
            attribute.readable && attribute.operand().is_some()
        };
        let key = self.keys.iter().find(|key| key.iter().all(usable))?;
        Some(
            key.iter()
                .copied()
                .filter(|column| *column != cursor)
                .collect(),
        )
    }
}

#[cfg(test)]
#[path = "relation_tests.rs"]
mod tests;
