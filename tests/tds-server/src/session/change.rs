//! What changes rows or definitions, and transactions. SQLite has one writer at a time; a second one waits for it as
//! long as LOCK_TIMEOUT allows, then gets error 1222.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

use super::{Session, Stop, Transaction, rows};
use crate::catalog::{Catalog, Kind, Object, Table, define, storage};
use crate::error::SqlError;
use crate::sql::ast::{Change, Dropped, Name, Statement};
use crate::sql::bind::{Binder, quote};
use crate::sql::parse;
use crate::wire::rpc::Parameter;

impl Session {
    pub(super) fn begin(&mut self) {
        if self.transaction.is_none() {
            self.transaction = Some(Transaction {
                catalog: self.database.catalog(),
            });
            self.set_in_transaction(true);
        }
    }

    fn set_in_transaction(&self, begun: bool) {
        if let Some(live) = self.shared.live().get_mut(&self.id) {
            live.in_transaction = begun;
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), Stop> {
        if self.transaction.take().is_none() {
            let message = "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.";
            return Err(SqlError::new(3902, 16, message).into());
        }
        self.set_in_transaction(false);
        self.end_write("COMMIT")
    }

    pub(super) fn roll_back(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.set_in_transaction(false);
            if !self.db.is_autocommit() {
                self.database.set_catalog(transaction.catalog);
            }
            // Nothing to roll back is fine.
            let _ = self.end_write("ROLLBACK");
        }
    }

    fn end_write(&mut self, how: &str) -> Result<(), Stop> {
        if !self.db.is_autocommit() {
            self.db.execute_batch(how).map_err(rows::stop)?;
        }
        self.database.end_transaction(self.id);
        Ok(())
    }

    /// SQLite's transaction, unless it has begun.
    fn begin_write(&mut self) -> Result<(), Stop> {
        let timeout = self.settings().lock_timeout;
        let started = Instant::now();
        while self.db.is_autocommit() {
            let Err(error) = self.db.execute_batch("BEGIN IMMEDIATE") else {
                return Ok(());
            };
            if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
                return Err(rows::stop(error));
            }
            if timeout >= 0 && started.elapsed() >= Duration::from_millis(timeout as u64) {
                return Err(SqlError::numbered(1222).into());
            }
            if self.cancel.wait(Duration::from_millis(2)) {
                return Err(Stop::Cancelled);
            }
        }
        Ok(())
    }

    /// In the open transaction, or in one of its own.
    fn write<T>(&mut self, run: impl FnOnce(&mut Session) -> Result<T, Stop>) -> Result<T, Stop> {
        let catalog = self.database.catalog();
        self.begin_write()?;
        let result = run(self);
        if self.transaction.is_none() {
            let ended = self.end_write(if result.is_ok() { "COMMIT" } else { "ROLLBACK" });
            if result.is_err() {
                self.database.set_catalog(catalog);
            } else {
                ended?;
            }
        }
        result
    }

    pub(super) fn change(
        &mut self,
        statement: &Statement,
        text: &str,
        parameters: &[Parameter],
    ) -> Result<Option<u64>, Stop> {
        let binder = self.binder(parameters);
        let sql = match statement {
            Statement::Insert {
                table,
                columns,
                source,
            } => Some(binder.insert(table, columns, source.as_ref())?),
            Statement::Update { table, set, filter } => {
                Some(binder.update(table, set, filter.as_ref())?)
            }
            Statement::Delete { table, filter } => Some(binder.delete(table, filter.as_ref())?),
            _ => None,
        };
        let Some(sql) = sql else {
            return self
                .write(|session| session.define(&binder, statement))
                .map(|()| None);
        };
        self.effect(text)?;
        self.prepare_needs(&binder, parameters)?;
        self.write(|session| {
            let db = session.db.clone();
            let mut prepared = db.prepare(&sql).map_err(rows::stop)?;
            rows::bind(&mut prepared, parameters).map_err(rows::stop)?;
            let changed = prepared.raw_execute();
            changed
                .map(|changed| Some(changed as u64))
                .map_err(|error| session.constraint(error))
        })
    }

    /// A broken constraint in the server's words.
    fn constraint(&self, error: rusqlite::Error) -> Stop {
        let text = error.to_string();
        let last = |text: &str| text.rsplit(": ").next().unwrap_or_default().to_string();
        if let Some((_, column)) = text.split_once("NOT NULL constraint failed: ") {
            let (table, column) = column.rsplit_once('.').unwrap_or((column, ""));
            let message = format!(
                "Cannot insert the value NULL into column '{column}', table '{}.{table}'; column does not allow nulls. INSERT fails.",
                self.database.name
            );
            return SqlError::new(515, 16, message).into();
        }
        if text.contains("UNIQUE constraint failed") {
            let failed = last(&text);
            let column = failed.split(", ").next().unwrap_or_default();
            let table = column.rsplit_once('.').map_or(column, |(table, _)| table);
            let message = format!(
                "Violation of PRIMARY KEY or UNIQUE KEY constraint. Cannot insert duplicate key in object '{table}'."
            );
            return SqlError::new(2627, 14, message).into();
        }
        rows::stop(error)
    }

    fn execute(&self, sql: &str) -> Result<(), Stop> {
        self.db
            .execute_batch(sql)
            .map_err(|error| self.constraint(error))
    }

    /// CREATE, ALTER, DROP: SQLite first, then the catalog.
    fn define(&mut self, binder: &Binder, statement: &Statement) -> Result<(), Stop> {
        let mut catalog = Catalog::clone(&self.database.catalog());
        match statement {
            Statement::CreateSchema(name) => {
                let id = catalog.schemas.iter().map(|(_, id)| *id).max().unwrap_or(0) + 1;
                catalog.schemas.push((name.clone(), id));
            }
            Statement::CreateTable {
                name,
                columns,
                keys,
            } => {
                let object = define::table(binder, &mut catalog, name, columns, keys)?;
                if let Some(table) = object.table() {
                    self.execute(&storage::create_sql(&object.storage(), table))?;
                    self.create_indexes(&object, table)?;
                }
                catalog.put(object);
            }
            Statement::CreateView { name, text } => {
                binder.statement(&parse::query(text)?)?;
                let (schema, own) = binder.split(name)?;
                let schema = define::free_name(&catalog, schema, own)?;
                let (id, kind) = (catalog.next_id(), Kind::View(text.clone()));
                catalog.put(Object {
                    id,
                    schema,
                    name: own.to_string(),
                    kind,
                });
            }
            Statement::CreateIndex { table, key } => {
                let object = binder.object(table)?;
                let mut table = object
                    .table()
                    .cloned()
                    .ok_or_else(|| SqlError::no_object(&object.name))?;
                define::add_key(binder, &mut table, &object.name, key)?;
                let object = Object {
                    kind: Kind::Table(table.clone()),
                    ..object.clone()
                };
                let created = storage::index_sql(&object, &table).pop();
                self.execute(&created.unwrap_or_default())?;
                catalog.put(object);
            }
            Statement::Drop {
                what,
                name,
                if_exists,
            } => self.drop(binder, &mut catalog, *what, name, *if_exists)?,
            Statement::Alter { table, change } => {
                let object = binder.object(table)?;
                if let Change::Add(columns) = change {
                    let refused = columns.iter().find(|column| {
                        column.nullable == Some(false)
                            && column.default.is_none()
                            && column.identity.is_none()
                    });
                    if let Some(column) = refused {
                        let message = format!(
                            "ALTER TABLE only allows columns to be added that can contain nulls, or have a DEFAULT definition specified. Column '{}' cannot be added.",
                            column.name
                        );
                        return Err(SqlError::new(4901, 16, message).into());
                    }
                }
                let rebuilt = define::change(binder, object, change)?;
                self.rebuild(&rebuilt)?;
                catalog.put(rebuilt.object);
            }
            Statement::RenameColumn { table, column, to } => {
                let rebuilt = define::rename(binder.object(table)?, column, to)?;
                self.rebuild(&rebuilt)?;
                catalog.put(rebuilt.object);
            }
            _ => return Err(SqlError::unsupported("this statement").into()),
        }
        self.database.set_catalog(Arc::new(catalog));
        Ok(())
    }

    fn create_indexes(&self, object: &Object, table: &Table) -> Result<(), Stop> {
        storage::index_sql(object, table)
            .iter()
            .try_for_each(|sql| self.execute(sql))
    }

    /// A table of another shape takes the rows and the name of the old one.
    fn rebuild(&self, rebuilt: &define::Rebuilt) -> Result<(), Stop> {
        let object = &rebuilt.object;
        let Some(table) = object.table() else {
            return Ok(());
        };
        let (storage, new) = (object.storage(), format!("{}.rebuilt", object.storage()));
        self.execute(&storage::create_sql(&new, table))?;
        let columns: Vec<String> = rebuilt.values.iter().map(|(name, _)| quote(name)).collect();
        let values: Vec<&str> = rebuilt
            .values
            .iter()
            .map(|(_, value)| value.as_str())
            .collect();
        let (storage, new) = (quote(&storage), quote(&new));
        self.execute(&format!(
            "INSERT INTO {new} ({}) SELECT {} FROM {storage}; DROP TABLE {storage}; ALTER TABLE {new} RENAME TO {storage};",
            columns.join(", "),
            values.join(", ")
        ))?;
        self.create_indexes(object, table)
    }

    fn drop(
        &self,
        binder: &Binder,
        catalog: &mut Catalog,
        what: Dropped,
        name: &Name,
        if_exists: bool,
    ) -> Result<(), Stop> {
        let missing = || {
            let message = format!(
                "Cannot drop the object '{}', because it does not exist or you do not have permission.",
                name.join(".")
            );
            SqlError::new(3701, 11, message)
        };
        if what == Dropped::Schema {
            catalog.schemas.retain(|(schema, _)| {
                !name
                    .last()
                    .is_some_and(|own| schema.eq_ignore_ascii_case(own))
            });
            return Ok(());
        }
        if what == Dropped::Index {
            let (index, table) = name.split_last().ok_or_else(missing)?;
            let mut object = binder.object(&table.to_vec())?.clone();
            let mut table = object.table().cloned().ok_or_else(missing)?;
            let at = table
                .keys
                .iter()
                .position(|key| crate::catalog::same_name(&key.name, index));
            let key = table.keys.remove(at.ok_or_else(missing)?);
            self.execute(&format!(
                "DROP INDEX {}",
                quote(&storage::index_name(&object, &key))
            ))?;
            object.kind = Kind::Table(table);
            catalog.put(object);
            return Ok(());
        }
        let object = match binder.object(name) {
            Ok(object) => object,
            Err(_) if if_exists => return Ok(()),
            Err(_) => return Err(missing().into()),
        };
        if object.table().is_some() {
            self.execute(&format!("DROP TABLE {}", quote(&object.storage())))?;
        }
        catalog.objects.retain(|other| other.id != object.id);
        Ok(())
    }
}
