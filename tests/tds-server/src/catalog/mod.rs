//! What a database holds. SQLite has the rows; names and types as SQL Server knows them are here, and `sys.*` is
//! made of them whenever it is read.

pub mod define;
pub mod rows;
pub mod storage;
pub mod system;

use crate::types::type_info::Sent;

pub const DBO: i32 = 1;

#[derive(Clone, Debug)]
pub struct Catalog {
    pub schemas: Vec<(String, i32)>,
    pub objects: Vec<Object>,
    last_id: i32,
}

#[derive(Clone, Debug)]
pub struct Object {
    pub id: i32,
    pub schema: String,
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Table(Table),
    /// With its query.
    View(String),
}

#[derive(Clone, Debug, Default)]
pub struct Table {
    pub columns: Vec<Column>,
    pub keys: Vec<Key>,
}

#[derive(Clone, Debug)]
pub struct Column {
    /// Stays when others are dropped.
    pub id: i32,
    pub name: String,
    pub sent: Sent,
    /// Seed and increment.
    pub identity: Option<(i64, i64)>,
    /// SQLite's text of it, as of the next.
    pub default: Option<String>,
    pub computed: Option<String>,
    pub sparse: bool,
}

#[derive(Clone, Debug)]
pub struct Key {
    pub id: i32,
    pub name: String,
    pub primary: bool,
    pub unique: bool,
    pub clustered: bool,
    pub constraint: bool,
    /// Ids of columns, and whether they descend.
    pub columns: Vec<(i32, bool)>,
    pub included: Vec<i32>,
    pub filter: Option<String>,
}

impl Default for Catalog {
    fn default() -> Catalog {
        let schemas = [("dbo", DBO), ("INFORMATION_SCHEMA", 3), ("sys", 4)];
        let schemas = schemas.map(|(name, id)| (name.to_string(), id)).to_vec();
        // Where the ids of user objects begin is arbitrary on a server, too.
        Catalog {
            schemas,
            objects: Vec::new(),
            last_id: 581_577_110,
        }
    }
}

impl Catalog {
    pub fn find(&self, schema: &str, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| {
            object.schema.eq_ignore_ascii_case(schema) && same_name(&object.name, name)
        })
    }

    pub fn by_id(&self, id: i32) -> Option<&Object> {
        self.objects.iter().find(|object| object.id == id)
    }

    pub fn schema(&self, name: &str) -> Option<&(String, i32)> {
        self.schemas
            .iter()
            .find(|(schema, _)| schema.eq_ignore_ascii_case(name))
    }

    /// Replaces an object of the same id, or adds it.
    pub fn put(&mut self, object: Object) {
        match self.objects.iter_mut().find(|old| old.id == object.id) {
            Some(old) => *old = object,
            None => self.objects.push(object),
        }
    }

    pub fn next_id(&mut self) -> i32 {
        self.last_id += 16;
        self.last_id
    }
}

impl Object {
    /// The name of its rows' table in SQLite.
    pub fn storage(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    pub fn table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            Kind::View(_) => None,
        }
    }
}

impl Table {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| same_name(&column.name, name))
    }

    pub fn by_id(&self, id: i32) -> Option<&Column> {
        self.columns.iter().find(|column| column.id == id)
    }

    pub fn primary_key(&self) -> Option<&Key> {
        self.keys.iter().find(|key| key.primary)
    }
}

/// Under the catalog's collation, which does not tell case apart.
pub fn same_name(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.to_lowercase() == b.to_lowercase()
}

/// Parts of a dotted name in brackets, quotes or bare.
pub fn split_name(text: &str) -> Vec<String> {
    let kinds = crate::sql::lex::tokens(text)
        .unwrap_or_default()
        .into_iter()
        .map(|token| token.kind);
    kinds
        .filter_map(|kind| match kind {
            crate::sql::lex::Kind::Word(part) | crate::sql::lex::Kind::Quoted(part) => Some(part),
            _ => None,
        })
        .collect()
}
