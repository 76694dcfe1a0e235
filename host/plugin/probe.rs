//! One instance that is looked at while it works: what the conformance kit needs and no job does.

use std::sync::Arc;

use super::imports::Connection;
use super::instance::Instance;
use super::{Description, Plugin, ReadRequest, Reader, bounds, convert, gate};
use crate::connection::Session;
use crate::model::failure::Failure;

/// What an instance holds in the host and in its own memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Connections, streams and batches.
    pub handles: usize,
    /// Those of them that are statements on the source.
    pub streams: usize,
    /// Linear memory of the guest, which never shrinks.
    pub memory_bytes: usize,
    /// How often it has asked the source since it was made.
    pub source_calls: u64,
}

/// One instance. Several reads may follow each other in it.
pub struct Probe {
    plugin: Arc<Plugin>,
    instance: Instance,
}

impl Probe {
    /// A fresh instance.
    ///
    /// # Errors
    /// It does not start.
    pub async fn new(plugin: &Arc<Plugin>) -> Result<Self, Failure> {
        Ok(Self {
            plugin: Arc::clone(plugin),
            instance: plugin.instance().await?,
        })
    }

    pub async fn describe(&mut self) -> Result<Description, Failure> {
        let said = self.instance.describe().await?;
        gate::checked(said).map_err(|what| self.plugin.identity.fault("bad_answer", what))
    }

    /// As [`Plugin::check`].
    pub async fn check(&mut self, session: Session) -> Result<String, Failure> {
        let answer = self.instance.check(Connection::of(session)).await?;
        Ok(answer
            .map(|version| bounds::message(&version))
            .map_err(convert::error_from_guest)?)
    }

    /// As [`Plugin::open_reader`].
    pub async fn open_reader(
        self,
        session: Session,
        request: ReadRequest,
    ) -> Result<Reader, Failure> {
        let identity = Arc::clone(&self.plugin.identity);
        Reader::open(self.instance, identity, Connection::of(session), request).await
    }

    /// Ends a read. The instance comes back; none after an error, which took it.
    pub async fn close(plugin: &Arc<Plugin>, reader: Reader) -> Result<Option<Self>, Failure> {
        let instance = reader.close().await?;
        Ok(instance.map(|instance| Self {
            plugin: Arc::clone(plugin),
            instance,
        }))
    }

    pub fn held(&mut self) -> Held {
        self.instance.held()
    }

    /// From this call to the source on, counted from 0, none is answered.
    pub fn break_source_at(&mut self, call: u64) {
        self.instance.break_source_at(call);
    }
}
