//! A table as the catalog describes it: its columns, their types, and what identifies a row.
//! Pure; a plugin's catalog fills it.

use crate::kind::{Kind, Type};
use crate::sql::{Dialect, Source, column};

pub struct Relation<K: Kind> {
    pub source: Source,
    pub identity: K::Identity,
    /// In the table's order, with those that the login may not read.
    pub columns: Vec<Attribute<K>>,
    /// Sets of columns that identify a row, as positions in `columns`: the primary key, then others, narrowest first.
    pub keys: Vec<Vec<usize>>,
    /// Positions in `columns`; empty if there is none.
    pub primary_key: Vec<usize>,
    /// Positions of the columns whose order an index serves; none where nobody can tell, as of a view.
    pub ordered: Option<Vec<usize>>,
}

/// One column.
pub struct Attribute<K: Kind> {
    pub name: String,
    /// As the server writes it, with modifiers: `numeric(12,2)`.
    pub native_type: String,
    /// A promise that the server keeps for every row that a read of this table returns.
    pub not_null: bool,
    pub readable: bool,
    /// Not part of a read that asks for all columns, nor of a key that no request names.
    pub hidden: bool,
    pub data_type: K::Type,
}

impl<K: Kind> Attribute<K> {
    /// An item of the select list.
    pub fn item(&self) -> String {
        let selected = self.data_type.selected(&column::<K>(&self.name));
        format!("{selected} as {}", K::identifier(&self.name))
    }

    /// An item with the exact text of what that one rounds, for this place of the list.
    pub fn exact_item(&self, place: usize) -> Option<String> {
        let exact = self.data_type.exact_text(&column::<K>(&self.name))?;
        let name = K::identifier(&format!("exact text {place}"));
        Some(format!("{exact} as {name}"))
    }

    pub fn operand(&self) -> Option<<K as Dialect>::Operand> {
        self.data_type.operand(&self.name)
    }
}

impl<K: Kind> Relation<K> {
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
            attribute.readable && !attribute.hidden && attribute.operand().is_some()
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
