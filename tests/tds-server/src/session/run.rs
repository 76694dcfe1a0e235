//! One statement: what it needs beforehand, what it reads or changes, what goes wrong in it.

use std::time::Duration;

use rusqlite::types::Value;

use super::{Session, Settings, Stop, rows};
use crate::bench;
use crate::catalog::system;
use crate::error::SqlError;
use crate::faults::Effect;
use crate::sql::ast::{Query, Setting, Statement};
use crate::sql::bind::{Binder, Need, quote};
use crate::types::ticks;
use crate::wire::rpc::Parameter;
use crate::wire::tokens;

impl Session {
    /// The rows that it answered or changed, if it counts any.
    pub(super) fn run(
        &mut self,
        statement: &Statement,
        text: &str,
        parameters: &[Parameter],
    ) -> Result<Option<u64>, Stop> {
        self.clock.set();
        match statement {
            Statement::Query(query) => self.select(query, text, parameters).map(Some),
            Statement::Begin => {
                self.begin();
                Ok(None)
            }
            Statement::Commit => self.commit().map(|()| None),
            Statement::Rollback => {
                self.roll_back();
                Ok(None)
            }
            Statement::Set(setting) => {
                self.set(setting);
                Ok(None)
            }
            Statement::Use(name) => {
                // Another database is another file, which a session does not change to.
                if !name.eq_ignore_ascii_case(&self.database.name) {
                    return Err(SqlError::unsupported("USE of another database").into());
                }
                tokens::changed(&mut self.reply.tokens, 1, name, name);
                Ok(None)
            }
            Statement::WaitFor(clock) => {
                let ticks = ticks::parse(clock)
                    .ok_or_else(SqlError::date_conversion)?
                    .ticks;
                self.pause(Duration::from_micros(ticks as u64 / 10))?;
                Ok(None)
            }
            Statement::Kill(session) => {
                self.kill(*session)?;
                Ok(None)
            }
            Statement::If { condition, then } => {
                let binder = self.binder(parameters);
                let condition = binder.expr(condition, &Default::default())?;
                self.prepare_needs(&binder, parameters)?;
                let sql = format!("SELECT {}", condition.sql);
                let holds = self.scalar(&sql, parameters)? == Value::Integer(1);
                if holds {
                    self.run(then, text, parameters)
                } else {
                    Ok(None)
                }
            }
            changing => self.change(changing, text, parameters),
        }
    }

    pub(super) fn binder(&self, parameters: &[Parameter]) -> Binder {
        Binder {
            catalog: self.database.catalog(),
            database: self.database.name.clone(),
            spid: self.id,
            trancount: i64::from(self.transaction.is_some()),
            parameters: parameters
                .iter()
                .map(|one| (one.name.to_lowercase(), one.ty))
                .collect(),
            needs: Default::default(),
            reads: Default::default(),
        }
    }

    fn select(&mut self, query: &Query, text: &str, parameters: &[Parameter]) -> Result<u64, Stop> {
        let binder = self.binder(parameters);
        let bound = binder.statement(query)?;
        self.check_reads(&binder)?;
        let effect = self.effect(text)?;
        if let Some(plan) = bench::plan(query, parameters, &self.database) {
            return self.send_bench(&plan, effect);
        }
        self.prepare_needs(&binder, parameters)?;
        let ties = match &bound.ties {
            Some(ties) => match self.scalar(&format!("SELECT {}", ties.count), parameters)? {
                Value::Integer(count) => Some((count.max(0) as u64, ties.keys.as_slice())),
                _ => None,
            },
            None => None,
        };
        rows::send(self, &bound, ties, parameters, effect)
    }

    /// A fault that fits the statement; what comes before the first row happens here.
    pub(super) fn effect(&mut self, text: &str) -> Result<Option<Effect>, Stop> {
        match self.shared.faults.of_statement(text) {
            Some(Effect::Delay { every: 0, pause }) => {
                self.pause(pause)?;
                Ok(None)
            }
            Some(Effect::Error { rows: 0, error }) => Err(error.into()),
            effect => Ok(effect),
        }
    }

    pub(super) fn pause(&mut self, pause: Duration) -> Result<(), Stop> {
        // What has been answered so far is not held back.
        self.reply.flush()?;
        if self.cancel.wait(pause) {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Its client finds the connection closed.
    fn kill(&self, session: i64) -> Result<(), SqlError> {
        if session == i64::from(self.id) {
            let message = "Cannot use KILL to kill your own process.";
            return Err(SqlError::new(6104, 16, message));
        }
        let live = self.shared.live();
        let killed = live.iter().find(|(id, _)| i64::from(**id) == session);
        let (_, killed) = killed.ok_or_else(|| {
            let message = format!("Process ID {session} is not an active process ID.");
            SqlError::new(6106, 16, message)
        })?;
        killed.stream.close();
        Ok(())
    }

    pub(super) fn check_reads(&self, binder: &Binder) -> Result<(), SqlError> {
        for (schema, name) in binder.reads.borrow().iter() {
            let own = name.strip_prefix("sys.").unwrap_or(name);
            if self.database.is_denied(schema, own) {
                let database = if schema == "sys" {
                    "mssqlsystemresource"
                } else {
                    &self.database.name
                };
                let message = format!(
                    "The SELECT permission was denied on the object '{own}', database '{database}', schema '{schema}'."
                );
                return Err(SqlError::new(229, 14, message));
            }
        }
        Ok(())
    }

    /// Fills the temporary tables that the statement reads.
    pub(super) fn prepare_needs(
        &mut self,
        binder: &Binder,
        parameters: &[Parameter],
    ) -> Result<(), Stop> {
        for need in binder.needs.take() {
            let (table, view, rows) = match need {
                Need::System(name) => {
                    let view = system::VIEWS.iter().find(|view| view.name == name);
                    let view = view.ok_or_else(|| SqlError::no_object(name))?;
                    (name.to_string(), view, self.system_rows(name)?)
                }
                Need::Describe {
                    text,
                    parameters: declared,
                    table,
                } => {
                    let text = self.evaluate(&text, parameters)?;
                    let declared = self.evaluate(&declared, parameters)?;
                    (table, &system::DESCRIBED, self.describe(&text, &declared))
                }
            };
            let columns = view.columns();
            let names: Vec<String> = columns
                .iter()
                .map(|column| {
                    let order = if column.sent.ty.is_character() {
                        " COLLATE MSCI"
                    } else {
                        ""
                    };
                    format!(
                        "{} {}{order}",
                        quote(&column.name),
                        column.sent.ty.affinity()
                    )
                })
                .collect();
            let table = quote(&table);
            let make = format!(
                "CREATE TEMP TABLE IF NOT EXISTS {table} ({}); DELETE FROM temp.{table};",
                names.join(", ")
            );
            self.db.execute_batch(&make).map_err(rows::sql_error)?;
            let marks = vec!["?"; columns.len()].join(", ");
            let insert = format!("INSERT INTO temp.{table} VALUES ({marks})");
            let mut insert = self.db.prepare(&insert).map_err(rows::sql_error)?;
            for row in rows {
                insert
                    .execute(rusqlite::params_from_iter(row))
                    .map_err(rows::sql_error)?;
            }
        }
        Ok(())
    }

    fn evaluate(
        &self,
        expr: &crate::sql::ast::Expr,
        parameters: &[Parameter],
    ) -> Result<String, Stop> {
        let bound = self.binder(parameters).expr(expr, &Default::default())?;
        Ok(
            match self.scalar(&format!("SELECT {}", bound.sql), parameters)? {
                Value::Text(text) => text,
                _ => String::new(),
            },
        )
    }

    /// The one value of a statement in SQLite's words.
    pub(super) fn scalar(&self, sql: &str, parameters: &[Parameter]) -> Result<Value, Stop> {
        let mut statement = self.db.prepare(sql).map_err(rows::stop)?;
        rows::bind(&mut statement, parameters).map_err(rows::stop)?;
        let mut rows = statement.raw_query();
        let row = rows.next().map_err(rows::stop)?;
        row.map_or(Ok(Value::Null), |row| row.get(0))
            .map_err(rows::stop)
    }

    pub(super) fn settings(&self) -> Settings {
        self.shared
            .live()
            .get(&self.id)
            .map(|live| live.settings)
            .unwrap_or_default()
    }

    pub(super) fn set_settings(&self, settings: Settings) {
        if let Some(live) = self.shared.live().get_mut(&self.id) {
            live.settings = settings;
        }
    }

    fn set(&mut self, setting: &Setting) {
        self.shared.log().settings.push(crate::log::Setting {
            session: self.id,
            sql: setting.text.clone(),
            in_procedure: self.in_procedure,
        });
        let words: Vec<&str> = setting.words.iter().map(String::as_str).collect();
        let mut settings = self.settings();
        match words.as_slice() {
            ["TRANSACTION", "ISOLATION", "LEVEL", level @ ..] => {
                settings.isolation = match level {
                    ["READ", "UNCOMMITTED"] => 1,
                    ["READ", "COMMITTED"] => 2,
                    ["REPEATABLE", "READ"] => 3,
                    ["SERIALIZABLE"] => 4,
                    _ => 5,
                };
            }
            ["LOCK_TIMEOUT", "-", ..] => settings.lock_timeout = -1,
            ["LOCK_TIMEOUT", timeout] => settings.lock_timeout = timeout.parse().unwrap_or(-1),
            ["DEADLOCK_PRIORITY", priority] => {
                settings.deadlock_priority = match *priority {
                    "LOW" => -5,
                    "HIGH" => 5,
                    other => other.parse().unwrap_or(0),
                };
            }
            _ => {}
        }
        self.set_settings(settings);
    }
}
