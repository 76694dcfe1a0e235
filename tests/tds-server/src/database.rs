//! One database: its SQLite file, its catalog, and the counters that no transaction takes back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::Catalog;

pub struct Database {
    pub name: String,
    pub path: PathBuf,
    catalog: Mutex<Arc<Catalog>>,
    identities: Mutex<HashMap<i32, i64>>,
    rowversions: Mutex<Rowversions>,
    denied: Mutex<HashSet<String>>,
    properties: Mutex<Properties>,
    bench_rows: AtomicI64,
}

/// What `sys.databases` says.
#[derive(Clone, Copy)]
pub struct Properties {
    pub read_committed_snapshot: bool,
    pub read_only: bool,
}

struct Rowversions {
    next: i64,
    /// The first value of each session's open transaction.
    active: BTreeMap<i16, i64>,
    held: Option<i64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Database {
    pub fn new(name: &str, path: PathBuf) -> Database {
        // 2001 is where a fresh database's counter stands, more or less.
        let rowversions = Rowversions {
            next: 2001,
            active: BTreeMap::new(),
            held: None,
        };
        let properties = Properties {
            read_committed_snapshot: false,
            read_only: false,
        };
        Database {
            name: name.to_string(),
            path,
            catalog: Mutex::default(),
            identities: Mutex::default(),
            rowversions: Mutex::new(rowversions),
            denied: Mutex::default(),
            properties: Mutex::new(properties),
            bench_rows: AtomicI64::new(0),
        }
    }

    pub fn catalog(&self) -> Arc<Catalog> {
        lock(&self.catalog).clone()
    }

    pub fn set_catalog(&self, catalog: Arc<Catalog>) {
        *lock(&self.catalog) = catalog;
    }

    pub fn next_identity(&self, object: i32, (seed, increment): (i64, i64)) -> i64 {
        let mut identities = lock(&self.identities);
        let next = identities.entry(object).or_insert(seed);
        let identity = *next;
        *next += increment;
        identity
    }

    /// A value that counts as in flight until the session's transaction ends.
    pub fn next_rowversion(&self, session: i16) -> i64 {
        let mut rowversions = lock(&self.rowversions);
        let value = rowversions.next;
        rowversions.next += 1;
        rowversions.active.entry(session).or_insert(value);
        value
    }

    pub fn end_transaction(&self, session: i16) {
        lock(&self.rowversions).active.remove(&session);
    }

    pub fn min_active_rowversion(&self) -> i64 {
        let rowversions = lock(&self.rowversions);
        let active = rowversions.active.values().min().copied();
        rowversions.held.or(active).unwrap_or(rowversions.next)
    }

    /// As if a transaction with that value were in flight; None ends it.
    pub fn hold_rowversion(&self, value: Option<i64>) {
        lock(&self.rowversions).held = value;
    }

    /// `@@DBTS`: the last value given out.
    pub fn last_rowversion(&self) -> i64 {
        lock(&self.rowversions).next - 1
    }

    pub fn properties(&self) -> Properties {
        *lock(&self.properties)
    }

    pub fn set_properties(&self, change: impl FnOnce(&mut Properties)) {
        change(&mut lock(&self.properties));
    }

    /// `schema.name`, as of the next two.
    pub fn deny(&self, object: &str) {
        lock(&self.denied).insert(object.to_lowercase());
    }

    pub fn grant(&self, object: &str) {
        lock(&self.denied).remove(&object.to_lowercase());
    }

    pub fn is_denied(&self, schema: &str, name: &str) -> bool {
        lock(&self.denied).contains(&format!("{schema}.{name}").to_lowercase())
    }

    /// Of `bench.rows`.
    pub fn bench_rows(&self) -> i64 {
        self.bench_rows.load(Ordering::Relaxed)
    }

    pub fn set_bench_rows(&self, rows: i64) {
        self.bench_rows.store(rows, Ordering::Relaxed);
    }
}
