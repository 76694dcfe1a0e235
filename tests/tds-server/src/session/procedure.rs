//! RPCs: `sp_executesql` and the prepared ones; and the transaction manager's requests ([MS-TDS] 2.2.6.9).

use rusqlite::types::Value;

use super::{Session, Stop};
use crate::error::SqlError;
use crate::sql::parse;
use crate::wire::read::Cursor;
use crate::wire::rpc::{self, Parameter};
use crate::wire::tokens::{self, Done};

impl Session {
    pub(super) fn procedure(&mut self, payload: &[u8]) -> Result<(), Stop> {
        let call = rpc::parse(payload)?;
        // A SET in a procedure ends with it.
        let settings = self.settings();
        let result = self.call(&call.procedure, &call.parameters);
        self.set_settings(settings);
        result?;
        tokens::done(&mut self.reply.tokens, Done::Procedure, 0, 0);
        Ok(())
    }

    fn call(&mut self, procedure: &str, parameters: &[Parameter]) -> Result<(), Stop> {
        let text = |at: usize| match parameters.get(at).map(|parameter| &parameter.value) {
            Some(Value::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let values = |from: usize| parameters.get(from..).unwrap_or_default();
        let handle = match parameters.first().map(|parameter| &parameter.value) {
            Some(Value::Integer(handle)) => *handle as i32,
            _ => 0,
        };
        match procedure.to_lowercase().as_str() {
            "sp_executesql" => {
                let bound = bind(&text(1), values(2))?;
                self.batch(&text(0), Some("sp_executesql"), &bound)?;
            }
            "sp_prepare" => {
                let handle = self.prepare(text(1), text(2));
                tokens::return_status(&mut self.reply.tokens);
                tokens::return_handle(&mut self.reply.tokens, handle);
                return Ok(());
            }
            "sp_prepexec" => {
                let handle = self.prepare(text(1), text(2));
                let bound = bind(&text(1), values(3))?;
                self.batch(&text(2), Some("sp_prepexec"), &bound)?;
                tokens::return_status(&mut self.reply.tokens);
                tokens::return_handle(&mut self.reply.tokens, handle);
                return Ok(());
            }
            "sp_execute" => {
                let found = self.prepared.get(&handle).cloned();
                let (declarations, text) = found.ok_or_else(|| {
                    let message =
                        format!("Could not find prepared statement with handle {handle}.");
                    SqlError::new(8179, 16, message)
                })?;
                let bound = bind(&declarations, values(1))?;
                self.batch(&text, Some("sp_execute"), &bound)?;
            }
            "sp_unprepare" => {
                self.prepared.remove(&handle);
            }
            other => {
                let message = format!("Could not find stored procedure '{other}'.");
                return Err(SqlError::new(2812, 16, message).into());
            }
        }
        tokens::return_status(&mut self.reply.tokens);
        Ok(())
    }

    fn prepare(&mut self, declarations: String, text: String) -> i32 {
        let handle = self.prepared.len() as i32 + 1;
        self.prepared.insert(handle, (declarations, text));
        handle
    }

    pub(super) fn transaction_request(&mut self, payload: &[u8]) -> Result<(), Stop> {
        let request = Cursor::behind_headers(payload)?.u16()?;
        let environment = match request {
            5 => {
                self.begin();
                8
            }
            7 => {
                self.commit()?;
                9
            }
            8 => {
                self.roll_back();
                10
            }
            _ => {
                return Err(
                    SqlError::unsupported("this request to the transaction manager").into(),
                );
            }
        };
        tokens::transaction(&mut self.reply.tokens, environment);
        tokens::done(&mut self.reply.tokens, Done::Statement, 0, 0);
        Ok(())
    }
}

/// Values under the names and types that are declared.
fn bind(declarations: &str, values: &[Parameter]) -> Result<Vec<Parameter>, SqlError> {
    let declared = parse::declarations(declarations)?;
    let bound = declared.iter().enumerate().map(|(at, (name, ty))| {
        let named = values
            .iter()
            .find(|value| value.name.eq_ignore_ascii_case(name));
        let value = named.or_else(|| values.get(at)).ok_or_else(|| {
            let message = format!(
                "The parameterized query expects the parameter '{name}', which was not supplied."
            );
            SqlError::new(8178, 16, message)
        })?;
        let how = crate::types::cast::How::Explicit { style: 0 };
        let value = crate::types::cast::cast(value.value.clone(), value.ty, *ty, how)?;
        Ok(Parameter {
            name: name.clone(),
            ty: *ty,
            value,
        })
    });
    bound.collect()
}
