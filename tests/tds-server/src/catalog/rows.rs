//! The rows of the system views, as they are now.

use rusqlite::types::Value;
use rusqlite::{Connection, Result};

use super::{Catalog, Column, Key, Kind, Object};
use crate::database::Database;
use crate::sql::bind::quote;
use crate::types::collation;
use crate::types::name::SYSTEM_TYPES;
use crate::types::type_info::Sent;

/// The columns of a table or view.
pub type ColumnsOf<'a> = &'a dyn Fn(&Object) -> Vec<Column>;

pub type Rows = Vec<Vec<Value>>;

fn text(text: &str) -> Value {
    Value::Text(text.to_string())
}

fn int(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

fn bit(set: bool) -> Value {
    Value::Integer(set.into())
}

/// All of them but those of sessions and descriptions, which the session fills.
pub fn rows(
    view: &str,
    database: &Database,
    names: &[String],
    columns_of: ColumnsOf<'_>,
    db: &Connection,
) -> Result<Rows> {
    let catalog = &*database.catalog();
    Ok(match view {
        "sys.schemas" => catalog
            .schemas
            .iter()
            .map(|(name, id)| vec![text(name), int(*id), int(1)])
            .collect(),
        "sys.objects" | "sys.all_objects" => {
            catalog.objects.iter().map(|o| object(catalog, o)).collect()
        }
        "sys.tables" => of_kind(catalog, "U "),
        "sys.views" => of_kind(catalog, "V "),
        "sys.columns" => catalog
            .objects
            .iter()
            .flat_map(|o| columns(o, &columns_of(o)))
            .collect(),
        "sys.types" => SYSTEM_TYPES.iter().map(system_type).collect(),
        "sys.indexes" => catalog.objects.iter().flat_map(indexes).collect(),
        "sys.index_columns" => catalog.objects.iter().flat_map(index_columns).collect(),
        "sys.partitions" => partitions(catalog, database, db)?,
        "sys.databases" => names
            .iter()
            .enumerate()
            .map(|(at, name)| one_database(at, name, database))
            .collect(),
        "information_schema.tables" => {
            let row = |o: &Object| {
                let kind = if o.table().is_some() {
                    "BASE TABLE"
                } else {
                    "VIEW"
                };
                vec![
                    text(&database.name),
                    text(&o.schema),
                    text(&o.name),
                    text(kind),
                ]
            };
            catalog.objects.iter().map(row).collect()
        }
        "information_schema.columns" => catalog
            .objects
            .iter()
            .flat_map(|o| standard_columns(&database.name, o, &columns_of(o)))
            .collect(),
        _ => Rows::new(),
    })
}

fn of_kind(catalog: &Catalog, kind: &str) -> Rows {
    let objects = catalog.objects.iter().map(|o| object(catalog, o));
    objects.filter(|row| row[4] == text(kind)).collect()
}

fn object(catalog: &Catalog, object: &Object) -> Vec<Value> {
    let schema = catalog
        .schema(&object.schema)
        .map_or(super::DBO, |(_, id)| *id);
    let (kind, description) = match object.kind {
        Kind::Table(_) => ("U ", "USER_TABLE"),
        Kind::View(_) => ("V ", "VIEW"),
    };
    let mut row = vec![text(&object.name), int(object.id), int(schema), int(0)];
    row.extend([
        text(kind),
        text(description),
        bit(false),
        int(0),
        bit(false),
    ]);
    row
}

fn collation_of(sent: &Sent) -> Value {
    if sent.ty.is_character() {
        text(sent.collation())
    } else {
        Value::Null
    }
}

fn columns(object: &Object, columns: &[Column]) -> Rows {
    let row = |column: &Column| {
        let ty = column.sent.ty;
        let (length, precision, scale) = ty.measures();
        let mut row = vec![int(object.id), text(&column.name), int(column.id)];
        row.extend([int(ty.system_type_id()), int(ty.user_type_id())]);
        row.extend([int(length), int(precision), int(scale)]);
        row.extend([collation_of(&column.sent), bit(column.sent.nullable)]);
        row.extend([
            bit(column.identity.is_some()),
            bit(column.computed.is_some()),
            bit(column.sparse),
        ]);
        // No column sets, hidden columns, temporal tables, row guids or masks.
        row.extend([bit(false), bit(false), int(0), bit(false), bit(false)]);
        row
    };
    columns.iter().map(row).collect()
}

fn standard_columns(database: &str, object: &Object, columns: &[Column]) -> Rows {
    let row = |(at, column): (usize, &Column)| {
        let nullable = if column.sent.nullable { "YES" } else { "NO" };
        let mut row = vec![
            text(database),
            text(&object.schema),
            text(&object.name),
            text(&column.name),
        ];
        row.extend([
            int(at as i64 + 1),
            text(nullable),
            text(column.sent.ty.base_name()),
        ]);
        row.push(collation_of(&column.sent));
        row
    };
    columns.iter().enumerate().map(row).collect()
}

fn system_type(row: &(&str, u8, i32, i16, u8, u8)) -> Vec<Value> {
    let (name, system, user, length, precision, scale) = *row;
    let characters = [
        "char", "varchar", "nchar", "nvarchar", "text", "ntext", "sysname",
    ];
    let collation = if characters.contains(&name) {
        text(collation::DEFAULT)
    } else {
        Value::Null
    };
    let mut cells = vec![text(name), int(system), int(user), int(4)];
    cells.extend([int(length), int(precision), int(scale), collation]);
    // hierarchyid, geometry and geography are the CLR's.
    cells.extend([
        bit(name != "sysname"),
        bit(false),
        bit(system == 240),
        bit(false),
    ]);
    cells
}

fn indexes(object: &Object) -> Rows {
    let Some(table) = object.table() else {
        return Rows::new();
    };
    let no = || bit(false);
    let heap = vec![
        int(object.id),
        Value::Null,
        int(0),
        int(0),
        text("HEAP"),
        no(),
        no(),
        no(),
        no(),
        no(),
        no(),
    ];
    let is_heap = !table.keys.iter().any(|key| key.clustered);
    let row = |key: &Key| {
        let (kind, name) = if key.clustered {
            (1, "CLUSTERED")
        } else {
            (2, "NONCLUSTERED")
        };
        let mut row = vec![
            int(object.id),
            text(&key.name),
            int(key.id),
            int(kind),
            text(name),
        ];
        row.extend([
            bit(key.unique),
            bit(key.primary),
            bit(key.constraint && !key.primary),
        ]);
        row.extend([no(), no(), bit(key.filter.is_some())]);
        row
    };
    is_heap
        .then_some(heap)
        .into_iter()
        .chain(table.keys.iter().map(row))
        .collect()
}

fn index_columns(object: &Object) -> Rows {
    let keys = object.table().map_or(&[][..], |table| &table.keys);
    let of_key = |key: &Key| {
        let own = key
            .columns
            .iter()
            .map(|(id, descending)| (*id, *descending, false));
        let included = key.included.iter().map(|id| (*id, false, true));
        let row = |(at, (column, descending, included)): (usize, (i32, bool, bool))| {
            let ordinal = if included { 0 } else { at as i64 + 1 };
            let mut row = vec![int(object.id), int(key.id), int(at as i64 + 1), int(column)];
            row.extend([int(ordinal), int(0), bit(descending), bit(included)]);
            row
        };
        own.chain(included).enumerate().map(row).collect::<Rows>()
    };
    keys.iter().flat_map(of_key).collect()
}

fn partitions(catalog: &Catalog, database: &Database, db: &Connection) -> Result<Rows> {
    let mut rows = Rows::new();
    for object in &catalog.objects {
        let Some(table) = object.table() else {
            continue;
        };
        let sql = format!("SELECT COUNT(*) FROM {}", quote(&object.storage()));
        let count: i64 = match object.schema.as_str() {
            "bench" => database.bench_rows(),
            _ => db.query_row(&sql, [], |row| row.get(0))?,
        };
        let mut ids: Vec<i32> = table.keys.iter().map(|key| key.id).collect();
        if !table.keys.iter().any(|key| key.clustered) {
            ids.push(0);
        }
        for id in ids {
            let partition = i64::from(object.id) << 16 | i64::from(id);
            rows.push(vec![
                int(partition),
                int(object.id),
                int(id),
                int(1),
                int(count),
            ]);
        }
    }
    Ok(rows)
}

fn one_database(at: usize, name: &str, own: &Database) -> Vec<Value> {
    let properties = own.properties();
    let mut row = vec![
        text(name),
        int(at as i64 + 5),
        bit(properties.read_committed_snapshot),
        int(0),
    ];
    row.extend([
        bit(properties.read_only),
        text(collation::DEFAULT),
        text("ONLINE"),
        int(160),
    ]);
    row
}
