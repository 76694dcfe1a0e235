//! One loaded version of a plugin, ready to instantiate. Every use gets an instance of its own.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::bindings::SourcePluginPre;
use super::browse::{self, ColumnEntry, TableEntry};
use super::fault::Identity;
use super::imports::{Connection, State};
use super::instance::Instance;
use super::limits::Limits;
use super::{Description, ReadRequest, Reader, bounds, convert};
use crate::connection::Session;
use crate::model::failure::Failure;

/// One loaded version of a plugin. Jobs keep the one they started with.
pub struct Plugin {
    pub(super) description: Description,
    /// What it was built for: `sluice:source@0.1.0`.
    pub(super) contract: String,
    pub(super) jobs: AtomicUsize,
    pub(super) identity: Arc<Identity>,
    pub(super) limits: Arc<Limits>,
    pub(super) component: SourcePluginPre<State>,
}

/// The version that a job began with: kept, and counted, until the job lets go of it.
pub struct InUse(Arc<Plugin>);

impl InUse {
    pub(super) fn new(plugin: Arc<Plugin>) -> Self {
        plugin.jobs.fetch_add(1, Ordering::Relaxed);
        Self(plugin)
    }
}

impl Deref for InUse {
    type Target = Arc<Plugin>;

    fn deref(&self) -> &Arc<Plugin> {
        &self.0
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.0.jobs.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Plugin {
    pub fn description(&self) -> &Description {
        &self.description
    }

    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// Jobs that read with this version now.
    pub fn jobs_running(&self) -> usize {
        self.jobs.load(Ordering::Relaxed)
    }

    /// A fresh store and instance that reads one table. Consumes the session: it ends with the reader.
    pub async fn open_reader(
        self: &Arc<Self>,
        session: Session,
        request: ReadRequest,
    ) -> Result<Reader, Failure> {
        self.open_reader_on(Connection::of(session), request).await
    }

    pub(super) async fn open_reader_on(
        &self,
        connection: Connection,
        request: ReadRequest,
    ) -> Result<Reader, Failure> {
        let instance = self.instance().await?;
        Reader::open(instance, Arc::clone(&self.identity), connection, request).await
    }

    /// Whether the connection works; the server's version.
    pub async fn check(self: &Arc<Self>, session: Session) -> Result<String, Failure> {
        self.check_on(Connection::of(session)).await
    }

    pub(super) async fn check_on(&self, connection: Connection) -> Result<String, Failure> {
        let answer = self.instance().await?.check(connection).await?;
        Ok(answer
            .map(|version| bounds::message(&version))
            .map_err(convert::error_from_guest)?)
    }

    /// What can be read, ordered by schema and name.
    pub async fn tables(self: &Arc<Self>, session: Session) -> Result<Vec<TableEntry>, Failure> {
        self.tables_on(Connection::of(session)).await
    }

    pub(super) async fn tables_on(
        &self,
        connection: Connection,
    ) -> Result<Vec<TableEntry>, Failure> {
        let answer = self.instance().await?.tables(connection).await?;
        browse::tables(&self.identity, answer.map_err(convert::error_from_guest)?)
    }

    /// The columns of a table, in its order. Without a schema the plugin's default one is meant.
    pub async fn columns(
        self: &Arc<Self>,
        session: Session,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Vec<ColumnEntry>, Failure> {
        self.columns_on(Connection::of(session), schema, table)
            .await
    }

    pub(super) async fn columns_on(
        &self,
        connection: Connection,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Vec<ColumnEntry>, Failure> {
        let mut instance = self.instance().await?;
        let answer = instance.columns(connection, schema, table).await?;
        browse::columns(&self.identity, answer.map_err(convert::error_from_guest)?)
    }

    pub(super) async fn instance(&self) -> Result<Instance, Failure> {
        Instance::new(
            &self.component,
            Arc::clone(&self.identity),
            Arc::clone(&self.limits),
        )
        .await
    }
}
