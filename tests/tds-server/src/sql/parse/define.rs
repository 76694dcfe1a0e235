//! CREATE, ALTER and DROP.

use super::{Parsed, Parser};
use crate::sql::ast::{Change, ColumnDef, Dropped, KeyDef, Statement};

impl Parser<'_> {
    pub(super) fn definition(&mut self) -> Parsed<Statement> {
        if self.word("CREATE") {
            return self.create();
        }
        if self.word("DROP") {
            return self.drop();
        }
        if self.words(&["ALTER", "TABLE"]) {
            let table = self.name()?;
            let change = self.change()?;
            return Ok(Statement::Alter { table, change });
        }
        Err(self.unexpected())
    }

    fn create(&mut self) -> Parsed<Statement> {
        if self.word("SCHEMA") {
            return self.identifier().map(Statement::CreateSchema);
        }
        if self.word("VIEW") {
            let name = self.name()?;
            self.expect_word("AS")?;
            let start = self.at;
            self.query()?;
            return Ok(Statement::CreateView {
                name,
                text: self.text_since(start),
            });
        }
        if self.word("TABLE") {
            return self.create_table();
        }
        let unique = self.word("UNIQUE");
        let clustered = self.clustered();
        self.expect_word("INDEX")?;
        let name = Some(self.identifier()?);
        self.expect_word("ON")?;
        let table = self.name()?;
        let columns = self.key_columns()?;
        let included = if self.word("INCLUDE") {
            self.column_list()?
        } else {
            Vec::new()
        };
        let filter = if self.word("WHERE") {
            Some(self.expression()?)
        } else {
            None
        };
        let (primary, constraint) = (false, false);
        let key = KeyDef {
            name,
            primary,
            unique,
            clustered,
            constraint,
            columns,
            included,
            filter,
        };
        Ok(Statement::CreateIndex { table, key })
    }

    fn clustered(&mut self) -> Option<bool> {
        if self.word("CLUSTERED") {
            return Some(true);
        }
        self.word("NONCLUSTERED").then_some(false)
    }

    fn key_columns(&mut self) -> Parsed<Vec<(String, bool)>> {
        self.in_parentheses(|parser| {
            parser.listed(|parser| {
                let name = parser.identifier()?;
                let descending = parser.word("DESC");
                if !descending {
                    parser.word("ASC");
                }
                Ok((name, descending))
            })
        })
    }

    fn create_table(&mut self) -> Parsed<Statement> {
        let name = self.name()?;
        let (mut columns, mut keys) = (Vec::new(), Vec::new());
        self.expect("(")?;
        loop {
            if self.is_word("CONSTRAINT") || self.is_word("PRIMARY") || self.is_word("UNIQUE") {
                let key_name = if self.word("CONSTRAINT") {
                    Some(self.identifier()?)
                } else {
                    None
                };
                let mut key = self.key(key_name)?;
                key.columns = self.key_columns()?;
                keys.push(key);
            } else {
                columns.push(self.column(&mut keys)?);
            }
            if !self.symbol(",") || self.is_symbol(")") {
                break;
            }
        }
        self.expect(")")?;
        Ok(Statement::CreateTable {
            name,
            columns,
            keys,
        })
    }

    /// PRIMARY KEY or UNIQUE, without columns yet.
    fn key(&mut self, name: Option<String>) -> Parsed<KeyDef> {
        let primary = self.words(&["PRIMARY", "KEY"]);
        if !primary {
            self.expect_word("UNIQUE")?;
        }
        let clustered = self.clustered();
        Ok(KeyDef {
            name,
            primary,
            unique: true,
            clustered,
            constraint: true,
            columns: Vec::new(),
            included: Vec::new(),
            filter: None,
        })
    }

    /// A column and the keys that are written behind it.
    fn column(&mut self, keys: &mut Vec<KeyDef>) -> Parsed<ColumnDef> {
        let name = self.identifier()?;
        let mut column = ColumnDef {
            name,
            ty: None,
            nullable: None,
            collation: None,
            identity: None,
            default: None,
            computed: None,
            sparse: false,
        };
        if self.word("AS") {
            column.computed = Some(self.in_parentheses(Self::expression)?);
        } else {
            column.ty = Some(self.data_type(1)?);
        }
        let mut constraint = None;
        loop {
            // Where a computed column is kept makes no difference here.
            if self.word("PERSISTED") || self.word("ROWGUIDCOL") {
                continue;
            }
            if self.words(&["NOT", "NULL"]) {
                column.nullable = Some(false);
            } else if self.word("NULL") {
                column.nullable = Some(true);
            } else if self.word("COLLATE") {
                column.collation = Some(self.identifier()?);
            } else if self.word("IDENTITY") {
                column.identity = Some(self.identity()?);
            } else if self.word("DEFAULT") {
                // NOT NULL may follow, so it is no condition.
                column.default = Some(self.sum()?);
                constraint = None;
            } else if self.word("SPARSE") {
                column.sparse = true;
            } else if self.word("CONSTRAINT") {
                constraint = Some(self.identifier()?);
            } else if self.is_word("PRIMARY") || self.is_word("UNIQUE") {
                let mut key = self.key(constraint.take())?;
                key.columns = vec![(column.name.clone(), false)];
                keys.push(key);
            } else {
                return Ok(column);
            }
        }
    }

    fn identity(&mut self) -> Parsed<(i64, i64)> {
        if !self.is_symbol("(") {
            return Ok((1, 1));
        }
        self.in_parentheses(|parser| {
            let seed = parser.integer()?;
            parser.expect(",")?;
            Ok((seed, parser.integer()?))
        })
    }

    fn change(&mut self) -> Parsed<Change> {
        if self.word("ADD") {
            let columns = self.listed(|parser| parser.column(&mut Vec::new()))?;
            return Ok(Change::Add(columns));
        }
        if self.words(&["DROP", "COLUMN"]) {
            return self.listed(Self::identifier).map(Change::Drop);
        }
        self.expect_word("ALTER")?;
        self.expect_word("COLUMN")?;
        self.column(&mut Vec::new())
            .map(|column| Change::Alter(Box::new(column)))
    }

    fn drop(&mut self) -> Parsed<Statement> {
        let what = if self.word("TABLE") {
            Dropped::Table
        } else if self.word("VIEW") {
            Dropped::View
        } else if self.word("INDEX") {
            Dropped::Index
        } else {
            self.expect_word("SCHEMA")?;
            Dropped::Schema
        };
        let if_exists = self.words(&["IF", "EXISTS"]);
        let mut name = self.name()?;
        if what == Dropped::Index && self.word("ON") {
            let index = name.pop().unwrap_or_default();
            name = self.name()?;
            name.push(index);
        }
        Ok(Statement::Drop {
            what,
            name,
            if_exists,
        })
    }
}
