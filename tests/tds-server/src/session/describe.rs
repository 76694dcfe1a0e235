//! What a statement would answer, and the rows of the system views.

use rusqlite::types::Value;

use super::{Session, Stop, rows};
use crate::catalog::rows::Rows;
use crate::catalog::{self, Column, Kind, Object};
use crate::error::SqlError;
use crate::sql::ast::Statement;
use crate::sql::bind::Output;
use crate::sql::parse;
use crate::types::ticks;
use crate::wire::rpc::Parameter;

impl Session {
    /// `sys.dm_exec_describe_first_result_set`: a row a column, or one with an error.
    pub(super) fn describe(&self, text: &str, declarations: &str) -> Rows {
        match self.first_result(text, declarations) {
            Ok(columns) => columns
                .iter()
                .enumerate()
                .map(|(at, column)| described(at, column))
                .collect(),
            Err(error) => {
                let mut row = vec![Value::Integer(0), Value::Integer(0)];
                row.extend(vec![Value::Null; 9]);
                row.extend([
                    Value::Integer(error.number.into()),
                    Value::Text(error.message),
                ]);
                vec![row]
            }
        }
    }

    fn first_result(&self, text: &str, declarations: &str) -> Result<Vec<Output>, SqlError> {
        let declared = parse::declarations(declarations)?;
        let parameter = |(name, ty)| Parameter {
            name,
            ty,
            value: Value::Null,
        };
        let parameters: Vec<Parameter> = declared.into_iter().map(parameter).collect();
        let binder = self.binder(&parameters);
        for statement in parse::batch(text)? {
            if let Statement::Query(query) = statement {
                let bound = binder.statement(&query)?;
                self.check_reads(&binder)?;
                return Ok(bound.columns);
            }
        }
        Ok(Vec::new())
    }

    pub(super) fn system_rows(&self, name: &str) -> Result<Rows, Stop> {
        if name == "sys.dm_exec_sessions" {
            return Ok(self.session_rows());
        }
        let names = &self.shared.options.databases;
        let columns_of = |object: &Object| self.columns_of(object);
        catalog::rows::rows(name, &self.database, names, &columns_of, &self.db).map_err(rows::stop)
    }

    fn columns_of(&self, object: &Object) -> Vec<Column> {
        let text = match &object.kind {
            Kind::Table(table) => return table.columns.clone(),
            Kind::View(text) => text,
        };
        // A view over what is gone has no columns.
        let columns = self.first_result(text, "").unwrap_or_default();
        let column = |(at, output): (usize, Output)| Column {
            id: at as i32 + 1,
            name: output.name,
            sent: output.sent,
            identity: None,
            default: None,
            computed: None,
            sparse: false,
        };
        columns.into_iter().enumerate().map(column).collect()
    }

    fn session_rows(&self) -> Rows {
        let live = self.shared.live();
        let row = |(id, live): (&i16, &super::Live)| {
            let text = |text: &str| Value::Text(text.to_string());
            let int = Value::Integer;
            let status = if live.running { "running" } else { "sleeping" };
            let mut row = vec![int((*id).into()), text(&live.host), text(&live.program)];
            row.extend([
                text(&live.login),
                text(status),
                int(live.settings.isolation),
            ]);
            row.extend([
                int(live.settings.lock_timeout),
                int(live.settings.deadlock_priority),
            ]);
            // The number that `db_id()` answers.
            row.extend([int(1), int(live.in_transaction.into()), int(5)]);
            row.extend([live.request.0, live.request.1].map(|at| int(ticks::round_datetime(at))));
            row
        };
        live.iter().map(row).collect()
    }
}

fn described(at: usize, column: &Output) -> Vec<Value> {
    let (ty, int) = (column.sent.ty, |number: i64| Value::Integer(number));
    let (length, precision, scale) = ty.measures();
    let name = match column.name.as_str() {
        "" => Value::Null,
        name => Value::Text(name.to_string()),
    };
    // A CLR type has a name of its own only.
    let (system, user) = match ty.is_udt() {
        true => (Value::Null, Value::Text(ty.base_name().to_string())),
        false => (Value::Text(ty.full_name()), Value::Null),
    };
    let collation = match ty.is_character() {
        true => Value::Text(column.sent.collation().to_string()),
        false => Value::Null,
    };
    let mut row = vec![
        int(0),
        int(at as i64 + 1),
        name,
        int(column.sent.nullable.into()),
    ];
    row.extend([int(ty.system_type_id().into()), system]);
    row.extend([int(length.into()), int(precision.into()), int(scale.into())]);
    row.extend([collation, user, Value::Null, Value::Null]);
    row
}
