//! Finds what names mean and what types expressions have, and writes the statement for SQLite.

mod case;
mod change;
mod compare;
pub use compare::Conversion;
mod compound;
mod expression;
mod from;
mod names;
mod query;

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::ast::{Expr, Name, Query};
use crate::catalog::{Catalog, Object};
use crate::error::SqlError;
use crate::types::Type;
use crate::types::collation;
use crate::types::type_info::Sent;

/// A column of a result or of a source.
#[derive(Clone, Debug)]
pub struct Output {
    pub name: String,
    pub sent: Sent,
}

/// An expression in SQLite's words.
#[derive(Clone, Debug)]
pub struct Bound {
    pub sql: String,
    pub sent: Sent,
    /// A column as it is stored, which brings its collation and perhaps an index.
    pub plain: bool,
}

/// A query in SQLite's words.
#[derive(Debug)]
pub struct BoundQuery {
    pub sql: String,
    pub columns: Vec<Output>,
    /// TOP … WITH TIES of the outermost query: it goes on behind `count` rows while the hidden last columns stay the same.
    pub ties: Option<Ties>,
}

#[derive(Debug)]
pub struct Ties {
    /// SQLite's expression of the number of rows.
    pub count: String,
    /// Collations of the hidden columns.
    pub keys: Vec<Option<&'static str>>,
}

/// A table that has to be made before the statement runs.
#[derive(Debug)]
pub enum Need {
    /// `sys.…` or INFORMATION_SCHEMA, by its name.
    System(&'static str),
    /// The described columns of a statement, and its temporary table.
    Describe {
        text: Box<Expr>,
        parameters: Box<Expr>,
        table: String,
    },
}

/// A source of a FROM.
#[derive(Clone, Debug)]
pub struct Source {
    alias: String,
    columns: Vec<Output>,
    /// Not a stored table: SQLite may not know its columns' collations.
    derived: bool,
}

#[derive(Clone, Debug)]
struct Known {
    name: String,
    columns: Vec<Output>,
}

/// What names can mean at a place of a statement.
#[derive(Default)]
pub struct Scope<'a> {
    sources: Vec<Source>,
    outer: Option<&'a Scope<'a>>,
    ctes: Vec<Known>,
}

pub struct Binder {
    pub catalog: Arc<Catalog>,
    pub database: String,
    pub spid: i16,
    pub trancount: i64,
    /// By lower-case name, with the `@`.
    pub parameters: HashMap<String, Type>,
    pub needs: RefCell<Vec<Need>>,
    /// Objects that are read, as schema and name.
    pub reads: RefCell<Vec<(String, String)>>,
}

type Result<T> = std::result::Result<T, SqlError>;

impl Binder {
    /// A whole statement.
    pub fn statement(&self, query: &Query) -> Result<BoundQuery> {
        self.query(query, &Scope::default(), query::Place::Outermost)
    }

    /// An expression over one table's columns, as of a computed column.
    pub fn over_table(&self, expr: &Expr, columns: Vec<Output>) -> Result<Bound> {
        let source = Source {
            alias: String::new(),
            columns,
            derived: false,
        };
        self.expr(
            expr,
            &Scope {
                sources: vec![source],
                ..Scope::default()
            },
        )
    }

    /// Schema and object of one to three parts; another database than the session's is not here.
    pub fn split<'n>(&self, name: &'n Name) -> Result<(&'n str, &'n str)> {
        let dotted = || SqlError::no_object(&name.join("."));
        let (object, rest) = name.split_last().ok_or_else(dotted)?;
        let (schema, rest) = match rest.split_last() {
            Some((schema, rest)) => (schema.as_str(), rest),
            None => ("dbo", rest),
        };
        let here = |database: &String| database.eq_ignore_ascii_case(&self.database);
        if rest.len() > 1 || !rest.iter().all(here) {
            return Err(dotted());
        }
        Ok((if schema.is_empty() { "dbo" } else { schema }, object))
    }

    pub fn object(&self, name: &Name) -> Result<&Object> {
        let (schema, object) = self.split(name)?;
        self.catalog
            .find(schema, object)
            .ok_or_else(|| SqlError::no_object(&name.join(".")))
    }
}

impl Bound {
    pub fn new(sql: impl Into<String>, ty: Type) -> Bound {
        Bound {
            sql: sql.into(),
            sent: Sent::nullable(ty),
            plain: false,
        }
    }

    pub fn not_null(sql: impl Into<String>, ty: Type) -> Bound {
        let mut bound = Bound::new(sql, ty);
        bound.sent.nullable = false;
        bound
    }

    pub fn ty(&self) -> Type {
        self.sent.ty
    }

    /// SQLite's name of the order of its values.
    fn order(&self) -> Option<&'static str> {
        collation::of(self.sent.ty, self.sent.collation.as_deref())
    }

    /// With its collation, unless it is a column that has it anyway.
    fn collated(&self) -> String {
        match self.order() {
            Some(name) if !self.plain => format!("{} COLLATE {name}", self.sql),
            _ => self.sql.clone(),
        }
    }
}

/// A name in SQLite.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string in SQLite.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
