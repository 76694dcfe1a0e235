//! Functions that SQLite calls while a statement runs.

use std::sync::Arc;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::Value;
use rusqlite::{Connection, Result};
use sha2::Digest;

use crate::catalog::{Catalog, split_name};
use crate::database::Database;
use crate::error::SqlError;
use crate::types::cast::{How, base_type, cast};
use crate::types::name::SYSTEM_TYPES;
use crate::types::{Held, Type, code_page, collation, guid};

mod clock;
mod text;

pub use clock::Clock;

const STABLE: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);
const VOLATILE: FunctionFlags = FunctionFlags::SQLITE_UTF8;

/// Everything that a session's connection needs.
pub fn register(
    db: &Connection,
    database: &Arc<Database>,
    session: i16,
    login: &str,
    clock: &Clock,
) -> Result<()> {
    collation::register(db)?;
    super::arithmetic::register(db)?;
    super::aggregates::register(db)?;
    text::register(db)?;
    casts(db)?;
    clock::register(db, clock)?;
    facts(db, database)?;
    counters(db, database, session)?;
    let login = login.to_string();
    db.create_scalar_function("ms_login", 0, STABLE, move |_| Ok(login.clone()))
}

fn types(context: &Context<'_>) -> Result<(Type, Type)> {
    let ty = |at| {
        let code = context.get(at)?;
        Type::from_code(code).ok_or_else(|| SqlError::unsupported("this type").into_sqlite())
    };
    Ok((ty(1)?, ty(2)?))
}

fn casts(db: &Connection) -> Result<()> {
    db.create_scalar_function("ms_cast", 4, STABLE, |context| {
        let (from, to) = types(context)?;
        let style = context.get(3)?;
        cast(context.get(0)?, from, to, How::Explicit { style }).map_err(SqlError::into_sqlite)
    })?;
    db.create_scalar_function("ms_try_cast", 4, STABLE, |context| {
        let (from, to) = types(context)?;
        let style = context.get(3)?;
        Ok(cast(context.get(0)?, from, to, How::Explicit { style }).unwrap_or(Value::Null))
    })?;
    db.create_scalar_function("ms_assign", 4, STABLE, |context| {
        let (from, to) = types(context)?;
        cast(context.get(0)?, from, to, How::Assign).map_err(SqlError::into_sqlite)
    })?;
    db.create_scalar_function("ms_hashbytes", 3, STABLE, |context| {
        let algorithm: String = context.get(0)?;
        let from = context
            .get(2)
            .map(Type::from_code)?
            .unwrap_or(Type::VarBinary(8000));
        let bytes = match context.get(1)? {
            Value::Null => return Ok(None),
            value => bytes_of(value, from).map_err(SqlError::into_sqlite)?,
        };
        match algorithm.to_uppercase().as_str() {
            "SHA2_256" => Ok(Some(sha2::Sha256::digest(&bytes).to_vec())),
            "SHA2_512" => Ok(Some(sha2::Sha512::digest(&bytes).to_vec())),
            _ => Err(SqlError::unsupported(algorithm).into_sqlite()),
        }
    })?;
    db.create_scalar_function("ms_datalength", 2, STABLE, |context| {
        let from = context
            .get(1)
            .map(Type::from_code)?
            .unwrap_or(Type::VarBinary(8000));
        match context.get(0)? {
            Value::Null => Ok(None),
            Value::Integer(_) | Value::Real(_) => Ok(Some(i64::from(from.measures().0))),
            value => bytes_of(value, from)
                .map(|bytes| Some(bytes.len() as i64))
                .map_err(SqlError::into_sqlite),
        }
    })?;
    db.create_scalar_function("ms_variant_property", 2, STABLE, |context| {
        let property: String = context.get(1)?;
        let value: Value = context.get(0)?;
        let is_base = property.eq_ignore_ascii_case("BaseType") && value != Value::Null;
        Ok(is_base.then(|| base_type(&value, Type::Variant).base_name()))
    })
}

/// The bytes of a string or of bytes.
fn bytes_of(value: Value, from: Type) -> std::result::Result<Vec<u8>, SqlError> {
    Ok(match value {
        Value::Text(text) if from.is_unicode() => code_page::utf16(&text),
        Value::Text(text) => code_page::encode(&text),
        Value::Blob(held) if from.held() == Held::Guid => {
            guid::wire(&held).map(Vec::from).unwrap_or(held)
        }
        Value::Blob(bytes) => bytes,
        _ => {
            return Err(SqlError::new(
                8116,
                16,
                "Argument data type is invalid for argument 2 of hashbytes function.",
            ));
        }
    })
}

/// What the catalog knows.
fn facts(db: &Connection, database: &Arc<Database>) -> Result<()> {
    let lookup = |name: &str, find: fn(&Catalog, Value) -> Option<Value>| {
        let database = database.clone();
        db.create_scalar_function(name, 1, VOLATILE, move |context| {
            Ok(find(&database.catalog(), context.get(0)?))
        })
    };
    lookup("ms_object_id", |catalog, value| match value {
        Value::Text(text) => {
            let (schema, name) = dotted(&text)?;
            catalog
                .find(&schema, &name)
                .map(|object| Value::Integer(object.id.into()))
        }
        _ => None,
    })?;
    lookup("ms_object_name", |catalog, value| match value {
        Value::Integer(id) => catalog
            .by_id(id as i32)
            .map(|object| Value::Text(object.name.clone())),
        _ => None,
    })?;
    lookup("ms_schema_name", |catalog, value| {
        let found = catalog
            .schemas
            .iter()
            .find(|(_, id)| value == Value::Integer((*id).into()));
        found.map(|(name, _)| Value::Text(name.clone()))
    })?;
    lookup("ms_schema_id", |catalog, value| match value {
        Value::Text(name) => catalog
            .schema(&name)
            .map(|(_, id)| Value::Integer((*id).into())),
        _ => None,
    })?;
    lookup("ms_type_name", |_, value| {
        let found = SYSTEM_TYPES
            .iter()
            .find(|(_, _, id, ..)| value == Value::Integer((*id).into()));
        found.map(|(name, ..)| Value::Text(name.to_string()))
    })?;
    let permissions = database.clone();
    db.create_scalar_function("ms_has_perms", 3, VOLATILE, move |context| {
        let Some((schema, name)) = context
            .get::<Option<String>>(0)?
            .as_deref()
            .and_then(dotted)
        else {
            // The server or the database itself.
            return Ok(Some(1));
        };
        let known = permissions.catalog().find(&schema, &name).is_some()
            || schema.eq_ignore_ascii_case("sys");
        Ok(known.then(|| i64::from(!permissions.is_denied(&schema, &name))))
    })?;
    db.create_scalar_function("ms_server_property", 1, STABLE, |context| {
        let property: String = context.get(0)?;
        Ok(match property.to_lowercase().as_str() {
            "productversion" => Value::Text(crate::wire::tokens::VERSION_TEXT.into()),
            "edition" => Value::Text("Stand-in".into()),
            "productlevel" => Value::Text("RTM".into()),
            "engineedition" => Value::Integer(3),
            "collation" => Value::Text(collation::DEFAULT.into()),
            "servername" | "machinename" => Value::Text("stand-in".into()),
            "ishadrenabled" => Value::Integer(0),
            _ => Value::Null,
        })
    })?;
    let properties = database.clone();
    db.create_scalar_function("ms_database_property", 2, VOLATILE, move |context| {
        let property: String = context.get(1)?;
        Ok(match property.to_lowercase().as_str() {
            "updateability" if properties.properties().read_only => Some("READ_ONLY"),
            "updateability" => Some("READ_WRITE"),
            "collation" => Some(collation::DEFAULT),
            "status" => Some("ONLINE"),
            _ => None,
        })
    })
}

/// Schema and name of a dotted name; a name alone is of dbo.
fn dotted(text: &str) -> Option<(String, String)> {
    let mut parts = split_name(text);
    let name = parts.pop()?;
    Some((parts.pop().unwrap_or("dbo".into()), name))
}

fn counters(db: &Connection, database: &Arc<Database>, session: i16) -> Result<()> {
    let bytes = |value: i64| value.to_be_bytes().to_vec();
    let of = database.clone();
    db.create_scalar_function("ms_next_rowversion", 0, VOLATILE, move |_| {
        Ok(bytes(of.next_rowversion(session)))
    })?;
    let of = database.clone();
    db.create_scalar_function("ms_min_active_rowversion", 0, VOLATILE, move |_| {
        Ok(bytes(of.min_active_rowversion()))
    })?;
    let of = database.clone();
    db.create_scalar_function("ms_dbts", 0, VOLATILE, move |_| {
        Ok(bytes(of.last_rowversion()))
    })?;
    let last = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let scope = last.clone();
    db.create_scalar_function("ms_scope_identity", 0, VOLATILE, move |_| {
        let last = scope.load(std::sync::atomic::Ordering::Relaxed);
        Ok((last != 0).then(|| last.to_string()))
    })?;
    let of = database.clone();
    db.create_scalar_function("ms_next_identity", 3, VOLATILE, move |context| {
        let identity = of.next_identity(context.get(0)?, (context.get(1)?, context.get(2)?));
        last.store(identity, std::sync::atomic::Ordering::Relaxed);
        Ok(identity)
    })
}
