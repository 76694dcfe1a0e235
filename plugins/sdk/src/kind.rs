//! What a plugin implements: how one kind of source describes its tables and types, and how far it may be read.
//! The rest of a plugin is in this crate.

use crate::bindings::{Connection, Error, Hints, TableEntry, Value};
use crate::read::Read;
use crate::relation::Relation;
use crate::sql::Dialect;

/// A kind of source.
pub trait Kind: Dialect {
    /// What the catalog tells of a column's type.
    type Type: Type<Operand = Self::Operand>;
    /// What the watermark needs to know of a table.
    type Identity;
    type Watermark: Watermark<Self>;

    /// Of the kind, and of the connections that it uses.
    const NAME: &'static str;
    /// The plugin's own.
    const VERSION: &'static str;
    const DEFAULT_SCHEMA: &'static str;
    /// Whose columns can be cursors, as advice says it.
    const ORDERED_TYPES: &'static str;

    /// The server's name of its version.
    fn check(connection: &Connection) -> Result<String, Error>;

    /// Every table that the login may read, ordered by schema and name.
    fn tables(connection: &Connection) -> Result<Vec<TableEntry>, Error>;

    /// One table, as named.
    fn relation(
        connection: &Connection,
        schema: &str,
        table: &str,
    ) -> Result<Relation<Self>, Error>;

    /// What a query answers. It has no key: if the client named a wrong one, rows would be lost between two pages.
    fn query_relation(connection: &Connection, text: &str) -> Result<Relation<Self>, Error>;

    /// What ends every statement that answers rows.
    fn options(hints: &Hints) -> String;

    /// A statement that makes values of the parameters of a position, where one that answers no rows does not.
    fn conversion(position: &[&Self::Operand]) -> Option<String>;

    /// What the server's refusal of a read's first statement means.
    fn refusal(code: &str) -> Option<Refusal>;

    /// For a read from which another goes on. `exact`: equality of the cursor values of this column, a position in the
    /// relation, can be told from their texts.
    fn watermark(
        relation: &Relation<Self>,
        cursor: usize,
        exact: bool,
        resumed: Option<Value>,
    ) -> Self::Watermark;
}

/// A column's type, below its alias or domain.
pub trait Type {
    type Operand;

    /// The expression that is selected of a column: itself where the host decodes it, else a form that loses nothing.
    fn selected(&self, column: &str) -> String;

    /// The text from which a value can be made again, where what lands has fewer digits.
    fn exact_text(&self, column: &str) -> Option<String>;

    /// What rows are ordered by, if they can be ordered by the column of this name, and its values can be bound.
    fn operand(&self, name: &str) -> Option<Self::Operand>;

    /// Whether its values have one kind, that of the announced column.
    fn has_own_kind(&self) -> bool;

    /// Whether equality as the server means it can be told from the values in a batch, or else from the exact texts.
    fn equality_is_exact(&self) -> bool;
}

/// Why a read's first statement is refused, other than for a reason of the server's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The cursor column's type has no order.
    Unordered,
    /// The text of a parameter is not of its type.
    Misfit,
}

/// Finds how far a read may go, a step a call.
pub trait Watermark<K: Kind> {
    fn step(&mut self, read: &Read<K>) -> Result<Settled, Error>;

    /// What is said at the end of the read.
    fn warnings(&self) -> &[String];
}

/// What comes out of a step.
#[derive(Debug)]
pub enum Settled {
    /// Ask again after these milliseconds; the reason is for the log.
    Wait(u32, String),
    /// The parameter of [`Dialect::UNTIL`].
    Until(Value),
    /// The greatest value is the one that the read goes on from.
    Unmoved,
    /// Nothing that has a cursor value is final.
    Nothing,
    /// Whatever can be seen may be read.
    Everything,
}
