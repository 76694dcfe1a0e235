//! Statements as they are written.

use crate::types::Type;

/// Parts of a dotted name, the last one the nearest.
pub type Name = Vec<String>;

#[derive(Clone, Debug)]
pub enum Expr {
    Null,
    Number(String),
    Text {
        text: String,
        unicode: bool,
    },
    Bytes(Vec<u8>),
    Variable(String),
    Column(Name),
    Negated(Box<Expr>),
    /// Arithmetic, comparison, AND and OR.
    Binary {
        operator: &'static str,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    Not(Box<Expr>),
    IsNull {
        value: Box<Expr>,
        negated: bool,
    },
    Between {
        value: Box<Expr>,
        low: Box<Expr>,
        high: Box<Expr>,
        negated: bool,
    },
    InList {
        value: Box<Expr>,
        list: Vec<Expr>,
        negated: bool,
    },
    InQuery {
        value: Box<Expr>,
        query: Box<Query>,
        negated: bool,
    },
    Like {
        value: Box<Expr>,
        pattern: Box<Expr>,
        negated: bool,
    },
    Exists(Box<Query>),
    Subquery(Box<Query>),
    Case {
        operand: Option<Box<Expr>>,
        whens: Vec<(Expr, Expr)>,
        otherwise: Option<Box<Expr>>,
    },
    Cast {
        value: Box<Expr>,
        to: Type,
        style: Option<Box<Expr>>,
        tried: bool,
    },
    Call {
        name: String,
        arguments: Vec<Expr>,
        distinct: bool,
        over: Option<Over>,
    },
    /// `COUNT(*)`.
    Star,
    /// `value.Name()` of a CLR type.
    Method {
        value: Box<Expr>,
        name: String,
    },
    Collate {
        value: Box<Expr>,
        collation: String,
    },
}

#[derive(Clone, Debug)]
pub struct Over {
    pub partition: Vec<Expr>,
    pub order: Vec<OrderBy>,
}

#[derive(Clone, Debug)]
pub struct OrderBy {
    pub value: Expr,
    pub descending: bool,
}

#[derive(Clone, Debug)]
pub struct Query {
    pub with: Vec<Cte>,
    pub body: Body,
    pub order: Vec<OrderBy>,
    pub offset: Option<Expr>,
    pub fetch: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Cte {
    pub name: String,
    pub columns: Vec<String>,
    pub query: Query,
}

#[derive(Clone, Debug)]
pub enum Body {
    Select(Box<Select>),
    /// UNION [ALL], EXCEPT, INTERSECT.
    Compound {
        operator: &'static str,
        left: Box<Body>,
        right: Box<Body>,
    },
    Values(Vec<Vec<Expr>>),
}

#[derive(Clone, Debug)]
pub struct Select {
    pub distinct: bool,
    pub top: Option<Top>,
    pub items: Vec<Item>,
    pub from: Vec<Table>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
}

#[derive(Clone, Debug)]
pub struct Top {
    pub count: Expr,
    pub with_ties: bool,
}

#[derive(Clone, Debug)]
pub enum Item {
    /// `*`, or `t.*`.
    All(Option<String>),
    Value {
        value: Expr,
        alias: Option<String>,
    },
}

#[derive(Clone, Debug)]
pub enum Table {
    Named {
        name: Name,
        alias: Option<String>,
    },
    Derived {
        query: Box<Query>,
        alias: String,
        columns: Vec<String>,
    },
    Function {
        name: Name,
        arguments: Vec<Expr>,
        alias: Option<String>,
    },
    Join {
        kind: &'static str,
        left: Box<Table>,
        right: Box<Table>,
        on: Option<Expr>,
    },
}

#[derive(Clone, Debug)]
pub enum Statement {
    Query(Query),
    Insert {
        table: Name,
        columns: Vec<String>,
        source: Option<Query>,
    },
    Update {
        table: Name,
        set: Vec<(String, Expr)>,
        filter: Option<Expr>,
    },
    Delete {
        table: Name,
        filter: Option<Expr>,
    },
    CreateTable {
        name: Name,
        columns: Vec<ColumnDef>,
        keys: Vec<KeyDef>,
    },
    CreateIndex {
        table: Name,
        key: KeyDef,
    },
    /// With the text of its query.
    CreateView {
        name: Name,
        text: String,
    },
    CreateSchema(String),
    Drop {
        what: Dropped,
        name: Name,
        if_exists: bool,
    },
    Alter {
        table: Name,
        change: Change,
    },
    /// `sp_rename` of a column: table, column, new name.
    RenameColumn {
        table: Name,
        column: String,
        to: String,
    },
    Begin,
    Commit,
    Rollback,
    Set(Setting),
    Use(String),
    WaitFor(String),
    /// A session's number.
    Kill(i64),
    If {
        condition: Expr,
        then: Box<Statement>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    Table,
    View,
    Index,
    Schema,
}

#[derive(Clone, Debug)]
pub struct Setting {
    /// The statement as it was written.
    pub text: String,
    pub words: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct ColumnDef {
    pub name: String,
    /// None for a computed column.
    pub ty: Option<Type>,
    pub nullable: Option<bool>,
    pub collation: Option<String>,
    /// Seed and increment.
    pub identity: Option<(i64, i64)>,
    pub default: Option<Expr>,
    pub computed: Option<Expr>,
    pub sparse: bool,
}

#[derive(Clone, Debug)]
pub struct KeyDef {
    pub name: Option<String>,
    pub primary: bool,
    pub unique: bool,
    pub clustered: Option<bool>,
    /// Part of the table, not an index of its own.
    pub constraint: bool,
    /// Name, and whether it descends.
    pub columns: Vec<(String, bool)>,
    pub included: Vec<String>,
    pub filter: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum Change {
    Add(Vec<ColumnDef>),
    Drop(Vec<String>),
    Alter(Box<ColumnDef>),
}
